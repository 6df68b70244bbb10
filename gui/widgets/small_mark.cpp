// Marks grow from the line that they stand on, the dot of a space from its middle.
#include "gui/widgets/small_mark.h"

#include <string_view>

namespace headlight {
namespace {

// How much larger than other pieces.
float enlargement(const std::string& piece) {
  constexpr std::string_view marks = "·.,'`:;";
  return !piece.empty() && marks.find(piece) != std::string_view::npos ? 1.5F : 1.0F;
}

}  // namespace

void add_piece(ImDrawList& list, ImVec2 at, ImU32 color, const std::string& piece) {
  const float larger = enlargement(piece), size = ImGui::GetFontSize();
  const float kept = ImGui::GetFontBaked()->Ascent - (piece == "·" ? size * 0.35F : 0.0F);
  list.AddText(ImGui::GetFont(), size * larger, ImVec2(at.x, at.y - kept * (larger - 1.0F)), color,
               piece.c_str());
}

float piece_width(const std::string& piece) {
  return ImGui::CalcTextSize(piece.c_str()).x * enlargement(piece);
}

}  // namespace headlight
