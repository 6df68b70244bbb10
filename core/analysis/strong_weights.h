// What of attention maps is drawn as lines and as coloured text: the weights above a threshold, and what one
// token looks at or is looked at by. Of tokens, or folded to characters or words.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/analysis/fold_tokens.h"
#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

// Which attention, and how it is folded.
struct MapChoice {
  std::int64_t layer = 0;
  std::vector<std::int64_t> heads;
  bool cross = false;         // to the encoder's text
  bool without_sink = false;  // key 0 left out, and what the others have divided by its sum
  TokenUnits queries, keys;
  bool operator==(const MapChoice&) const = default;
};

struct StrongWeight {
  std::int32_t query, key;  // units
  std::int32_t head;
  float weight;
  bool operator==(const StrongWeight&) const = default;
};

struct StrongWeights {
  std::vector<StrongWeight> found;  // by query, then head, then key
  std::int64_t seen = 0;            // weights that the mask leaves, of all heads together
  std::int64_t broken = 0;          // of these, those that are not numbers
};

// Makes rows of patterns that the trace did not keep with `backend`. `report` is told how much is done, 0 to
// 1, and may throw. Throws std::logic_error when the layer is not done or a head does not exist.
StrongWeights strong_weights(const Trace& trace, Backend& backend, const MapChoice& choice, float threshold,
                             const std::function<void(float)>& report);

// How several heads are merged to one map.
enum class Merge { mean, largest };

// For each key unit how much the query unit `unit` looks at it, or (`toward`) for each query unit how much it
// looks at the key unit `unit`. Merged over heads before folding; -1 where the mask leaves nothing.
std::vector<float> weights_of_unit(const Trace& trace, Backend& backend, const MapChoice& choice, Merge merge,
                                   std::int64_t unit, bool toward, const std::function<void(float)>& report);

}  // namespace headlight
