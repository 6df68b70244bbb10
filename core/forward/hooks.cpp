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
    {Hook::resid_pre, "hook_resid_pre", true, {position, d_model}, 2, "hook.resid_pre"},
    {Hook::ln1_scale, "ln1.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln1_normalized, "ln1.hook_normalized", true, {position, d_model}, 2, "hook.ln1_normalized"},
    {Hook::q, "attn.hook_q", true, {position, head, d_head}, 3, "hook.q"},
    {Hook::k, "attn.hook_k", true, {position, kv_head, d_head}, 3, "hook.k"},
    {Hook::v, "attn.hook_v", true, {position, kv_head, d_head}, 3, "hook.v"},
    {Hook::rot_q, "attn.hook_rot_q", true, {position, head, d_head}, 3, "hook.rot_q"},
    {Hook::rot_k, "attn.hook_rot_k", true, {position, kv_head, d_head}, 3, "hook.rot_k"},
    {Hook::attn_scores, "attn.hook_attn_scores", true, {head, query, key}, 3, "hook.attn_scores"},
    {Hook::pattern, "attn.hook_pattern", true, {head, query, key}, 3, "hook.pattern"},
    {Hook::z, "attn.hook_z", true, {position, head, d_head}, 3, "hook.z"},
    {Hook::attn_out, "hook_attn_out", true, {position, d_model}, 2, "hook.attn_out"},
    {Hook::resid_mid, "hook_resid_mid", true, {position, d_model}, 2, "hook.resid_mid"},
    {Hook::ln2_scale, "ln2.hook_scale", true, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln2_normalized, "ln2.hook_normalized", true, {position, d_model}, 2, "hook.ln2_normalized"},
    {Hook::mlp_pre, "mlp.hook_pre", true, {position, d_mlp}, 2, "hook.mlp_pre"},
    {Hook::mlp_pre_linear, "mlp.hook_pre_linear", true, {position, d_mlp}, 2, "hook.mlp_pre_linear"},
    {Hook::mlp_post, "mlp.hook_post", true, {position, d_mlp}, 2, "hook.mlp_post"},
    {Hook::mlp_out, "hook_mlp_out", true, {position, d_model}, 2, "hook.mlp_out"},
    {Hook::resid_post, "hook_resid_post", true, {position, d_model}, 2, "hook.resid_post"},
    {Hook::ln_final_scale, "ln_final.hook_scale", false, {position, one}, 2, "hook.ln_scale"},
    {Hook::ln_final_normalized, "ln_final.hook_normalized", false, {position, d_model}, 2, "hook.ln_final_normalized"},
    {Hook::logits, "logits", false, {position, vocabulary}, 2, "hook.logits"},
};
// clang-format on

std::int64_t axis_length(Axis axis, const ArchitectureDescription& architecture, std::int64_t positions) {
  switch (axis) {
    case position:
    case query:
    case key:
      return positions;
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

std::string hook_name(Hook hook, std::int64_t layer) {
  const HookInfo& info = hook_info(hook);
  return info.in_block ? "blocks." + std::to_string(layer) + "." + std::string(info.name)
                       : std::string(info.name);
}

std::optional<HookPlace> find_hook(std::string_view name, std::int64_t layers) {
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
    if (info.in_block == in_block && info.name == name) return HookPlace{info.hook, layer};
  }
  return std::nullopt;
}

Shape hook_shape(Hook hook, const ArchitectureDescription& architecture, std::int64_t positions) {
  const HookInfo& info = hook_info(hook);
  Shape shape;
  for (int i = 0; i < info.axis_count; ++i)
    shape.push_back(axis_length(info.axes[i], architecture, positions));
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
