// One colour, one way of wrapping.
#include "gui/widgets/muted_text.h"

#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui.h"

namespace headlight {

void muted_text(const std::string& words) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s", words.c_str());
  ImGui::PopStyleColor();
}

void small_muted_text(const std::string& words, float relative_size) {
  const ScopedFont small(fonts().body, relative_size);
  muted_text(words);
}

}  // namespace headlight
