// Sixty-four pieces, each shaded from one colour of the table to the next.
#include "gui/widgets/color_bar.h"

#include <algorithm>

#include "gui/theme.h"

namespace headlight {

void add_color_bar(ImDrawList& list, ImVec2 corner, ImVec2 opposite, ColorMap map) {
  constexpr std::size_t pieces = 64;
  const auto& table = color_table(map);
  const float width = opposite.x - corner.x;
  for (std::size_t i = 0; i < pieces; ++i) {
    const float from = corner.x + width * static_cast<float>(i) / static_cast<float>(pieces);
    const float to = corner.x + width * static_cast<float>(i + 1) / static_cast<float>(pieces);
    const ImU32 left = table[i * 4];
    const ImU32 right = table[std::min<std::size_t>((i + 1) * 4, 255)];
    list.AddRectFilledMultiColor(ImVec2(from, corner.y), ImVec2(to, opposite.y), left, right, right, left);
  }
  list.AddRect(corner, opposite, palette().grid, 0, 1);
}

}  // namespace headlight
