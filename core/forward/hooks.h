// Every value that has a name: one table with the TransformerLens name, the axes and one sentence.
// The order of the enum is the order in which the forward pass makes them.
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
  resid_pre,
  ln1_scale,
  ln1_normalized,
  q,
  k,
  v,
  rot_q,
  rot_k,
  attn_scores,
  pattern,
  z,
  attn_out,
  resid_mid,
  ln2_scale,
  ln2_normalized,
  mlp_pre,
  mlp_pre_linear,
  mlp_post,
  mlp_out,
  resid_post,
  ln_final_scale,
  ln_final_normalized,
  logits,
};

enum class Axis { position, d_model, one, head, kv_head, d_head, query, key, d_mlp, vocabulary };

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

// "blocks.5.attn.hook_pattern", "hook_embed", "logits"
std::string hook_name(Hook hook, std::int64_t layer);

struct HookPlace {
  Hook hook;
  std::int64_t layer = 0;  // 0 for hooks outside blocks
  bool operator==(const HookPlace&) const = default;
};
// One number of the model: a hook, a layer and an index along each axis of the hook, in the order of
// HookInfo::axes; what is beyond axis_count is 0.
struct ValueReference {
  Hook hook = Hook::embed;
  std::int64_t layer = 0;
  std::array<std::int64_t, 3> index{0, 0, 0};
  bool operator==(const ValueReference&) const = default;
};

// The reverse of hook_name; nothing if there is no such hook or layer.
std::optional<HookPlace> find_hook(std::string_view name, std::int64_t layers);

// The shape at this hook for `positions` tokens (queries = keys = positions).
Shape hook_shape(Hook hook, const ArchitectureDescription& architecture, std::int64_t positions);

// True when the name matches a glob with * and ?, or one of several separated by commas.
bool glob_matches(std::string_view glob, std::string_view name);

}  // namespace headlight
