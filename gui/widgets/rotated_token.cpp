#include "gui/widgets/rotated_token.h"

#include <fmt/format.h>

#include <cmath>

#include "gui/theme.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {

void add_rotated_token(ImDrawList& list, ImVec2 start, float angle, ImU32 color, const std::string& token,
                       std::optional<std::int64_t> position, float room) {
  const std::string words = shortened(token, room - token_label_width("", position) + 0.5F);
  add_rotated_text(list, start, angle, color, words);
  if (!position) return;
  const float size = ImGui::GetFontSize();
  // Behind the token and below its middle line, both of which are turned.
  const float along = ImGui::CalcTextSize(words.c_str()).x + size * 0.1F;
  const float below = size * (subscript_drop + subscript_size * 0.5F - 0.5F);
  const float cosine = std::cos(angle), sine = std::sin(angle);
  const ImVec2 behind(start.x + along * cosine + below * sine, start.y - along * sine + below * cosine);
  ImGui::PushFont(nullptr, ImGui::GetStyle().FontSizeBase * subscript_size);
  add_rotated_text(list, behind, angle, color, fmt::format("{}", *position));
  ImGui::PopFont();
}

}  // namespace headlight
