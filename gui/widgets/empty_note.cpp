// Centres a wrapped sentence a little above the middle.
#include "gui/widgets/empty_note.h"

#include <algorithm>
#include <string>

#include "gui/strings.h"
#include "gui/theme.h"
#include "imgui.h"

namespace headlight {

void draw_empty_note(const char* key) {
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const std::string& words = text(key);
  const float width = std::min(room.x, ImGui::GetFontSize() * 26);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str(), nullptr, false, width);
  const ImVec2 cursor = ImGui::GetCursorPos();
  ImGui::SetCursorPos(ImVec2(cursor.x + std::max(0.0F, (room.x - size.x) * 0.5F),
                             cursor.y + std::max(0.0F, (room.y - size.y) * 0.4F)));
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

}  // namespace headlight
