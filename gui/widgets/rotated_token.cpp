#include "gui/widgets/rotated_token.h"

#include <fmt/format.h>

#include <cmath>

#include "gui/theme.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/small_mark.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {

void add_rotated_token(ImDrawList& list, ImVec2 start, float angle, ImU32 color, const std::string& token,
                       std::optional<std::int64_t> position, float room, ImU32 position_color) {
  const std::string words = shortened(token, room - token_label_width("", position) + 0.5F);
  // Turned strokes are blended with the ground on all sides: somewhat darker than their accent, or lighter.
  if (mark_enlargement(words) > 1.0F) {  // a mark alone is a speck when it leans: it stands upright
    add_piece(list, ImVec2(start.x - piece_width(words) * 0.5F, start.y - ImGui::GetFontSize() * 1.15F),
              color, words);
  } else {
    add_rotated_text(list, start, angle, mix(color, palette().text, 0.15F), words);
  }
  if (!position) return;
  // Behind the token and below its middle line, both of which are turned.
  const float type = subscript_type();
  const float along = ImGui::CalcTextSize(words.c_str()).x + subscript_gap();
  const float below = subscript_drop() + (type - ImGui::GetFontSize()) * 0.5F;
  const float cosine = std::cos(angle), sine = std::sin(angle);
  const ImVec2 behind(start.x + along * cosine + below * sine, start.y - along * sine + below * cosine);
  ImGui::PushFont(nullptr, ImGui::GetStyle().FontSizeBase * type / ImGui::GetFontSize());
  add_rotated_text(list, behind, angle, position_color, fmt::format("{}", *position));
  ImGui::PopFont();
}

}  // namespace headlight
