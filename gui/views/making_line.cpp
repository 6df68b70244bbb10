// Words, a thin bar, and a word to click.
#include "gui/views/making_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/segmented.h"
#include "imgui.h"

namespace headlight {

MakingClick draw_making_line(float fraction, bool stopped, const std::string& error) {
  if (!error.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
    ImGui::TextWrapped("%s", error.c_str());
    ImGui::PopStyleColor();
    return MakingClick::none;
  }
  const float em = ImGui::GetFontSize();
  MakingClick click = MakingClick::none;
  const Segment button{text(stopped ? "attention.again" : "attention.cancel"), ""};
  if (toggle("##making", button, false)) click = stopped ? MakingClick::again : MakingClick::cancel;
  ImGui::SameLine(0, em * 0.8F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float width = em * 8;
  const float middle = corner.y + em * 0.87F;
  if (!stopped) {
    list->AddRectFilled(ImVec2(corner.x, middle - em * 0.08F), ImVec2(corner.x + width, middle + em * 0.08F),
                        palette().grid, em * 0.08F);
    list->AddRectFilled(ImVec2(corner.x, middle - em * 0.08F),
                        ImVec2(corner.x + width * std::clamp(fraction, 0.02F, 1.0F), middle + em * 0.08F),
                        palette().attention, em * 0.08F);
  }
  const std::string words =
      stopped ? text("attention.stopped")
              : fmt::format("{} {:.0f}%", text("attention.making"), static_cast<double>(fraction) * 100.0);
  list->AddText(ImVec2(corner.x + (stopped ? 0 : width + em * 0.6F), corner.y + em * 0.37F), palette().muted,
                words.c_str());
  ImGui::Dummy(ImVec2(width + em * 0.6F + ImGui::CalcTextSize(words.c_str()).x, em * 1.75F));
  return click;
}

}  // namespace headlight
