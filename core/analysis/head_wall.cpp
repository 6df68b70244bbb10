// Max-pooling of attention maps. Cell (a, b) covers the queries and keys that fall into it; cells above the
// diagonal stay 0.
#include "core/analysis/head_wall.h"

#include <algorithm>

#include "core/forward/derived_values.h"

namespace headlight {
namespace {

constexpr std::int64_t most_cells = 64;

void reduce_head(const float* pattern, std::int64_t positions, std::int64_t side, float* cells,
                 float& largest) {
  for (std::int64_t query = 0; query < positions; ++query) {
    float* row = cells + (query * side / positions) * side;
    for (std::int64_t key = 0; key <= query; ++key) {
      const float weight = pattern[query * positions + key];
      float& cell = row[key * side / positions];
      cell = std::max(cell, weight);
      if (key > 0) largest = std::max(largest, weight);
    }
  }
}

}  // namespace

std::shared_ptr<const HeadWall> head_wall(const Trace& trace, const HeadWall* before) {
  const ArchitectureDescription& a = trace.model().architecture;
  auto wall = std::make_shared<HeadWall>();
  wall->layers = a.layers;
  wall->heads = a.heads;
  wall->positions = trace.positions();
  wall->side = std::min(wall->positions, most_cells);
  wall->layers_done = trace.layers_done();
  std::int64_t layer = 0;
  if (before && before->positions == wall->positions && before->layers == wall->layers &&
      before->layers_done <= wall->layers_done) {
    wall->cells = before->cells;
    wall->largest = before->largest;
    layer = before->layers_done;
  } else {
    wall->cells.assign(static_cast<std::size_t>(a.layers * a.heads * wall->side * wall->side), 0.0F);
    wall->largest.assign(static_cast<std::size_t>(a.layers * a.heads), 0.0F);
  }
  const std::int64_t map = wall->positions * wall->positions;
  for (; layer < wall->layers_done; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const auto index = static_cast<std::size_t>(layer * a.heads + head);
      float* cells = wall->cells.data() + static_cast<std::int64_t>(index) * wall->side * wall->side;
      if (trace.has(Hook::pattern, layer)) {
        reduce_head(trace.at(Hook::pattern, layer).data() + head * map, wall->positions, wall->side, cells,
                    wall->largest[index]);
      } else {
        const Tensor pattern = head_pattern(trace, layer, head);
        reduce_head(pattern.data(), wall->positions, wall->side, cells, wall->largest[index]);
      }
    }
  }
  return wall;
}

}  // namespace headlight
