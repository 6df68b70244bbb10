// A map of attention at any zoom: draws the tiles that are there, asks for those that are missing, and never
// waits for them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/map_tiles.h"
#include "core/session/background.h"
#include "gui/frame.h"
#include "gui/strings.h"
#include "gui/widgets/heatmap_texture.h"

namespace headlight {

// Which part of a map is drawn where.
struct MapPlace {
  ImVec2 corner, size;  // on the screen
  double row = 0;       // at the upper edge, in weights
  double column = 0;    // at the left edge
  float cell = 1;       // pixels a weight, downwards
  float wide = cell;    // and across
  float x(double key) const {
    return corner.x + static_cast<float>((key - column) * static_cast<double>(wide));
  }
  float y(double query) const {
    return corner.y + static_cast<float>((query - row) * static_cast<double>(cell));
  }
};

class TiledMap {
 public:
  // Draws into the current window, clipped to the place. A map of some hundred tokens is made in this frame,
  // others in the background: commands.pending() until what is seen is all there. The trace is there, and has
  // the attention of the map's layers.
  void draw(const Frame& frame, const std::shared_ptr<const Trace>& trace, const DrawnMap& map,
            const MapPlace& place, Commands& commands);

  // One weight as it is drawn; nothing while its tile of the finest level is not there, or where it is
  // masked.
  std::optional<float> value(std::int64_t query, std::int64_t key) const;
  // The largest value that a cell can have, in magnitude.
  double most() const { return tiles_ ? tiles_->most() : 1.0; }
  // How far what is being made has come; nothing when all is there.
  std::optional<float> progress() const;
  const std::string& error() const { return in_language(error_); }
  void again() { worker_.again(); }  // after an error
  // For tests: the tiles of the current map.
  const MapTiles* tiles() const { return tiles_.get(); }

 private:
  struct Request {
    std::shared_ptr<MapTiles> tiles;
    TileRange range;
    bool operator==(const Request&) const = default;
  };
  struct Slot {
    int number = 0;
    int frame = 0;  // that drew it last
  };
  // A part of a tile, and where it belongs.
  struct Quad {
    ImVec2 from, to;
    ImVec2 first_cell, last_cell;  // in the tile
    int slot = 0;
  };
  using Tile = std::shared_ptr<const MapTile>;

  void follow(const Frame& frame, const std::shared_ptr<const Trace>& trace, const DrawnMap& map);
  TileRange visible(const MapPlace& place) const;
  bool is_there(const MapTiles& tiles, const TileRange& range) const;
  void request(const TileRange& range, Commands& commands);
  bool collect(const MapTiles& tiles, const MapPlace& place, const TileId& id, std::vector<Quad>& quads);
  int slot_of(const Tile& tile);
  std::vector<float> as_drawn(const MapTile& tile) const;

  std::weak_ptr<const Trace> trace_;  // of tiles_
  std::string device_;
  std::shared_ptr<Backend> backend_;        // the worker's
  std::shared_ptr<Backend> quick_backend_;  // of this thread, for small maps
  std::shared_ptr<MapTiles> tiles_;
  std::shared_ptr<const MapTiles> before_;  // what was shown before, until there is something to show
  HeatmapTexture texture_;
  std::map<Tile, Slot> slots_;
  int side_ = 0;           // slots along each edge of the texture
  int parts_number_ = -1;  // of the texture that slots_ are in
  MapScale scale_ = MapScale::linear;
  double most_ = 1.0;       // that the slots were drawn with
  int uploads_ = 0;         // in this frame
  bool all_drawn_ = false;  // what is seen is all there, at its own level
  Bilingual error_;
  Background<Request, bool> worker_{[](const Request& request, const Progress& progress) {
    request.tiles->make(request.range, [&](float share) { progress.report(share); });
    return true;
  }};
};

}  // namespace headlight
