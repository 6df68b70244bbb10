// Ticks, crosses, links.
#include "gui/widgets/lesson_marks.h"

#include <algorithm>

#include "gui/fonts.h"
#include "gui/theme.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

}  // namespace

void draw_tick(ImDrawList& list, ImVec2 centre, float radius, ImU32 color) {
  const ImVec2 points[3] = {ImVec2(centre.x - radius * 0.5F, centre.y + radius * 0.02F),
                            ImVec2(centre.x - radius * 0.12F, centre.y + radius * 0.4F),
                            ImVec2(centre.x + radius * 0.52F, centre.y - radius * 0.38F)};
  for (int i = 0; i < 2; ++i) list.AddLine(points[i], points[i + 1], color, std::max(1.5F, radius * 0.24F));
}

void draw_cross(ImDrawList& list, ImVec2 centre, float radius, ImU32 color) {
  const float r = radius * 0.4F;
  const float line = std::max(1.5F, radius * 0.22F);
  list.AddLine(ImVec2(centre.x - r, centre.y - r), ImVec2(centre.x + r, centre.y + r), color, line);
  list.AddLine(ImVec2(centre.x - r, centre.y + r), ImVec2(centre.x + r, centre.y - r), color, line);
}

void draw_option_mark(ImDrawList& list, ImVec2 centre, float radius, bool chosen, OptionMark mark) {
  if (mark == OptionMark::none) {
    list.AddCircle(centre, radius, chosen ? palette().query : palette().muted, 0,
                   std::max(1.0F, radius * 0.18F));
    if (chosen) list.AddCircleFilled(centre, radius * 0.55F, palette().query);
    return;
  }
  const bool right = mark == OptionMark::right;
  list.AddCircleFilled(centre, radius * 1.15F, right ? palette().value : palette().warning);
  if (right) {
    draw_tick(list, centre, radius * 1.15F, palette().background);
  } else {
    draw_cross(list, centre, radius * 1.15F, palette().background);
  }
}

void draw_verdict(ReplyKind kind, const std::string& word) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float radius = em() * 0.58F;
  const ImVec2 centre(corner.x + radius, corner.y + em() * 0.7F);
  const ImU32 color = kind == ReplyKind::right   ? palette().value
                      : kind == ReplyKind::wrong ? palette().warning
                                                 : palette().query;
  list->AddCircleFilled(centre, radius, color);
  if (kind == ReplyKind::right) draw_tick(*list, centre, radius, palette().background);
  if (kind == ReplyKind::wrong) draw_cross(*list, centre, radius, palette().background);
  if (kind == ReplyKind::solution) list->AddCircleFilled(centre, radius * 0.35F, palette().background);
  const ScopedFont strong(fonts().strong);
  list->AddText(ImVec2(corner.x + em() * 1.6F, corner.y + em() * 0.2F), palette().text, word.c_str());
  ImGui::Dummy(ImVec2(em() * 1.6F + ImGui::CalcTextSize(word.c_str()).x, em() * 1.4F));
}

void draw_caps(const std::string& words) {
  const ScopedFont small(fonts().strong, 0.8F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

bool draw_link(const char* id, const std::string& words) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool clicked =
      ImGui::InvisibleButton(id, ImVec2(size.x, size.y + em() * 0.15F), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddText(corner, palette().query, words.c_str());
  if (hovered) {
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    const float y = corner.y + size.y;
    list->AddLine(ImVec2(corner.x, y), ImVec2(corner.x + size.x, y), palette().query,
                  std::max(1.0F, em() * 0.06F));
  }
  return clicked;
}

bool draw_close(const char* id, const std::string& tooltip) {
  const float side = em() * 1.3F;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool clicked = ImGui::InvisibleButton(id, ImVec2(side, side), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  if (hovered) ImGui::SetTooltip("%s", tooltip.c_str());
  draw_cross(*ImGui::GetWindowDrawList(), ImVec2(corner.x + side * 0.5F, corner.y + side * 0.5F),
             side * 0.62F, hovered ? palette().text : palette().muted);
  return clicked;
}

}  // namespace headlight
