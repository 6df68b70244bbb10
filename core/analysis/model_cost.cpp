#include "core/analysis/model_cost.h"

#include <algorithm>

#include "core/forward/hooks.h"

namespace headlight {

ModelCost model_cost(const ArchitectureDescription& a, std::int64_t positions) {
  ModelCost cost;
  const std::int64_t query_side = 2 * a.d_model * a.heads * a.d_head;   // W_Q and W_O
  const std::int64_t key_side = 2 * a.d_model * a.kv_heads * a.d_head;  // W_K and W_V
  const std::int64_t mlp = (a.gated ? 3 : 2) * a.d_model * a.d_mlp;
  // The encoder's keys and values are made once, not for each token.
  const std::int64_t cross = a.cross_attention ? query_side : 0;
  cost.multiplied = a.layers * (query_side + key_side + mlp + cross);
  if (has_hook(Hook::logits, a)) cost.multiplied += a.vocabulary * a.d_model;
  if (a.head == OutputHead::masked_lm) cost.multiplied += a.d_model * a.d_model;
  cost.matrix_flops = 2 * cost.multiplied;
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    const std::int64_t window = a.window_of(layer);
    const std::int64_t keys = window > 0 ? std::min(window, positions) : positions;
    const std::int64_t read = keys + (a.cross_attention ? positions : 0);
    cost.attention_flops += 2 * 2 * read * a.heads * a.d_head;
  }
  cost.cache_bytes = a.layers * 2 * a.kv_heads * a.d_head * static_cast<std::int64_t>(sizeof(float));
  return cost;
}

}  // namespace headlight
