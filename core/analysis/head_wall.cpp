// Max-pooling of attention maps. Cell (a, b) covers the queries and keys that fall into it; cells above the
// diagonal stay 0.
#include "core/analysis/head_wall.h"

#include <algorithm>
#include <cmath>

#include "core/forward/derived_values.h"

namespace headlight {
namespace {

constexpr std::int64_t most_cells = 64;

// What a row of weights (a query's, up to itself) leaves for other keys than the first.
float weight_beside_sink(const float* weights, std::int64_t query) {
  double rest = 0.0;
  for (std::int64_t key = 1; key <= query; ++key) rest += static_cast<double>(weights[key]);
  return static_cast<float>(rest);
}

// A comparison with NaN is false: NaN goes in once and stays.
void lift(float& cell, float weight) {
  if (weight > cell || std::isnan(weight)) cell = weight;
}

// The cell into which each query or key falls: looked up, since dividing for each weight would cost most of
// the time.
std::vector<std::int32_t> cell_of_position(const HeadWall& wall) {
  std::vector<std::int32_t> cells(static_cast<std::size_t>(wall.positions));
  for (std::int64_t i = 0; i < wall.positions; ++i) {
    cells[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * wall.side / wall.positions);
  }
  return cells;
}

void reduce_head(const float* pattern, const std::int32_t* cell_of, HeadWall& wall, std::size_t head) {
  const std::int64_t positions = wall.positions;
  const std::int64_t side = wall.side;
  const std::int64_t first = static_cast<std::int64_t>(head) * side * side;
  for (std::int64_t query = 0; query < positions; ++query) {
    const float* weights = pattern + query * positions;
    const std::int64_t row = first + cell_of[query] * side;
    float* cells = wall.cells.data() + row;
    for (std::int64_t key = 0; key <= query; ++key) lift(cells[cell_of[key]], weights[key]);
    for (std::int64_t key = 1; key <= query; ++key) {
      if (weights[key] > wall.largest[head]) {
        wall.largest[head] = weights[key];
        wall.largest_query[head] = static_cast<std::int32_t>(query);
        wall.largest_key[head] = static_cast<std::int32_t>(key);
      }
    }
    if (wall.cells_without_sink.empty()) continue;
    const float rest = weight_beside_sink(weights, query);
    float* without = wall.cells_without_sink.data() + row;
    for (std::int64_t key = 1; key <= query; ++key) {
      lift(without[cell_of[key]], rest == 0.0F ? 0.0F : weights[key] / rest);
    }
  }
}

// Takes over what `before` has; returns the first layer that is still to be done.
std::int64_t start(HeadWall& wall, const HeadWall* before) {
  const bool continues = before && before->positions == wall.positions && before->layers == wall.layers &&
                         before->heads == wall.heads && before->layers_done <= wall.layers_done;
  if (continues) {
    const std::int64_t done = wall.layers_done;
    wall = *before;
    wall.layers_done = done;
    return before->layers_done;
  }
  const auto heads = static_cast<std::size_t>(wall.layers * wall.heads);
  const std::size_t cells = heads * static_cast<std::size_t>(wall.side * wall.side);
  wall.cells.assign(cells, 0.0F);
  if (wall.side < wall.positions) wall.cells_without_sink.assign(cells, 0.0F);
  wall.largest.assign(heads, 0.0F);
  wall.largest_query.assign(heads, -1);
  wall.largest_key.assign(heads, -1);
  return 0;
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
  const std::int64_t first = start(*wall, before);
  const std::int64_t map = wall->positions * wall->positions;
  const std::vector<std::int32_t> cell_of = cell_of_position(*wall);
  for (std::int64_t layer = first; layer < wall->layers_done; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const auto index = static_cast<std::size_t>(layer * a.heads + head);
      if (trace.has(Hook::pattern, layer)) {
        reduce_head(trace.at(Hook::pattern, layer).data() + head * map, cell_of.data(), *wall, index);
      } else {
        reduce_head(head_pattern(trace, layer, head).data(), cell_of.data(), *wall, index);
      }
    }
  }
  return wall;
}

}  // namespace headlight
