// Labels muted, values in the number face.
#include "gui/widgets/facts.h"

#include <algorithm>

#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui.h"

namespace headlight {

void facts_tooltip(const std::string& heading, const Facts& facts, const std::string& sentence) {
  if (!ImGui::BeginTooltip()) return;
  const float font = ImGui::GetFontSize();
  ImGui::PushTextWrapPos(font * 24.0F);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(font * 0.4F, font * 0.22F));  // a list may have none
  if (!heading.empty()) {
    const ScopedFont strong(fonts().strong, 1.15F);
    ImGui::TextUnformatted(heading.c_str());
  }
  float column = 0.0F;
  for (const auto& fact : facts) column = std::max(column, ImGui::CalcTextSize(fact.first.c_str()).x);
  for (const auto& [label, value] : facts) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(label.c_str());
    ImGui::PopStyleColor();
    ImGui::SameLine(ImGui::GetStyle().WindowPadding.x + column + font);
    const ScopedFont mono(fonts().mono, 0.95F);
    ImGui::TextUnformatted(value.c_str());
  }
  if (!sentence.empty()) {
    ImGui::Spacing();
    ImGui::TextUnformatted(sentence.c_str());
  }
  ImGui::PopStyleVar();
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

}  // namespace headlight
