// Max-pooling of attention maps. Cell (a, b) covers the queries and keys that fall into it; cells above the
// diagonal stay 0.
#include "core/analysis/head_wall.h"

#include <algorithm>
#include <cmath>

#include "core/forward/derived_values.h"

namespace headlight {
namespace {

constexpr std::int64_t most_cells = 64;

// A comparison with NaN is false: NaN goes in once and stays.
void lift(float& cell, float weight) {
  if (weight > cell || std::isnan(weight)) cell = weight;
}

// The first position of each cell: position p belongs to cell p * side / positions.
std::vector<std::int64_t> first_positions(std::int64_t positions, std::int64_t side) {
  std::vector<std::int64_t> first;
  for (std::int64_t cell = 0; cell <= side; ++cell) first.push_back((cell * positions + side - 1) / side);
  return first;
}

float largest_of(const float* first, const float* last) {
  float largest = 0.0F;
  for (; first < last; ++first) lift(largest, *first);
  return largest;
}

// One query's weights into the cells of its row. Dividing by a positive number does not change which weight
// of a cell is largest: each weight is read once.
void reduce_row(const float* weights, std::int64_t query, const std::vector<std::int64_t>& first,
                HeadWall& wall, std::size_t head) {
  const std::int64_t at =
      (static_cast<std::int64_t>(head) * wall.side + query * wall.side / wall.positions) * wall.side;
  float* cells = wall.cells.data() + at;
  const bool pools = !wall.cells_without_sink.empty();
  double rest = 0.0;
  for (std::int64_t key = 1; pools && key <= query; ++key) rest += static_cast<double>(weights[key]);
  float largest = 0.0F;
  for (std::int64_t cell = 0; cell < wall.side && first[static_cast<std::size_t>(cell)] <= query; ++cell) {
    const float* from = weights + first[static_cast<std::size_t>(cell)];
    const float* to = weights + std::min(first[static_cast<std::size_t>(cell) + 1], query + 1);
    const float beside_sink = largest_of(std::max(from, weights + 1), to);
    lift(largest, beside_sink);
    lift(cells[cell], beside_sink);
    if (pools && rest != 0.0)
      lift(wall.cells_without_sink[static_cast<std::size_t>(at + cell)],
           beside_sink / static_cast<float>(rest));
  }
  lift(cells[0], weights[0]);
  if (!(largest > wall.largest[head])) return;
  wall.largest[head] = largest;
  wall.largest_query[head] = static_cast<std::int32_t>(query);
  wall.largest_key[head] =
      static_cast<std::int32_t>(std::find(weights + 1, weights + query, largest) - weights);
}

void reduce_head(const float* pattern, HeadWall& wall, std::size_t head) {
  const std::vector<std::int64_t> first = first_positions(wall.positions, wall.side);
  for (std::int64_t query = 0; query < wall.positions; ++query) {
    reduce_row(pattern + query * wall.positions, query, first, wall, head);
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
  for (std::int64_t layer = first; layer < wall->layers_done; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const auto index = static_cast<std::size_t>(layer * a.heads + head);
      if (trace.has(Hook::pattern, layer)) {
        reduce_head(trace.at(Hook::pattern, layer).data() + head * map, *wall, index);
      } else {
        reduce_head(head_pattern(trace, layer, head).data(), *wall, index);
      }
    }
  }
  return wall;
}

}  // namespace headlight
