// A map of attention at every level of detail, in tiles made on request: level n has a cell for each 2^n ×
// 2^n weights, the largest of them, so that a single bright cell is never lost. Queries × keys are never
// held.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/analysis/drawn_map.h"

namespace headlight {

constexpr std::int64_t tile_side = 256;  // cells along each edge of a tile
constexpr float no_weight = -INFINITY;   // a cell of which the mask leaves nothing, or that is not drawn
using MapTile = std::vector<float>;      // [row, column], tile_side of both

struct TileId {
  int level = 0;
  std::int64_t row = 0, column = 0;  // of tiles of this level
  auto operator<=>(const TileId&) const = default;
};

// Tiles of one level: rows [first_row, last_row), columns alike.
struct TileRange {
  int level = 0;
  std::int64_t first_row = 0, last_row = 0;
  std::int64_t first_column = 0, last_column = 0;
  bool operator==(const TileRange&) const = default;
};

// One thread makes tiles while another looks at those that are there.
class MapTiles {
 public:
  // `cap`: bytes of the tiles that are made on request, beside some 20 MB of the coarser levels, which stay.
  MapTiles(const std::shared_ptr<const Trace>& trace, std::shared_ptr<Backend> backend, const DrawnMap& map,
           std::int64_t cap = std::int64_t{64} << 20);

  std::int64_t queries() const { return queries_; }
  std::int64_t keys() const { return keys_; }
  const DrawnMap& map() const { return map_; }
  // The level at which the whole map is one tile.
  int coarsest() const { return coarsest_; }
  // Levels from this one on are made at once, in one walk over the map.
  int base() const { return base_; }
  // Whether the mask leaves nothing of a tile: it is never made.
  bool is_masked(const TileId& id) const;

  // The tile, when it has been made. Counts as used.
  std::shared_ptr<const MapTile> find(const TileId& id) const;
  // The coarsest tile of a large map, from one query of each of its rows of cells: what is shown until all
  // queries have been walked through. Null when there is none.
  std::shared_ptr<const MapTile> preview() const;
  // Whether the levels from base() on are there.
  bool has_base() const;
  // The largest value a cell can have, in magnitude; known with the first tile.
  double most() const { return most_; }
  std::int64_t byte_size() const;  // of all tiles

  // Makes what is missing of `wanted` (and, before it, of the coarser levels). `progress` is told the share
  // that is done, every few milliseconds, and may throw to stop: what was done is not lost.
  void make(const TileRange& wanted, const std::function<void(float)>& progress);

 private:
  struct Kept {
    std::shared_ptr<const MapTile> tile;
    std::uint64_t used = 0;
  };
  using Cells = std::map<TileId, std::shared_ptr<MapTile>>;  // that are being filled

  bool start();
  void make_preview();
  bool walk_base(const std::function<void(float)>& progress);
  bool make_band(const TileRange& wanted, std::int64_t row, const std::function<void(float)>& progress);
  void pool_row(std::int64_t query, const float* values, int level, std::int64_t first_column,
                std::int64_t last_column, Cells& cells) const;
  void keep(Cells& cells);
  void drop_least_used();

  const DrawnMap map_;
  const std::int64_t queries_, keys_, cap_;
  int coarsest_ = 0, base_ = 0;
  AttentionRule rule_, other_rule_;

  // Of the thread that makes tiles.
  std::weak_ptr<const Trace> trace_;
  std::shared_ptr<Backend> backend_;
  std::optional<DrawnRows> rows_;
  std::int64_t base_rows_ = 0;  // queries that the walk has been through
  Cells base_cells_;

  std::atomic<double> most_{1.0};
  mutable std::mutex mutex_;  // guards what follows
  mutable std::map<TileId, Kept> kept_;
  mutable std::uint64_t clock_ = 0;
  std::shared_ptr<const MapTile> preview_;
  bool has_base_ = false;
};

}  // namespace headlight
