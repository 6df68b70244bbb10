// The corner goes up by what the mark grows above its line.
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
  const float ascent = ImGui::GetFontBaked()->Ascent;
  list.AddText(ImGui::GetFont(), size * larger, ImVec2(at.x, at.y - ascent * (larger - 1.0F)), color,
               piece.c_str());
}

float piece_width(const std::string& piece) {
  return ImGui::CalcTextSize(piece.c_str()).x * enlargement(piece);
}

}  // namespace headlight
