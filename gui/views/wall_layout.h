// Where each head's thumbnail lies: as large as fits, layers down or across, whichever gives larger ones.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "imgui.h"

namespace headlight {

struct WallLayout {
  bool layers_across = false;  // layers along x and heads along y
  float thumbnail = 0;         // edge in pixels
  float step = 0;              // from one thumbnail to the next
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  ImVec2 origin;  // of the first thumbnail, relative to the wall's corner
  ImVec2 extent;  // of all, labels included; may be larger than the room: then it scrolls

  std::int64_t columns() const { return layers_across ? layers : heads; }
  std::int64_t rows() const { return layers_across ? heads : layers; }
  // Of a head, relative to the wall's corner.
  ImVec2 corner(std::int64_t layer, std::int64_t head) const;
  // The head at a place relative to the wall's corner, as {layer, head}; the gaps belong to their left and
  // upper head.
  std::optional<std::pair<std::int64_t, std::int64_t>> at(ImVec2 place) const;
};

// `cells`: along each edge of a thumbnail. Where there is room, a thumbnail is a whole multiple of it.
WallLayout wall_layout(ImVec2 room, std::int64_t layers, std::int64_t heads, std::int64_t cells,
                       float font_size);

}  // namespace headlight
