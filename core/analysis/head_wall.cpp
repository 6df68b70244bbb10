// Max-pooling of attention maps. Cell (a, b) covers the queries and keys that fall into it; of a causal map,
// cells above the diagonal stay 0.
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

// Which positions each cell covers, [first, last). Of at least as many positions as cells, position p belongs
// to cell p * side / count alone; of fewer, several cells in a row show the same one.
struct CellRanges {
  std::vector<std::int64_t> first, last;
};

CellRanges cell_ranges(std::int64_t count, std::int64_t side) {
  CellRanges ranges;
  for (std::int64_t cell = 0; cell < side; ++cell) {
    if (count >= side) {
      ranges.first.push_back((cell * count + side - 1) / side);
      ranges.last.push_back(((cell + 1) * count + side - 1) / side);
    } else {
      ranges.first.push_back(cell * count / side);
      ranges.last.push_back(ranges.first.back() + 1);
    }
  }
  return ranges;
}

float largest_of(const float* first, const float* last) {
  float largest = 0.0F;
  for (; first < last; ++first) lift(largest, *first);
  return largest;
}

// One query's weights, of which it sees `seen`, into the cells of one row. Dividing by a positive number does
// not change which weight of a cell is largest: each weight is read once.
void reduce_row(const float* weights, std::int64_t query, std::int64_t seen, const CellRanges& keys,
                std::int64_t row, HeadWall& wall, std::size_t head) {
  const std::int64_t at = (static_cast<std::int64_t>(head) * wall.side + row) * wall.side;
  float* cells = wall.cells.data() + at;
  const bool pools = !wall.cells_without_sink.empty();
  double rest = 0.0;
  for (std::int64_t key = 1; pools && key < seen; ++key) rest += static_cast<double>(weights[key]);
  float largest = 0.0F;
  for (std::int64_t cell = 0; cell < wall.side && keys.first[static_cast<std::size_t>(cell)] < seen; ++cell) {
    const float* from = weights + keys.first[static_cast<std::size_t>(cell)];
    const float* to = weights + std::min(keys.last[static_cast<std::size_t>(cell)], seen);
    const float beside_sink = largest_of(std::max(from, weights + 1), to);
    lift(largest, beside_sink);
    lift(cells[cell], beside_sink);
    if (from == weights) lift(cells[cell], weights[0]);
    if (pools && rest != 0.0)
      lift(wall.cells_without_sink[static_cast<std::size_t>(at + cell)],
           beside_sink / static_cast<float>(rest));
  }
  if (!(largest > wall.largest[head])) return;
  wall.largest[head] = largest;
  wall.largest_query[head] = static_cast<std::int32_t>(query);
  wall.largest_key[head] =
      static_cast<std::int32_t>(std::find(weights + 1, weights + seen, largest) - weights);
}

// weights_of(query): one row of the map, as far as the query sees.
template <class WeightsOf>
void reduce_head(const WeightsOf& weights_of, HeadWall& wall, std::size_t head) {
  const CellRanges queries = cell_ranges(wall.queries, wall.side), keys = cell_ranges(wall.keys, wall.side);
  for (std::int64_t row = 0; row < wall.side; ++row) {
    const auto at = static_cast<std::size_t>(row);
    for (std::int64_t query = queries.first[at]; query < queries.last[at]; ++query) {
      const std::int64_t seen = wall.causal ? std::min(query + 1, wall.keys) : wall.keys;
      reduce_row(weights_of(query), query, seen, keys, row, wall, head);
    }
  }
}

// Takes over what `before` has; returns the first layer that is still to be done.
std::int64_t start(HeadWall& wall, const HeadWall* before) {
  const bool continues = before && before->queries == wall.queries && before->keys == wall.keys &&
                         before->causal == wall.causal && before->layers == wall.layers &&
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
  if (!wall.is_exact()) wall.cells_without_sink.assign(cells, 0.0F);
  wall.largest.assign(heads, 0.0F);
  wall.largest_query.assign(heads, -1);
  wall.largest_key.assign(heads, -1);
  return 0;
}

}  // namespace

bool HeadWall::is_masked(std::int64_t layer, std::int64_t row, std::int64_t column) const {
  if (causal && column > row) return true;
  const std::int64_t limit = window[static_cast<std::size_t>(layer)];
  if (limit == 0) return false;
  const std::int64_t last_key = ((column + 1) * keys + side - 1) / side - 1;
  const std::int64_t first_query = (row * queries + side - 1) / side;
  return last_key + limit <= first_query;
}

std::shared_ptr<const HeadWall> head_wall(const Trace& trace, const HeadWall* before, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  auto wall = std::make_shared<HeadWall>();
  wall->layers = a.layers;
  wall->heads = a.heads;
  wall->queries = trace.positions();
  wall->keys = attention_keys(trace, cross);
  wall->causal = a.causal && !cross;
  for (std::int64_t layer = 0; layer < a.layers; ++layer)
    wall->window.push_back(cross ? 0 : a.window_of(layer));
  wall->side = std::min(std::max(wall->queries, wall->keys), most_cells);
  wall->layers_done = trace.layers_done();
  const std::int64_t first = start(*wall, before);
  const Hook kept = attention_hooks(a, cross).pattern;
  for (std::int64_t layer = first; layer < wall->layers_done; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const auto index = static_cast<std::size_t>(layer * a.heads + head);
      if (trace.has(kept, layer)) {
        reduce_head([&](std::int64_t query) { return trace.map_row(kept, layer, head, query).data(); }, *wall,
                    index);
      } else {
        const Tensor pattern = head_pattern(trace, layer, head, cross);
        reduce_head([&](std::int64_t query) { return pattern.data() + query * wall->keys; }, *wall, index);
      }
    }
  }
  return wall;
}

}  // namespace headlight
