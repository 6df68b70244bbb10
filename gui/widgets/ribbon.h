// Shapes of flow pictures: ribbons between two edges, and a vector as a row of coloured cells.
#pragma once

#include <span>
#include <string_view>

#include "imgui.h"

namespace headlight {

// One end of a ribbon: a vertical edge and its colour there.
struct RibbonEnd {
  float x = 0, top = 0, bottom = 0;
  ImU32 color = 0;
};

// A band from one edge to another that leaves and arrives horizontally, with soft borders.
void add_ribbon(ImDrawList& list, const RibbonEnd& from, const RibbonEnd& to);

// Values on the diverging map, one cell beside the other; `range` is at the ends of the map. `alpha` < 1 lets
// the background through.
void add_cells(ImDrawList& list, ImVec2 min, ImVec2 max, std::span<const float> values, float range,
               float alpha);

// Words at a point: `align` 0 starts there, 0.5 is centred, 1 ends there. `size` in units of the current font
// size.
float add_label(ImDrawList& list, ImFont* font, float size, ImVec2 at, float align, ImU32 color,
                std::string_view words);
float label_width(ImFont* font, float size, std::string_view words);

}  // namespace headlight
