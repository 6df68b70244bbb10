// Attention followed down through the layers, after Abnar and Zuidema 2020, "Quantifying Attention Flow in
// Transformers": rollout multiplies the layers' maps, flow asks how much can pass through them. Both take a
// layer as half attention (the mean over its heads) and half the residual stream; neither knows of values,
// MLPs or norms.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

// Of each layer that is done, [query, key]: 0.5 · mean over heads + 0.5 · identity.
struct RolloutMaps {
  std::int64_t tokens = 0;
  bool causal = true;
  std::vector<Tensor> layers;
};

// How long a text may be whose maps are kept (512 MB).
std::int64_t most_rollout_tokens(std::int64_t layers);
// Flow is sought from one token to every other: minutes for longer texts.
constexpr std::int64_t most_flow_tokens = 48;

// Of a text's attention to itself. Makes patterns that the trace did not keep with `backend`. `report` is
// told how much is done, 0 to 1, and may throw.
RolloutMaps rollout_maps(const Trace& trace, Backend& backend, const std::function<void(float)>& report);

// [layer][source]: how what token `query` holds behind each block is shared among the tokens that it began
// with. Each row adds up to 1.
std::vector<std::vector<double>> attention_rollout(const RolloutMaps& maps, std::int64_t query);

// [source]: how much can flow from token `query` behind the last layer down to each token, when every edge
// carries at most its weight. Throws std::logic_error for more than most_flow_tokens tokens.
std::vector<double> attention_flow(const RolloutMaps& maps, std::int64_t query,
                                   const std::function<void(float)>& report);

}  // namespace headlight
