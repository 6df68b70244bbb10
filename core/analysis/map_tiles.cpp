// Rows go by once, and each lifts the cells that it falls into.
#include "core/analysis/map_tiles.h"

#include <algorithm>
#include <cmath>

#include "core/analysis/row_numbers.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

// Levels with at most so many cells along the longer edge are made together: 16 MB of the finest of them.
constexpr std::int64_t most_base_cells = 2048;
// Weights that are made together: of 32,768 keys, two megabytes at a time.
constexpr std::int64_t block_weights = std::int64_t{1} << 19;
constexpr std::int64_t columns_beside = 2;  // tiles left and right of those that were asked for
constexpr auto tile_bytes = static_cast<std::int64_t>(tile_side * tile_side * sizeof(float));

std::int64_t divided_up(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }

// Signed values (differences) keep the one that is farther from 0; NaN stays.
void lift(float& cell, float value) {
  if (std::isnan(cell)) return;
  if (std::isnan(value) || cell == no_weight || std::abs(value) > std::abs(cell)) cell = value;
}

std::int64_t block_rows(std::int64_t keys) { return std::clamp<std::int64_t>(block_weights / keys, 4, 64); }

}  // namespace

MapTiles::MapTiles(const std::shared_ptr<const Trace>& trace, std::shared_ptr<Backend> backend,
                   const DrawnMap& map, std::int64_t cap)
    : map_(map),
      queries_(trace->positions()),
      keys_(attention_keys(*trace, map.cross)),
      cap_(cap),
      rule_(attention_rule(trace->model().architecture, map.layer, map.cross)),
      other_rule_(
          attention_rule(trace->model().architecture, map.other ? map.other->first : map.layer, map.cross)),
      trace_(trace),
      backend_(std::move(backend)) {
  const std::int64_t longest = std::max(queries_, keys_);
  while (divided_up(longest, std::int64_t{1} << coarsest_) > tile_side) ++coarsest_;
  while (divided_up(longest, std::int64_t{1} << base_) > most_base_cells) ++base_;
}

bool MapTiles::is_masked(const TileId& id) const {
  const std::int64_t span = tile_side << id.level;
  if (id.row < 0 || id.column < 0 || id.row * span >= queries_ || id.column * span >= keys_) return true;
  const std::int64_t first_query = id.row * span, last_query = std::min(first_query + span, queries_) - 1;
  const std::int64_t first_key = id.column * span, last_key = std::min(first_key + span, keys_) - 1;
  if (!rule_.causal) return false;
  if (first_key > last_query) return true;
  const bool limited = rule_.window > 0 && other_rule_.window > 0;
  return limited && last_key + std::max(rule_.window, other_rule_.window) <= first_query;
}

std::shared_ptr<const MapTile> MapTiles::find(const TileId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(id);
  if (found == kept_.end()) return nullptr;
  found->second.used = ++clock_;
  return found->second.tile;
}

std::shared_ptr<const MapTile> MapTiles::preview() const {
  const std::lock_guard lock(mutex_);
  return preview_;
}

bool MapTiles::has_base() const {
  const std::lock_guard lock(mutex_);
  return has_base_;
}

std::int64_t MapTiles::byte_size() const {
  const std::lock_guard lock(mutex_);
  return tile_bytes * static_cast<std::int64_t>(kept_.size() + (preview_ ? 1U : 0U));
}

// One query's values into the cells of one level, of the columns of tiles [first_column, last_column).
void MapTiles::pool_row(std::int64_t query, const float* values, int level, std::int64_t first_column,
                        std::int64_t last_column, Cells& cells) const {
  const std::int64_t span = tile_side << level;
  const KeyRange shown = rows_->shown(query);
  const std::int64_t first = std::max(shown.first, first_column * span);
  const std::int64_t last = std::min(shown.last, last_column * span);
  const std::int64_t row = (query >> level) % tile_side;
  const bool quick =
      !map_.other && level > 3 && !std::isnan(sum_of(values + shown.first, values + shown.last));
  for (std::int64_t key = first; key < last;) {
    const std::int64_t column = key / span;
    std::shared_ptr<MapTile>& tile = cells[{level, query / span, column}];
    if (!tile) tile = std::make_shared<MapTile>(static_cast<std::size_t>(tile_side * tile_side), no_weight);
    float* out = tile->data() + row * tile_side;
    const std::int64_t tile_end = std::min(last, (column + 1) * span);
    while (key < tile_end) {
      float& cell = out[(key - column * span) >> level];
      const std::int64_t cell_end = std::min(tile_end, ((key >> level) + 1) << level);
      if (quick) {
        cell = std::isnan(cell) ? cell : std::max(cell, largest_number(values + key, values + cell_end));
        key = cell_end;
      }
      for (; key < cell_end; ++key) lift(cell, values[key]);
    }
  }
}

bool MapTiles::start() {
  if (rows_) return true;
  const std::shared_ptr<const Trace> trace = trace_.lock();
  if (!trace) return false;
  rows_.emplace(trace, *backend_, map_);
  most_ = rows_->most();
  return true;
}

void MapTiles::make_preview() {
  Cells cells;
  const std::int64_t step = std::int64_t{1} << coarsest_;
  for (std::int64_t first = 0; first < queries_; first += step) {
    const std::int64_t query = std::min(first + step, queries_) - 1;  // which sees the most of its cells
    const bool there = rows_->rows(query, query + 1, [&](std::int64_t, const float* values) {
      pool_row(query, values, coarsest_, 0, 1, cells);
    });
    if (!there) return;
  }
  const std::lock_guard lock(mutex_);
  if (!cells.empty()) preview_ = cells.begin()->second;
}

// Goes on where it was stopped.
bool MapTiles::walk_base(const std::function<void(float)>& progress) {
  const std::int64_t block = block_rows(keys_);
  const std::int64_t columns = divided_up(keys_, tile_side << base_);
  while (base_rows_ < queries_) {
    progress(static_cast<float>(base_rows_) / static_cast<float>(queries_));
    const std::int64_t last = std::min(base_rows_ + block, queries_);
    const bool there = rows_->rows(base_rows_, last, [&](std::int64_t query, const float* values) {
      pool_row(query, values, base_, 0, columns, base_cells_);
    });
    if (!there) return false;
    base_rows_ = last;
  }
  // Each coarser level from the one before.
  std::vector<Cells> levels(1);
  levels.front().swap(base_cells_);
  for (int level = base_ + 1; level <= coarsest_; ++level) {
    Cells coarser;
    for (const auto& [id, finer] : levels.back()) {
      std::shared_ptr<MapTile>& tile = coarser[{level, id.row / 2, id.column / 2}];
      if (!tile) tile = std::make_shared<MapTile>(static_cast<std::size_t>(tile_side * tile_side), no_weight);
      const std::int64_t down = id.row % 2 * (tile_side / 2), across = id.column % 2 * (tile_side / 2);
      for (std::int64_t i = 0; i < tile_side * tile_side; ++i) {
        const float value = (*finer)[static_cast<std::size_t>(i)];
        if (value == no_weight) continue;
        lift((*tile)[static_cast<std::size_t>((down + i / tile_side / 2) * tile_side + across +
                                              i % tile_side / 2)],
             value);
      }
    }
    levels.push_back(std::move(coarser));
  }
  for (Cells& level : levels) keep(level);
  const std::lock_guard lock(mutex_);
  has_base_ = true;
  preview_.reset();
  return true;
}

void MapTiles::keep(Cells& cells) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, tile] : cells) kept_[id] = {std::move(tile), ++clock_};
  drop_least_used();
}

// Of the levels below base(); those from there on stay.
void MapTiles::drop_least_used() {
  std::vector<std::pair<std::uint64_t, TileId>> made;
  for (const auto& [id, kept] : kept_) {
    if (id.level < base_) made.emplace_back(kept.used, id);
  }
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, cap_ / tile_bytes));
  if (made.size() <= most) return;
  std::sort(made.begin(), made.end());
  for (std::size_t i = 0; i + most < made.size(); ++i) kept_.erase(made[i].second);
}

// One row of tiles. All of a row's weights have to be made for any of them: its columns come together.
bool MapTiles::make_band(const TileRange& wanted, std::int64_t row,
                         const std::function<void(float)>& progress) {
  std::int64_t first_missing = wanted.last_column, last_missing = wanted.first_column;
  for (std::int64_t column = wanted.first_column; column < wanted.last_column; ++column) {
    const TileId id{wanted.level, row, column};
    if (is_masked(id) || find(id)) continue;
    first_missing = std::min(first_missing, column);
    last_missing = column + 1;
  }
  if (first_missing >= last_missing) return true;
  first_missing = std::max<std::int64_t>(0, first_missing - columns_beside);
  last_missing += columns_beside;
  const std::int64_t span = tile_side << wanted.level;
  const std::int64_t end = std::min((row + 1) * span, queries_);
  const std::int64_t block = block_rows(keys_);
  const float bands = static_cast<float>(wanted.last_row - wanted.first_row);
  Cells cells;
  for (std::int64_t first = row * span; first < end; first += block) {
    progress((static_cast<float>(row - wanted.first_row) +
              static_cast<float>(first - row * span) / static_cast<float>(span)) /
             bands);
    const bool there =
        rows_->rows(first, std::min(first + block, end), [&](std::int64_t query, const float* values) {
          pool_row(query, values, wanted.level, first_missing, last_missing, cells);
        });
    if (!there) return false;
  }
  keep(cells);
  return true;
}

void MapTiles::make(const TileRange& wanted, const std::function<void(float)>& progress) {
  if (!start()) return;  // the trace is gone, and so is who asked
  if (!has_base()) {
    if (base_ > 0 && !preview()) make_preview();
    if (!walk_base(progress)) return;
  }
  if (wanted.level >= base_) return;
  for (std::int64_t row = wanted.first_row; row < wanted.last_row; ++row) {
    if (row * (tile_side << wanted.level) >= queries_) return;
    if (!make_band(wanted, row, progress)) return;
  }
}

}  // namespace headlight
