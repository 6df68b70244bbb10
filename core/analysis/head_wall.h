// Every head's attention map, reduced to a thumbnail: cells are the maximum over what they cover, so that a
// single bright cell is never lost.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

struct HeadWall {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t side = 0;  // cells along each edge of a thumbnail: the longer of both axes, at most 64
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  bool causal = true;                // no query sees a later key
  std::vector<std::int64_t> window;  // of each layer: how many keys a query sees; 0: no limit
  std::int64_t layers_done = 0;      // of the wall, perhaps fewer than of the trace; the rest is zero
  std::vector<float> cells;  // [layer, head, query cell, key cell]; NaN where a weight that it covers is
  // The same without key 0, each row divided by what the other keys have together: "hide the sink". Empty
  // while a cell is one weight (is_exact), where it follows from `cells`.
  std::vector<float> cells_without_sink;
  std::vector<float> largest;               // [layer, head]: the largest weight that is not on key 0
  std::vector<std::int32_t> largest_query;  // [layer, head]: where that weight is; -1 when there is none
  std::vector<std::int32_t> largest_key;

  // Nothing of what a cell covers may be seen.
  bool is_masked(std::int64_t layer, std::int64_t row, std::int64_t column) const;
  // A cell is one weight; else it covers several, or, along the shorter axis of a map that is not square, one
  // weight fills several cells.
  bool is_exact() const { return side == queries && side == keys; }
  const float* thumbnail(std::int64_t layer, std::int64_t head) const {
    return cells.data() + (layer * heads + head) * side * side;
  }
};

// How far head_wall() goes in one call, and with what.
struct WallWork {
  Backend* backend = nullptr;            // makes the patterns that the trace did not keep; null: one is made
  std::function<bool()> cancelled = {};  // asked for each block of queries
  // Layers that are done in this call, beyond those of `before`.
  std::int64_t most_layers = std::numeric_limits<std::int64_t>::max();
};

// Reduces the layers of `trace` that are done. `before` (the same pass, fewer layers) saves doing them again.
// `cross`: the maps to the encoder's text. Patterns that were not kept are made for some queries at a time,
// reduced and dropped. Throws Cancelled.
std::shared_ptr<const HeadWall> head_wall(const Trace& trace, const HeadWall* before, bool cross = false,
                                          const WallWork& work = {});

}  // namespace headlight
