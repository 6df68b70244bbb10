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
  layout.step_down = layout.step;
  layout.extent = ImVec2(layout.origin.x + layout.step * as_float(layout.columns()),
                         layout.origin.y + layout.step * as_float(layout.rows()));
  return layout;
}

}  // namespace

ImVec2 WallLayout::corner(std::int64_t layer, std::int64_t head) const {
  if (is_ordered()) {
    const std::int64_t place = places[static_cast<std::size_t>(layer * heads + head)];
    return ImVec2(origin.x + step * as_float(place % across),
                  origin.y + step_down * as_float(place / across));
  }
  const float along = step * as_float(layer);
  const float beside = step * as_float(head);
  return layers_across ? ImVec2(origin.x + along, origin.y + beside)
                       : ImVec2(origin.x + beside, origin.y + along);
}

std::optional<std::pair<std::int64_t, std::int64_t>> WallLayout::at(ImVec2 place) const {
  if (step <= 0 || place.x < origin.x || place.y < origin.y) return std::nullopt;
  const auto column = static_cast<std::int64_t>((place.x - origin.x) / step);
  const auto row = static_cast<std::int64_t>((place.y - origin.y) / step_down);
  if (column >= columns() || row >= rows()) return std::nullopt;
  if (is_ordered()) {
    const std::int64_t index = row * across + column;
    if (index >= layers * heads) return std::nullopt;
    const std::int64_t flat = order[static_cast<std::size_t>(index)];
    return std::pair(flat / heads, flat % heads);
  }
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

WallLayout ordered_wall_layout(ImVec2 room, std::int64_t layers, std::int64_t heads,
                               std::vector<std::int64_t> order, float font_size) {
  WallLayout layout;
  layout.layers = layers;
  layout.heads = heads;
  const float gap = std::floor(font_size * 0.5F), words = std::floor(font_size * 1.35F);
  const float smallest = std::floor(font_size * 4.8F);  // "L29 H8 0.83" in small type
  const std::int64_t count = layers * heads;
  // As many in a row as let everything fit, if that leaves them large enough to be told apart.
  for (std::int64_t across = 1; across <= count; ++across) {
    const auto rows = as_float((count + across - 1) / across);
    const float edge =
        std::min({room.x / as_float(across) - gap, room.y / rows - words - gap, font_size * 9.0F});
    if (edge <= layout.thumbnail) continue;
    layout.thumbnail = edge;
    layout.across = across;
  }
  if (layout.thumbnail < smallest) {
    layout.across = std::clamp<std::int64_t>(static_cast<std::int64_t>(room.x / (smallest + gap)), 1, count);
    layout.thumbnail = std::max(smallest, room.x / as_float(layout.across) - gap);
  }
  layout.thumbnail = std::floor(layout.thumbnail);
  layout.step = layout.thumbnail + gap;
  layout.step_down = layout.thumbnail + words + gap;
  layout.places.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    layout.places[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  layout.order = std::move(order);
  layout.extent = ImVec2(layout.step * as_float(layout.across), layout.step_down * as_float(layout.rows()));
  return layout;
}

}  // namespace headlight
