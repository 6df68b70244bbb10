// Drawn over what the window holds, beside its scroll bar.
#include "gui/widgets/bottom_fade.h"

#include <algorithm>

#include "gui/theme.h"
#include "imgui_internal.h"

namespace headlight {

void fade_bottom() {
  const ImGuiWindow* window = ImGui::GetCurrentWindow();
  const float hidden = window->ScrollMax.y - window->Scroll.y;
  if (hidden < 1) return;
  const float em = ImGui::GetFontSize();
  const ImRect room = window->InnerRect;
  const float strength = std::min(1.0F, hidden / em);  // the last pixels of the way uncover it
  const float gone = room.Max.y - em * 0.35F * strength, begins = gone - em * 1.25F * strength;
  const ImU32 full = palette().panel, clear = with_alpha(full, 0);
  ImDrawList* list = window->DrawList;
  list->PushClipRect(room.Min, room.Max);
  list->AddRectFilledMultiColor(ImVec2(room.Min.x, begins), ImVec2(room.Max.x, gone), clear, clear, full,
                                full);
  list->AddRectFilled(ImVec2(room.Min.x, gone), room.Max, full);
  list->PopClipRect();
}

}  // namespace headlight
