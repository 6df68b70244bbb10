// Every value that has a name: one table with the TransformerLens name, the axes and one sentence.
// The order of the enum is the order in which the forward pass makes them; with post-norm wiring, ln1 and
// ln2 come behind the sums that they read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/tensor.h"
#include "core/model/architecture.h"

namespace headlight {

enum class Hook {
  embed,
  pos_embed,
  token_type_embed,
  ln_embed_scale,
  ln_embed_normalized,
  resid_pre,
  ln1_scale,
  ln1_normalized,
  q_norm_scale,
  k_norm_scale,
  q,
  k,
  v,
  rot_q,
  rot_k,
  attn_scores,
  pattern,
  z,
  attn_out_raw,
  ln1_post_scale,
  attn_out,
  resid_mid,
  ln_cross_scale,
  ln_cross_normalized,
  cross_q,
  cross_k,
  cross_v,
  cross_attn_scores,
  cross_pattern,
  cross_z,
  cross_attn_out,
  resid_mid_cross,
  ln2_scale,
  ln2_normalized,
  mlp_pre,
  mlp_pre_linear,
  mlp_post,
  mlp_out_raw,
  ln2_post_scale,
  mlp_out,
  resid_post,
  ln_final_scale,
  ln_final_normalized,
  mlm_head_pre,
  mlm_head_post,
  mlm_head_scale,
  mlm_head_normalized,
  logits,
  pooler_pre,
  pooler_post,
  class_logits,
  sentence_embedding,
};

// source: a position of the encoder's text.
enum class Axis {
  position,
  source,
  d_model,
  one,
  head,
  kv_head,
  d_head,
  query,
  key,
  d_mlp,
  vocabulary,
  label
};

struct HookInfo {
  Hook hook;
  std::string_view name;  // "attn.hook_pattern"; in a block it follows "blocks.{l}."
  bool in_block;
  Axis axes[3];
  int axis_count;
  std::string_view sentence;  // key of the explanation in assets/strings: "hook.pattern"
};

std::span<const HookInfo> all_hooks();
const HookInfo& hook_info(Hook hook);

// Whether a model of this architecture makes this value.
bool has_hook(Hook hook, const ArchitectureDescription& architecture);
// The last value of a pass: "logits", or what a model without them ends with.
Hook last_hook(const ArchitectureDescription& architecture);
std::int64_t last_layer(
    const ArchitectureDescription& architecture);  // where last_hook lies: 0 outside blocks
// What the scores are made of: with rotary positions the turned vectors, else q and k themselves.
Hook query_hook(const ArchitectureDescription& architecture);
Hook key_hook(const ArchitectureDescription& architecture);
bool is_attention_map(Hook hook);  // [head, query, key or source]: one cell a pair of tokens

// "blocks.5.attn.hook_pattern", "hook_embed", "logits"
std::string hook_name(Hook hook, std::int64_t layer);

struct HookPlace {
  Hook hook;
  std::int64_t layer = 0;  // 0 for hooks outside blocks
  bool in_encoder = false;
  bool operator==(const HookPlace&) const = default;
};

// One number of the model: a hook, a layer and an index along each axis of the hook, in the order of
// HookInfo::axes; what is beyond axis_count is 0.
struct ValueReference {
  Hook hook = Hook::embed;
  std::int64_t layer = 0;
  std::array<std::int64_t, 3> index{0, 0, 0};
  bool in_encoder = false;
  bool operator==(const ValueReference&) const = default;
};

// The reverse of hook_name; nothing if there is no such hook or layer. Of an encoder-decoder, names begin
// with "encoder." or "decoder."; without either the decoder is meant.
std::optional<HookPlace> find_hook(std::string_view name, std::int64_t layers,
                                   std::int64_t encoder_layers = 0);

// The shape at this hook for `positions` tokens (queries = keys = positions) that read `source` tokens of an
// encoder.
Shape hook_shape(Hook hook, const ArchitectureDescription& architecture, std::int64_t positions,
                 std::int64_t source = 0);

// True when the name matches a glob with * and ?, or one of several separated by commas.
bool glob_matches(std::string_view glob, std::string_view name);

}  // namespace headlight
