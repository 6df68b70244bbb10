// Tries both directions and takes the one with the larger thumbnails.
#include "gui/views/wall_layout.h"

#include <algorithm>
#include <cmath>

namespace headlight {
namespace {

float as_float(std::int64_t value) { return static_cast<float>(value); }

WallLayout one_way(ImVec2 room, std::int64_t layers, std::int64_t heads, std::int64_t cells, float font_size,
                   bool across) {
  WallLayout layout;
  layout.layers_across = across;
  layout.layers = layers;
  layout.heads = heads;
  // Labels: "L29" to the left, "H8" on top, in small type; the axis' own name above them.
  layout.origin = ImVec2(std::floor(font_size * 2.1F), std::floor(font_size * 1.25F));
  const float width = (room.x - layout.origin.x) / as_float(layout.columns());
  const float height = (room.y - layout.origin.y) / as_float(layout.rows());
  const float smallest = std::max(6.0F, font_size * 0.4F);
  const float largest = font_size * 9.0F;
  layout.step = std::floor(std::clamp(std::min(width, height), smallest, largest));
  const float gap = std::max(1.0F, std::floor(layout.step * 0.09F));
  layout.thumbnail = layout.step - std::min(gap, std::floor(font_size * 0.35F) + 1.0F);
  const float multiple = std::floor(layout.thumbnail / as_float(cells)) * as_float(cells);
  if (multiple >= layout.thumbnail * 0.8F) {
    layout.step -= layout.thumbnail - multiple;
    layout.thumbnail = multiple;
  }
  layout.extent = ImVec2(layout.origin.x + layout.step * as_float(layout.columns()),
                         layout.origin.y + layout.step * as_float(layout.rows()));
  return layout;
}

}  // namespace

ImVec2 WallLayout::corner(std::int64_t layer, std::int64_t head) const {
  const float along = step * as_float(layer);
  const float beside = step * as_float(head);
  return layers_across ? ImVec2(origin.x + along, origin.y + beside)
                       : ImVec2(origin.x + beside, origin.y + along);
}

std::optional<std::pair<std::int64_t, std::int64_t>> WallLayout::at(ImVec2 place) const {
  if (step <= 0 || place.x < origin.x || place.y < origin.y) return std::nullopt;
  const auto column = static_cast<std::int64_t>((place.x - origin.x) / step);
  const auto row = static_cast<std::int64_t>((place.y - origin.y) / step);
  if (column >= columns() || row >= rows()) return std::nullopt;
  return layers_across ? std::pair(column, row) : std::pair(row, column);
}

WallLayout wall_layout(ImVec2 room, std::int64_t layers, std::int64_t heads, std::int64_t cells,
                       float font_size) {
  cells = std::max<std::int64_t>(cells, 1);
  const WallLayout down = one_way(room, layers, heads, cells, font_size, false);
  const WallLayout across = one_way(room, layers, heads, cells, font_size, true);
  const auto overflow = [room](const WallLayout& layout) {
    return std::max(0.0F, layout.extent.x - room.x) + std::max(0.0F, layout.extent.y - room.y);
  };
  if (overflow(down) != overflow(across)) return overflow(down) < overflow(across) ? down : across;
  return across.thumbnail > down.thumbnail ? across : down;
}

}  // namespace headlight
