// Every head's attention map, reduced to a thumbnail: cells are the maximum over what they cover, so that a
// single bright cell is never lost.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

struct HeadWall {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t side = 0;  // cells along each edge of a thumbnail: min(positions, 64)
  std::int64_t positions = 0;
  std::int64_t layers_done = 0;  // the rest of `cells` is zero
  std::vector<float> cells;      // [layer, head, query cell, key cell]; NaN where a weight that it covers is
  // The same without key 0, each row divided by what the other keys have together: "hide the sink". Empty
  // while a cell is one weight (side == positions), where it follows from `cells`.
  std::vector<float> cells_without_sink;
  std::vector<float> largest;               // [layer, head]: the largest weight that is not on key 0
  std::vector<std::int32_t> largest_query;  // [layer, head]: where that weight is; -1 when there is none
  std::vector<std::int32_t> largest_key;

  const float* thumbnail(std::int64_t layer, std::int64_t head) const {
    return cells.data() + (layer * heads + head) * side * side;
  }
};

// Reduces the layers of `trace` that are done. `before` (the same pass, fewer layers) saves doing them again.
std::shared_ptr<const HeadWall> head_wall(const Trace& trace, const HeadWall* before);

}  // namespace headlight
