// Max-pooling of attention maps. Cell (a, b) covers the queries and keys that fall into it; of a causal map,
// cells above the diagonal stay 0.
#include "core/analysis/head_wall.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/analysis/row_numbers.h"
#include "core/backends/cpu/thread_pool.h"
#include "core/forward/derived_pattern.h"
#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

constexpr std::int64_t most_cells = 64;
// Queries whose patterns are made together: enough for the kernels, and what they make for 4,096 keys of nine
// heads stays in the caches.
constexpr std::int64_t block_queries = 32;
constexpr int wall_threads = 2;

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
  float* without_sink = wall.cells_without_sink.empty() ? nullptr : wall.cells_without_sink.data() + at;
  const double rest = seen > 1 ? sum_of(weights + 1, weights + seen) : 0.0;
  const bool only_numbers = !std::isnan(rest);
  const float share = static_cast<float>(rest);
  // Without NaN a maximum needs no branch, which the processor would guess wrong half of the time. (NaN that
  // a cell has from another row stays: it is not less than anything.)
  const auto raise = [only_numbers](float& cell, float weight) {
    if (only_numbers) {
      cell = std::max(cell, weight);
    } else {
      lift(cell, weight);
    }
  };
  float largest = 0.0F;
  for (std::int64_t cell = 0; cell < wall.side && keys.first[static_cast<std::size_t>(cell)] < seen; ++cell) {
    const float* from = weights + keys.first[static_cast<std::size_t>(cell)];
    const float* to = weights + std::min(keys.last[static_cast<std::size_t>(cell)], seen);
    const float* beside = std::max(from, weights + 1);
    const float beside_sink = only_numbers ? largest_number(beside, to) : largest_of(beside, to);
    raise(largest, beside_sink);
    raise(cells[cell], beside_sink);
    if (from == weights) lift(cells[cell], weights[0]);
    if (without_sink != nullptr && rest != 0.0) raise(without_sink[cell], beside_sink / share);
  }
  if (!(largest > wall.largest[head])) return;
  wall.largest[head] = largest;
  wall.largest_query[head] = static_cast<std::int32_t>(query);
  wall.largest_key[head] =
      static_cast<std::int32_t>(std::find(weights + 1, weights + seen, largest) - weights);
}

// Which cells a wall's positions fall into, worked out once.
struct WallCells {
  explicit WallCells(const HeadWall& wall)
      : queries(cell_ranges(wall.queries, wall.side)), keys(cell_ranges(wall.keys, wall.side)) {}
  CellRanges queries, keys;
};

// The queries [first, last) of one head; weights_of(query): one row of the map, as far as the query sees. A
// query fills one row of cells, or, where there are fewer queries than cells, several.
template <class WeightsOf>
void reduce_queries(const WeightsOf& weights_of, std::int64_t first, std::int64_t last,
                    const WallCells& ranges, HeadWall& wall, std::size_t head) {
  for (std::int64_t row = 0; row < wall.side; ++row) {
    const auto at = static_cast<std::size_t>(row);
    const std::int64_t from = std::max(first, ranges.queries.first[at]);
    const std::int64_t to = std::min(last, ranges.queries.last[at]);
    for (std::int64_t query = from; query < to; ++query) {
      const std::int64_t seen = wall.causal ? std::min(query + 1, wall.keys) : wall.keys;
      reduce_row(weights_of(query), query, seen, ranges.keys, row, wall, head);
    }
  }
}

void reduce_kept_layer(const Trace& trace, Hook kept, std::int64_t layer, const WallCells& ranges,
                       HeadWall& wall) {
  for (std::int64_t head = 0; head < wall.heads; ++head) {
    const auto weights = [&](std::int64_t query) { return trace.map_row(kept, layer, head, query).data(); };
    reduce_queries(weights, 0, wall.queries, ranges, wall,
                   static_cast<std::size_t>(layer * wall.heads + head));
  }
}

void reduce_derived_layer(const DerivedPattern& derived, std::int64_t layer, const WallCells& ranges,
                          HeadWall& wall, ThreadPool& pool, const std::function<bool()>& cancelled) {
  for (std::int64_t first = 0; first < wall.queries; first += block_queries) {
    if (cancelled && cancelled()) throw Cancelled();
    const std::int64_t last = std::min(first + block_queries, wall.queries);
    const Tensor block = derived.rows(first, last);
    pool.parallel_for(wall.heads, [&](std::int64_t head, int) {  // heads have nothing in common
      const float* rows = block.data() + head * (last - first) * block.axis(2);
      const auto weights = [&](std::int64_t query) { return rows + (query - first) * block.axis(2); };
      reduce_queries(weights, first, last, ranges, wall, static_cast<std::size_t>(layer * wall.heads + head));
    });
  }
}

// Takes over what `before` has.
void start(HeadWall& wall, const HeadWall* before) {
  const bool continues = before && before->queries == wall.queries && before->keys == wall.keys &&
                         before->causal == wall.causal && before->layers == wall.layers &&
                         before->heads == wall.heads;
  if (continues) {
    wall = *before;
    return;
  }
  const auto heads = static_cast<std::size_t>(wall.layers * wall.heads);
  const std::size_t cells = heads * static_cast<std::size_t>(wall.side * wall.side);
  wall.cells.assign(cells, 0.0F);
  if (!wall.is_exact()) wall.cells_without_sink.assign(cells, 0.0F);
  wall.largest.assign(heads, 0.0F);
  wall.largest_query.assign(heads, -1);
  wall.largest_key.assign(heads, -1);
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

std::shared_ptr<const HeadWall> head_wall(const Trace& trace, const HeadWall* before, bool cross,
                                          const WallWork& work) {
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
  start(*wall, before && before->layers_done <= trace.layers_done() ? before : nullptr);
  const WallCells ranges(*wall);
  const Hook kept = attention_hooks(a, cross).pattern;
  std::unique_ptr<Backend> own;
  std::optional<ThreadPool> pool;
  Backend* backend = work.backend;
  for (std::int64_t done = 0; wall->layers_done < trace.layers_done() && done < work.most_layers; ++done) {
    const std::int64_t layer = wall->layers_done;
    if (trace.has(kept, layer)) {
      reduce_kept_layer(trace, kept, layer, ranges, *wall);
    } else {
      if (backend == nullptr) {
        own = make_cpu_backend(1);
        backend = own.get();
      }
      if (!pool) pool.emplace(wall_threads);
      reduce_derived_layer(DerivedPattern(trace, *backend, layer, std::nullopt, cross), layer, ranges, *wall,
                           *pool, work.cancelled);
    }
    ++wall->layers_done;
  }
  return wall;
}

}  // namespace headlight
