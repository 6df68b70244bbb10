// Turns the vertices that ImGui made for straight text.
#include "gui/widgets/rotated_text.h"

#include <cmath>

namespace headlight {

void add_rotated_text(ImDrawList& list, ImVec2 start, float angle, ImU32 color, const std::string& text) {
  const int first = list.VtxBuffer.Size;
  const float half = ImGui::GetFontSize() * 0.5F;
  // Glyphs outside the clip rectangle would be left out before they are turned: so there is none here, and
  // the rectangle in force clips what was turned.
  const ImVec4 everywhere(-1e9F, -1e9F, 1e9F, 1e9F);
  ImGui::GetFont()->RenderText(&list, ImGui::GetFontSize(), ImVec2(start.x, start.y - half), color,
                               everywhere, text.c_str(), text.c_str() + text.size());
  const float cosine = std::cos(angle);
  const float sine = std::sin(angle);
  for (int i = first; i < list.VtxBuffer.Size; ++i) {
    ImVec2& at = list.VtxBuffer[i].pos;
    const ImVec2 from(at.x - start.x, at.y - start.y);
    at = ImVec2(start.x + from.x * cosine + from.y * sine, start.y - from.x * sine + from.y * cosine);
  }
}

std::string fitted_text(const std::string& text, float width) {
  if (ImGui::CalcTextSize(text.c_str()).x <= width) return text;
  const float room = width - ImGui::CalcTextSize("…").x;
  std::size_t end = text.size();
  while (end > 0) {
    --end;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    if (ImGui::CalcTextSize(text.c_str(), text.c_str() + end).x <= room) break;
  }
  return text.substr(0, end) + "…";
}

}  // namespace headlight
