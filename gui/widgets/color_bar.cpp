// Sixty-four pieces, each shaded from one colour of the table to the next.
#include "gui/widgets/color_bar.h"

#include <algorithm>

#include "gui/fonts.h"
#include "gui/theme.h"
#include "gui/widgets/ribbon.h"

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

float add_signed_legend(ImDrawList& list, ImVec2 end, float bar, const std::string& limit, ImU32 ink,
                        Beyond beyond) {
  constexpr float type = smallest_words;
  const float em = ImGui::GetFontSize(), gap = em * 0.4F;
  const float right =
      end.x - add_label(list, fonts().body, type, end, 1, ink, (beyond.high ? "≥ +" : "+") + limit) - gap;
  const float left = right - bar;
  add_color_bar(list, ImVec2(left, end.y + em * 0.13F), ImVec2(right, end.y + em * 0.68F),
                ColorMap::diverging);
  return left - gap -
         add_label(list, fonts().body, type, ImVec2(left - gap, end.y), 1, ink,
                   (beyond.low ? "≤ −" : "−") + limit);
}

}  // namespace headlight
