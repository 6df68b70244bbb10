// Where each head's thumbnail lies: as large as fits, layers down or across, whichever gives larger ones; or
// in an order of their own, from left to right and down.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "imgui.h"

namespace headlight {

struct WallLayout {
  bool layers_across = false;  // layers along x and heads along y
  float thumbnail = 0;         // edge in pixels
  float step = 0;              // from one thumbnail to the next
  float step_down = 0;         // from one row of them to the next: with an order there are words between
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  ImVec2 origin;  // of the first thumbnail, relative to the wall's corner
  ImVec2 extent;  // of all, labels included; may be larger than the room: then it scrolls

  // With an order: the heads as layer * heads + head, and which place each has. Empty: as the model has them.
  std::vector<std::int64_t> order, places;
  std::int64_t across = 0;  // thumbnails in a row of the order

  bool is_ordered() const { return !order.empty(); }
  std::int64_t columns() const { return is_ordered() ? across : layers_across ? layers : heads; }
  std::int64_t rows() const {
    return is_ordered() ? (layers * heads + across - 1) / across : layers_across ? heads : layers;
  }
  // Of a head, relative to the wall's corner.
  ImVec2 corner(std::int64_t layer, std::int64_t head) const;
  // The head at a place relative to the wall's corner, as {layer, head}; the gaps belong to their left and
  // upper head.
  std::optional<std::pair<std::int64_t, std::int64_t>> at(ImVec2 place) const;
};

// `cells`: along each edge of a thumbnail. Where there is room, a thumbnail is a whole multiple of it.
WallLayout wall_layout(ImVec2 room, std::int64_t layers, std::int64_t heads, std::int64_t cells,
                       float font_size);

// `order`: every head once, as layer * heads + head. A line of small type fits under each thumbnail; what is
// too high for the room scrolls.
WallLayout ordered_wall_layout(ImVec2 room, std::int64_t layers, std::int64_t heads,
                               std::vector<std::int64_t> order, float font_size);

}  // namespace headlight
