#include "gui/widgets/text_field.h"

#include <cstring>

#include "imgui_internal.h"

namespace headlight {

bool keep_field_in_step(ImGuiID id, const std::string& text, bool changed) {
  ImGuiInputTextState* state = ImGui::GetInputTextState(id);
  if (!state || ImGui::GetActiveID() != id) return false;
  if (changed) {
    state->ReloadUserBufAndMoveToEnd();
    state->CursorFollow = true;
  }
  state->TextToRevertTo.resize(static_cast<int>(text.size()) + 1);
  std::memcpy(state->TextToRevertTo.Data, text.c_str(), text.size() + 1);
  return true;
}

}  // namespace headlight
