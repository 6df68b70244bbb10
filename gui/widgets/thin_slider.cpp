// ImGui's slider does the work, unseen; the track is ours.
#include "gui/widgets/thin_slider.h"

#include <algorithm>
#include <cstdio>

#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

bool unseen_slider(const char* id, const SliderRange& range, double& value) {
  const bool typing = ImGui::TempInputIsActive(ImGui::GetID(id));
  int pushed = 0;
  if (!typing) {
    for (const ImGuiCol color :
         {ImGuiCol_FrameBg, ImGuiCol_FrameBgHovered, ImGuiCol_FrameBgActive, ImGuiCol_SliderGrab,
          ImGuiCol_SliderGrabActive, ImGuiCol_Text, ImGuiCol_Border}) {
      ImGui::PushStyleColor(color, 0);
      ++pushed;
    }
  }
  const bool changed = ImGui::SliderScalar(id, ImGuiDataType_Double, &value, &range.least, &range.most,
                                           range.format, ImGuiSliderFlags_AlwaysClamp);
  ImGui::PopStyleColor(pushed);
  return changed;
}

void draw_track(double part) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 from = ImGui::GetItemRectMin();
  const ImVec2 to = ImGui::GetItemRectMax();
  const float font = ImGui::GetFontSize();
  const bool held = ImGui::IsItemActive();
  const bool hovered = held || ImGui::IsItemHovered();
  const float middle = (from.y + to.y) * 0.5F;
  const float line = std::max(2.0F, font * 0.16F);
  const float knob = font * (held ? 0.42F : 0.36F);
  const float left = from.x + knob;
  const float right = std::max(left, to.x - knob);
  const float at = left + (right - left) * static_cast<float>(std::clamp(part, 0.0, 1.0));
  list->AddRectFilled(ImVec2(left, middle - line * 0.5F), ImVec2(right, middle + line * 0.5F), palette().grid,
                      line);
  list->AddRectFilled(ImVec2(left, middle - line * 0.5F), ImVec2(at, middle + line * 0.5F),
                      palette().probability, line);
  list->AddCircleFilled(ImVec2(at, middle), knob, hovered ? palette().text : palette().probability);
  list->AddCircleFilled(ImVec2(at, middle), knob * 0.62F, palette().panel);
}

}  // namespace

bool thin_slider(const char* id, const std::string& label, const std::string& shown,
                 const std::string& tooltip, const SliderRange& range, float label_width, double& value) {
  const float font = ImGui::GetFontSize();
  const float value_width = font * 3.0F;
  const float start = ImGui::GetCursorPosX();
  const float right = start + ImGui::GetContentRegionAvail().x;
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(font * 0.2F, font * 0.18F));
  ImGui::AlignTextToFramePadding();
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(label.c_str());
  ImGui::PopStyleColor();
  ImGui::SetItemTooltip("%s", tooltip.c_str());
  ImGui::SameLine(start + label_width);
  ImGui::SetNextItemWidth(std::max(font * 3.0F, right - start - label_width - value_width));
  const bool changed = unseen_slider(id, range, value);
  const bool typing = ImGui::TempInputIsActive(ImGui::GetItemID());
  if (!typing) draw_track((value - range.least) / (range.most - range.least));
  ImGui::SetItemTooltip("%s", tooltip.c_str());
  char number[32];
  std::snprintf(number, sizeof number, range.format, value);
  const std::string words = shown.empty() ? std::string(number) : shown;
  const ScopedFont mono(shown.empty() ? fonts().mono : fonts().body, 0.92F);
  ImGui::SameLine(std::max(right - ImGui::CalcTextSize(words.c_str()).x, start + label_width));
  ImGui::PushStyleColor(ImGuiCol_Text, shown.empty() ? palette().text : palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  return changed;
}

}  // namespace headlight
