// The hook table, and names to hooks and back. Names are TransformerLens's, so that a user can carry them to
// Python.
#include "core/forward/hooks.h"

#include <charconv>
#include <stdexcept>

namespace headlight {
namespace {

using enum Axis;

// clang-format off
constexpr HookInfo table[] = {
    {Hook::embed, "hook_embed", false, {position, d_model}, 2, "hook.embed"},
    {Hook::pos_embed, "hook_pos_embed", false, {position, d_model}, 2, "hook.pos_embed"},
    {Hook::token_type_embed, "hook_token_type_embed", false, {position, d_model}, 2, "hook.token_type_embed"},
    {Hook::ln_embed_scale, "ln_embed.hook_scale", false, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln_embed_normalized, "ln_embed.hook_normalized", false, {position, d_model}, 2, "hook.ln_embed_normalized"},
    {Hook::resid_pre, "hook_resid_pre", true, {position, d_model}, 2, "hook.resid_pre"},
    {Hook::ln1_scale, "ln1.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln1_normalized, "ln1.hook_normalized", true, {position, d_model}, 2, "hook.ln1_normalized"},
    {Hook::q_norm_scale, "attn.q_norm.hook_scale", true, {position, head, one}, 3, "hook.head_norm_scale"},
    {Hook::k_norm_scale, "attn.k_norm.hook_scale", true, {position, kv_head, one}, 3, "hook.head_norm_scale"},
    {Hook::q, "attn.hook_q", true, {position, head, d_head}, 3, "hook.q"},
    {Hook::k, "attn.hook_k", true, {position, kv_head, d_head}, 3, "hook.k"},
    {Hook::v, "attn.hook_v", true, {position, kv_head, d_head}, 3, "hook.v"},
    {Hook::rot_q, "attn.hook_rot_q", true, {position, head, d_head}, 3, "hook.rot_q"},
    {Hook::rot_k, "attn.hook_rot_k", true, {position, kv_head, d_head}, 3, "hook.rot_k"},
    {Hook::attn_scores, "attn.hook_attn_scores", true, {head, query, key}, 3, "hook.attn_scores"},
    {Hook::pattern, "attn.hook_pattern", true, {head, query, key}, 3, "hook.pattern"},
    {Hook::z, "attn.hook_z", true, {position, head, d_head}, 3, "hook.z"},
    {Hook::attn_out_raw, "hook_attn_out_raw", true, {position, d_model}, 2, "hook.attn_out_raw"},
    {Hook::ln1_post_scale, "ln1_post.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::attn_out, "hook_attn_out", true, {position, d_model}, 2, "hook.attn_out"},
    {Hook::resid_mid, "hook_resid_mid", true, {position, d_model}, 2, "hook.resid_mid"},
    {Hook::ln_cross_scale, "ln_cross.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln_cross_normalized, "ln_cross.hook_normalized", true, {position, d_model}, 2, "hook.ln_cross_normalized"},
    {Hook::cross_q, "cross_attn.hook_q", true, {position, head, d_head}, 3, "hook.cross_q"},
    {Hook::cross_k, "cross_attn.hook_k", true, {source, kv_head, d_head}, 3, "hook.cross_k"},
    {Hook::cross_v, "cross_attn.hook_v", true, {source, kv_head, d_head}, 3, "hook.cross_v"},
    {Hook::cross_attn_scores, "cross_attn.hook_attn_scores", true, {head, query, source}, 3, "hook.attn_scores"},
    {Hook::cross_pattern, "cross_attn.hook_pattern", true, {head, query, source}, 3, "hook.cross_pattern"},
    {Hook::cross_z, "cross_attn.hook_z", true, {position, head, d_head}, 3, "hook.cross_z"},
    {Hook::cross_attn_out, "hook_cross_attn_out", true, {position, d_model}, 2, "hook.cross_attn_out"},
    {Hook::resid_mid_cross, "hook_resid_mid_cross", true, {position, d_model}, 2, "hook.resid_mid_cross"},
    {Hook::ln2_scale, "ln2.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln2_normalized, "ln2.hook_normalized", true, {position, d_model}, 2, "hook.ln2_normalized"},
    {Hook::mlp_pre, "mlp.hook_pre", true, {position, d_mlp}, 2, "hook.mlp_pre"},
    {Hook::mlp_pre_linear, "mlp.hook_pre_linear", true, {position, d_mlp}, 2, "hook.mlp_pre_linear"},
    {Hook::mlp_post, "mlp.hook_post", true, {position, d_mlp}, 2, "hook.mlp_post"},
    {Hook::mlp_out_raw, "hook_mlp_out_raw", true, {position, d_model}, 2, "hook.mlp_out_raw"},
    {Hook::ln2_post_scale, "ln2_post.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::mlp_out, "hook_mlp_out", true, {position, d_model}, 2, "hook.mlp_out"},
    {Hook::resid_post, "hook_resid_post", true, {position, d_model}, 2, "hook.resid_post"},
    {Hook::ln_final_scale, "ln_final.hook_scale", false, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln_final_normalized, "ln_final.hook_normalized", false, {position, d_model}, 2, "hook.ln_final_normalized"},
    {Hook::mlm_head_pre, "mlm_head.hook_pre", false, {position, d_model}, 2, "hook.mlm_head_pre"},
    {Hook::mlm_head_post, "mlm_head.hook_post", false, {position, d_model}, 2, "hook.mlm_head_post"},
    {Hook::mlm_head_scale, "mlm_head.ln.hook_scale", false, {position, one}, 2, "hook.ln_scale"},
    {Hook::mlm_head_normalized, "mlm_head.ln.hook_normalized", false, {position, d_model}, 2, "hook.mlm_head_normalized"},
    {Hook::logits, "logits", false, {position, vocabulary}, 2, "hook.logits"},
    {Hook::pooler_pre, "pooler.hook_pre", false, {one, d_model}, 2, "hook.pooler_pre"},
    {Hook::pooler_post, "pooler.hook_post", false, {one, d_model}, 2, "hook.pooler_post"},
    {Hook::class_logits, "class_logits", false, {one, label}, 2, "hook.class_logits"},
    {Hook::sentence_embedding, "sentence_embedding", false, {one, d_model}, 2, "hook.sentence_embedding"},
};
// clang-format on

std::int64_t axis_length(Axis axis, const ArchitectureDescription& architecture, std::int64_t positions,
                         std::int64_t source_positions) {
  switch (axis) {
    case position:
    case query:
    case key:
      return positions;
    case source:
      return source_positions;
    case one:
      return 1;
    case d_model:
      return architecture.d_model;
    case head:
      return architecture.heads;
    case kv_head:
      return architecture.kv_heads;
    case d_head:
      return architecture.d_head;
    case d_mlp:
      return architecture.d_mlp;
    case vocabulary:
      return architecture.vocabulary;
    case label:
      return architecture.labels;
  }
  throw std::logic_error("unknown axis");
}

// Matches one glob without commas; `*` may stand for nothing.
bool matches_one(std::string_view glob, std::string_view name) {
  std::size_t g = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n])) {
      ++g;
      ++n;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_name = n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

std::span<const HookInfo> all_hooks() { return table; }

const HookInfo& hook_info(Hook hook) { return table[static_cast<std::size_t>(hook)]; }

bool has_hook(Hook hook, const ArchitectureDescription& a) {
  switch (hook) {
    case Hook::pos_embed:
      return a.positions != PositionTable::none;
    case Hook::token_type_embed:
      return a.token_types;
    case Hook::ln_embed_scale:
    case Hook::ln_embed_normalized:
      return a.embedding_norm;
    case Hook::q_norm_scale:
    case Hook::k_norm_scale:
      return a.query_key_norm;
    case Hook::rot_q:
    case Hook::rot_k:
      return a.rotary.dimensions > 0;
    case Hook::attn_out_raw:
    case Hook::ln1_post_scale:
      return a.sandwich_norms;
    case Hook::mlp_out_raw:
    case Hook::ln2_post_scale:
      return a.sandwich_norms && a.has_mlp();
    case Hook::resid_mid:
      return a.wiring != Wiring::parallel;
    case Hook::ln_cross_scale:
    case Hook::ln_cross_normalized:
    case Hook::cross_q:
    case Hook::cross_k:
    case Hook::cross_v:
    case Hook::cross_attn_scores:
    case Hook::cross_pattern:
    case Hook::cross_z:
    case Hook::cross_attn_out:
    case Hook::resid_mid_cross:
      return a.cross_attention;
    case Hook::mlp_pre_linear:
      return a.gated && a.has_mlp();
    case Hook::ln2_scale:
    case Hook::ln2_normalized:
    case Hook::mlp_pre:
    case Hook::mlp_post:
    case Hook::mlp_out:
      return a.has_mlp();
    case Hook::ln_final_scale:
    case Hook::ln_final_normalized:
      return a.final_norm;
    case Hook::mlm_head_pre:
    case Hook::mlm_head_post:
    case Hook::mlm_head_scale:
    case Hook::mlm_head_normalized:
      return a.head == OutputHead::masked_lm;
    case Hook::logits:
      return a.head == OutputHead::language_model || a.head == OutputHead::masked_lm;
    case Hook::pooler_pre:
    case Hook::pooler_post:
    case Hook::class_logits:
      return a.head == OutputHead::classifier;
    case Hook::sentence_embedding:
      return a.pooling != Pooling::none;
    case Hook::embed:
    case Hook::resid_pre:
    case Hook::ln1_scale:
    case Hook::ln1_normalized:
    case Hook::q:
    case Hook::k:
    case Hook::v:
    case Hook::attn_scores:
    case Hook::pattern:
    case Hook::z:
    case Hook::attn_out:
    case Hook::resid_post:
      return true;
  }
  throw std::logic_error("unknown hook");
}

Hook last_hook(const ArchitectureDescription& a) {
  for (const Hook hook :
       {Hook::sentence_embedding, Hook::class_logits, Hook::logits, Hook::ln_final_normalized}) {
    if (has_hook(hook, a)) return hook;
  }
  return a.wiring == Wiring::post_norm ? Hook::ln2_normalized : Hook::resid_post;
}

std::int64_t last_layer(const ArchitectureDescription& a) {
  return hook_info(last_hook(a)).in_block ? a.layers - 1 : 0;
}

Hook query_hook(const ArchitectureDescription& a) { return has_hook(Hook::rot_q, a) ? Hook::rot_q : Hook::q; }
Hook key_hook(const ArchitectureDescription& a) { return has_hook(Hook::rot_k, a) ? Hook::rot_k : Hook::k; }

bool is_attention_map(Hook hook) { return hook_info(hook).axes[1] == query; }

std::string hook_name(Hook hook, std::int64_t layer) {
  const HookInfo& info = hook_info(hook);
  return info.in_block ? "blocks." + std::to_string(layer) + "." + std::string(info.name)
                       : std::string(info.name);
}

std::optional<HookPlace> find_hook(std::string_view name, std::int64_t layers, std::int64_t encoder_layers) {
  constexpr std::string_view encoder = "encoder.", decoder = "decoder.";
  const bool in_encoder = encoder_layers > 0 && name.starts_with(encoder);
  if (in_encoder || (encoder_layers > 0 && name.starts_with(decoder))) name.remove_prefix(encoder.size());
  if (in_encoder) layers = encoder_layers;
  std::int64_t layer = 0;
  bool in_block = false;
  constexpr std::string_view prefix = "blocks.";
  if (name.starts_with(prefix)) {
    name.remove_prefix(prefix.size());
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
    const auto digits = static_cast<std::size_t>(end - name.data());
    if (error != std::errc() || digits >= name.size() || name[digits] != '.') return std::nullopt;
    if (layer < 0 || layer >= layers) return std::nullopt;
    name.remove_prefix(digits + 1);
    in_block = true;
  }
  for (const HookInfo& info : table) {
    if (info.in_block == in_block && info.name == name) return HookPlace{info.hook, layer, in_encoder};
  }
  return std::nullopt;
}

Shape hook_shape(Hook hook, const ArchitectureDescription& architecture, std::int64_t positions,
                 std::int64_t source) {
  const HookInfo& info = hook_info(hook);
  Shape shape;
  for (int i = 0; i < info.axis_count; ++i)
    shape.push_back(axis_length(info.axes[i], architecture, positions, source));
  return shape;
}

bool glob_matches(std::string_view glob, std::string_view name) {
  while (true) {
    const std::size_t comma = glob.find(',');
    if (matches_one(glob.substr(0, comma), name)) return true;
    if (comma == std::string_view::npos) return false;
    glob.remove_prefix(comma + 1);
  }
}

}  // namespace headlight
