// From a place on the screen to tiles, slots of one texture, and quads of one draw call.
#include "gui/views/tiled_map.h"

#include <algorithm>
#include <cmath>

#include "core/session/devices.h"
#include "gui/theme.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

// Maps of so many weights are made within a frame (a millisecond or two).
constexpr std::int64_t most_at_once = 512 * 512;
constexpr std::int64_t most_quads = 48;
constexpr int largest_side = 8;             // 64 slots: 2,048 × 2,048 cells
constexpr int most_uploads_in_a_frame = 6;  // a fifth of a millisecond each

std::int64_t divided_up(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }

// Several heads, and lengths of values, take longer.
bool is_quick(const MapTiles& tiles, std::int64_t heads) {
  const DrawnMap& map = tiles.map();
  const std::int64_t weights = tiles.queries() * tiles.keys() * (map.merge == HeadMerge::one ? 1 : heads);
  return weights <= most_at_once && !map.value_weighted;
}

}  // namespace

void TiledMap::follow(const Frame& frame, const std::shared_ptr<const Trace>& trace, const DrawnMap& map) {
  if (device_ != frame.device) {
    device_ = frame.device;
    backend_.reset();
    quick_backend_.reset();
  }
  const bool same = tiles_ && trace_.lock() == trace && tiles_->map() == map && backend_;
  if (same) return;
  if (!backend_) backend_ = make_view_backend(device_, 0);
  if (!quick_backend_) quick_backend_ = make_view_backend(device_, 1);
  // While typing, the same map of the text before stands until the new one is there.
  if (tiles_ && tiles_->map() == map && tiles_->has_base()) before_ = tiles_;
  if (tiles_ && !(tiles_->map() == map)) before_.reset();
  const std::int64_t heads = trace->model().architecture.heads;
  tiles_ = std::make_shared<MapTiles>(trace, backend_, map);
  if (is_quick(*tiles_, heads)) {
    tiles_ = std::make_shared<MapTiles>(trace, quick_backend_, map);
    tiles_->make({}, [](float) {});
  }
  trace_ = trace;
  error_ = {};
}

// The finest level whose cells are at least a pixel, and which is not too many tiles.
TileRange TiledMap::visible(const MapPlace& place) const {
  TileRange range;
  const auto rows = static_cast<double>(place.size.y) / static_cast<double>(place.cell);
  const auto columns = static_cast<double>(place.size.x) / static_cast<double>(place.wide);
  for (range.level = 0; range.level <= tiles_->coarsest(); ++range.level) {
    const auto span = static_cast<double>(tile_side << range.level);
    range.first_row = static_cast<std::int64_t>(place.row / span);
    range.first_column = static_cast<std::int64_t>(place.column / span);
    range.last_row = std::min(static_cast<std::int64_t>(std::ceil((place.row + rows) / span)),
                              divided_up(tiles_->queries(), tile_side << range.level));
    range.last_column = std::min(static_cast<std::int64_t>(std::ceil((place.column + columns) / span)),
                                 divided_up(tiles_->keys(), tile_side << range.level));
    const bool fine = place.cell * static_cast<float>(1 << range.level) >= 0.999F;
    const std::int64_t quads = (range.last_row - range.first_row) * (range.last_column - range.first_column);
    if (fine && quads <= most_quads) return range;
  }
  --range.level;
  return range;
}

bool TiledMap::is_there(const MapTiles& tiles, const TileRange& range) const {
  for (std::int64_t row = range.first_row; row < range.last_row; ++row) {
    for (std::int64_t column = range.first_column; column < range.last_column; ++column) {
      const TileId id{range.level, row, column};
      if (!tiles.is_masked(id) && !tiles.find(id)) return false;
    }
  }
  return true;
}

void TiledMap::request(const TileRange& range, Commands& commands) {
  if (is_there(*tiles_, range)) return;
  const Request wanted{tiles_, range};
  worker_.want(wanted);
  if (worker_.pending()) {
    commands.pending();
    return;
  }
  if (const auto done = worker_.done(); done && done->key == wanted) error_ = done->error;
}

// What a texture holds: masked and broken cells as map_scale.h has them, others between 0 and 1.
std::vector<float> TiledMap::as_drawn(const MapTile& tile) const {
  std::vector<float> cells(tile.size());
  const bool is_signed = tiles_->map().other.has_value();
  const float share = most_ > 0.0 ? static_cast<float>(1.0 / most_) : 1.0F;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const float value = tile[i];
    if (value == no_weight) {
      cells[i] = masked_cell;
    } else if (is_signed) {
      cells[i] = signed_cell(scale_, value * share);
    } else {
      cells[i] = most_ == 1.0 ? value : value * share;
    }
  }
  return cells;
}

// The texture's slot that shows a tile; -1 when it has to wait for a later frame.
int TiledMap::slot_of(const Tile& tile) {
  const int now = ImGui::GetFrameCount();
  if (const auto found = slots_.find(tile); found != slots_.end()) {
    found->second.frame = now;
    return found->second.number;
  }
  if (uploads_ >= most_uploads_in_a_frame) return -1;
  int number = static_cast<int>(slots_.size());
  if (number >= side_ * side_) {
    const auto oldest = std::min_element(
        slots_.begin(), slots_.end(),
        [](const auto& one, const auto& other) { return one.second.frame < other.second.frame; });
    if (oldest->second.frame == now) return -1;
    number = oldest->second.number;
    slots_.erase(oldest);
  }
  slots_[tile] = {number, now};
  constexpr int edge = static_cast<int>(tile_side);
  texture_.set_part(number % side_ * edge, number / side_ * edge, edge, edge, as_drawn(*tile));
  ++uploads_;
  return number;
}

// The best picture there is of one tile's place; whether it is the tile itself.
bool TiledMap::collect(const MapTiles& tiles, const MapPlace& place, const TileId& id,
                       std::vector<Quad>& quads) {
  const std::int64_t span = tile_side << id.level;
  const std::int64_t first_row = id.row * span, first_column = id.column * span;
  const std::int64_t last_row = std::min(first_row + span, tiles.queries());
  const std::int64_t last_column = std::min(first_column + span, tiles.keys());
  for (int level = id.level; level <= tiles.coarsest(); ++level) {
    const int up = level - id.level;
    Tile tile = tiles.find({level, id.row >> up, id.column >> up});
    const bool is_preview = !tile && level == tiles.coarsest();
    if (is_preview) tile = tiles.preview();
    if (!tile) continue;
    const int slot = slot_of(tile);
    if (slot < 0) continue;
    const auto cell_size = static_cast<float>(std::int64_t{1} << level);
    const auto in_tile = [&](std::int64_t at, std::int64_t tile_number) {
      return static_cast<float>(at - tile_number * (tile_side << level)) / cell_size;
    };
    quads.push_back({{place.x(static_cast<double>(first_column)), place.y(static_cast<double>(first_row))},
                     {place.x(static_cast<double>(last_column)), place.y(static_cast<double>(last_row))},
                     {in_tile(first_column, id.column >> up), in_tile(first_row, id.row >> up)},
                     {in_tile(last_column, id.column >> up), in_tile(last_row, id.row >> up)},
                     slot});
    return up == 0 && !is_preview;
  }
  return false;
}

void TiledMap::draw(const Frame& frame, const std::shared_ptr<const Trace>& trace, const DrawnMap& map,
                    const MapPlace& place, Commands& commands) {
  follow(frame, trace, map);
  const TileRange range = visible(place);
  request(range, commands);
  const bool is_new = tiles_->preview() || tiles_->find({tiles_->coarsest(), 0, 0});
  if (is_new) before_.reset();
  const MapTiles& shown = before_ ? *before_ : *tiles_;
  // Differences are scaled on the way into the texture, and lengths have a unit of their own.
  const MapScale scale = frame.document.map_scale;
  texture_.set_scale(map.other ? MapScale::linear : scale,
                     map.other ? ColorMap::diverging : sequential_map());
  const std::int64_t tiles = (range.last_row - range.first_row) * (range.last_column - range.first_column);
  int side = 2;
  while (side < largest_side && side * side < tiles + 4) side *= 2;
  constexpr int edge = static_cast<int>(tile_side);
  if (side > side_) {
    side_ = side;
    texture_.make_room(side_ * edge, side_ * edge);
  }
  if (texture_.parts_number() != parts_number_ || (map.other && scale != scale_) || most_ != shown.most())
    slots_.clear();
  parts_number_ = texture_.parts_number();
  scale_ = scale;
  most_ = shown.most();
  uploads_ = 0;
  all_drawn_ = true;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRect(place.corner, ImVec2(place.corner.x + place.size.x, place.corner.y + place.size.y), true);
  std::vector<Quad> quads;
  for (std::int64_t row = range.first_row; row < range.last_row; ++row) {
    for (std::int64_t column = range.first_column; column < range.last_column; ++column) {
      const TileId id{range.level, row, column};
      const double span = static_cast<double>(tile_side << id.level);
      const double bottom =
          std::min((static_cast<double>(row) + 1) * span, static_cast<double>(tiles_->queries()));
      const double right =
          std::min((static_cast<double>(column) + 1) * span, static_cast<double>(tiles_->keys()));
      const ImVec2 from(place.x(static_cast<double>(column) * span),
                        place.y(static_cast<double>(row) * span));
      const ImVec2 to(place.x(right), place.y(bottom));
      const bool masked = tiles_->is_masked(id);
      const std::size_t before = quads.size();
      if (!masked && !collect(shown, place, id, quads)) all_drawn_ = false;
      if (quads.size() == before)
        list.AddRectFilled(from, to, cell_color(scale, masked ? masked_cell : unknown_cell));
    }
  }
  if (!quads.empty() && texture_.begin(list)) {
    for (const Quad& quad : quads) {
      const ImVec2 at(static_cast<float>(quad.slot % side_ * edge),
                      static_cast<float>(quad.slot / side_ * edge));
      texture_.add(list, quad.from, quad.to, ImVec2(at.x + quad.first_cell.x, at.y + quad.first_cell.y),
                   ImVec2(at.x + quad.last_cell.x, at.y + quad.last_cell.y));
    }
    texture_.end(list);
  }
  list.PopClipRect();
  if (before_) all_drawn_ = false;
  if (uploads_ >= most_uploads_in_a_frame) commands.pending();
}

std::optional<float> TiledMap::value(std::int64_t query, std::int64_t key) const {
  if (!tiles_) return std::nullopt;
  const Tile tile = tiles_->find({0, query / tile_side, key / tile_side});
  if (!tile) return std::nullopt;
  const float found = (*tile)[static_cast<std::size_t>(query % tile_side * tile_side + key % tile_side)];
  return found == no_weight ? std::nullopt : std::optional(found);
}

std::optional<float> TiledMap::progress() const {
  return all_drawn_ || !worker_.pending() ? std::nullopt : std::optional(worker_.fraction());
}

}  // namespace headlight
