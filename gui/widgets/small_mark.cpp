// Marks grow from the line that they stand on, the dot of a space from its middle.
#include "gui/widgets/small_mark.h"

#include <cmath>
#include <string_view>

namespace headlight {

float mark_enlargement(const std::string& piece) {
  constexpr std::string_view marks = "·.,'`:;";
  return !piece.empty() && marks.find(piece) != std::string_view::npos ? 1.5F : 1.0F;
}

void add_piece(ImDrawList& list, ImVec2 at, ImU32 color, const std::string& piece) {
  const float larger = mark_enlargement(piece), size = ImGui::GetFontSize();
  if (larger == 1.0F) return list.AddText(at, color, piece.c_str());
  ImFont* font = ImGui::GetFont();
  // Text begins at whole pixels, and a face's rise above its line is a whole number of them in every size.
  const float line = std::floor(at.y) + ImGui::GetFontBaked()->Ascent;
  // A comma's tail must not reach the line below.
  const float middle = piece == "·"                   ? size * 0.35F * (larger - 1.0F)
                       : piece == "," || piece == ";" ? -size * 0.12F
                                                      : 0.0F;
  list.AddText(font, size * larger, ImVec2(at.x, line - font->GetFontBaked(size * larger)->Ascent + middle),
               color, piece.c_str());
}

float piece_width(const std::string& piece) {
  return ImGui::CalcTextSize(piece.c_str()).x * mark_enlargement(piece);
}

}  // namespace headlight
