// Pills on a common ground; the chosen one is raised.
#include "gui/widgets/segmented.h"

#include "gui/theme.h"
#include "imgui.h"

namespace headlight {
namespace {

float padding() { return ImGui::GetFontSize() * 0.65F; }
float height() { return ImGui::GetFontSize() * 1.75F; }

float pill_width(const Segment& segment) {
  return ImGui::CalcTextSize(segment.label.c_str()).x + 2 * padding();
}

// One pill at the cursor; returns whether it was clicked.
bool pill(const char* id, const Segment& segment, bool on, ImU32 ground) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 size(pill_width(segment), height());
  const bool clicked = ImGui::InvisibleButton(id, size, ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  const ImVec2 opposite(corner.x + size.x, corner.y + size.y);
  const float rounding = ImGui::GetStyle().FrameRounding;
  const float inset = ImGui::GetFontSize() * 0.12F;
  if (on || hovered) {
    list->AddRectFilled(
        ImVec2(corner.x + inset, corner.y + inset), ImVec2(opposite.x - inset, opposite.y - inset),
        on ? mix(ground, palette().query, 0.30F) : mix(ground, palette().query, 0.12F), rounding);
  }
  const ImVec2 text_size = ImGui::CalcTextSize(segment.label.c_str());
  list->AddText(ImVec2(corner.x + padding(), corner.y + (size.y - text_size.y) * 0.5F),
                on || hovered ? palette().text : palette().muted, segment.label.c_str());
  if (!segment.tooltip.empty()) ImGui::SetItemTooltip("%s", segment.tooltip.c_str());
  return clicked;
}

void draw_ground(float width) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height()),
                                            palette().raised, ImGui::GetStyle().FrameRounding);
}

}  // namespace

float segmented_width(std::span<const Segment> segments) {
  float width = 0;
  for (const Segment& segment : segments) width += pill_width(segment);
  return width;
}

std::optional<std::size_t> segmented(const char* id, std::span<const Segment> segments,
                                     std::size_t selected) {
  std::optional<std::size_t> chosen;
  ImGui::PushID(id);
  ImGui::BeginGroup();
  draw_ground(segmented_width(segments));
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i > 0) ImGui::SameLine(0, 0);
    ImGui::PushID(static_cast<int>(i));
    if (pill("##pill", segments[i], i == selected, palette().raised) && i != selected) chosen = i;
    ImGui::PopID();
  }
  ImGui::EndGroup();
  ImGui::PopID();
  return chosen;
}

void next_in_line(float width, float gap) {
  const float left = ImGui::GetItemRectMax().x + gap;
  const float edge = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  if (left + width <= edge) ImGui::SameLine(0, gap);
}

bool toggle(const char* id, const Segment& segment, bool on) {
  draw_ground(pill_width(segment));
  return pill(id, segment, on, palette().raised);
}

float toggle_width(const Segment& segment) { return pill_width(segment); }

}  // namespace headlight
