// The arrow is drawn into the window that the field is in, not into its list.
#include "gui/widgets/combo.h"

#include "gui/theme.h"
#include "imgui.h"

namespace headlight {

bool begin_combo(const char* id, const std::string& chosen) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float em = ImGui::GetFontSize();
  const ImVec2 arrow(corner.x + ImGui::CalcItemWidth() - em * 0.85F,
                     corner.y + ImGui::GetFrameHeight() * 0.5F);
  const bool open =
      ImGui::BeginCombo(id, chosen.c_str(), ImGuiComboFlags_HeightLarge | ImGuiComboFlags_NoArrowButton);
  list->AddTriangleFilled(ImVec2(arrow.x - em * 0.24F, arrow.y - em * 0.13F),
                          ImVec2(arrow.x + em * 0.24F, arrow.y - em * 0.13F),
                          ImVec2(arrow.x, arrow.y + em * 0.2F), palette().muted);
  return open;
}

}  // namespace headlight
