// Pills on a common ground; the chosen one is raised. They go on in a new line where there is no room, and a
// word that is wider than the room ends with an ellipsis.
#include "gui/widgets/segmented.h"

#include <algorithm>
#include <vector>

#include "gui/theme.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float padding() { return ImGui::GetFontSize() * 0.65F; }
float height() { return ImGui::GetFontSize() * 1.75F; }

float pill_width(const Segment& segment) {
  return ImGui::CalcTextSize(segment.label.c_str()).x + 2 * padding();
}

float room() { return std::max(padding() * 4, ImGui::GetContentRegionAvail().x); }

// One pill at the cursor, `width` wide; returns whether it was clicked.
bool pill(const char* id, const Segment& segment, bool on, ImU32 ground, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 size(width, height());
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
  const bool fits = pill_width(segment) <= width;
  const std::string words = fits ? segment.label : shortened(segment.label, width - 2 * padding());
  const ImVec2 text_size = ImGui::CalcTextSize(words.c_str());
  list->AddText(ImVec2(corner.x + padding(), corner.y + (size.y - text_size.y) * 0.5F),
                on || hovered ? palette().text : palette().muted, words.c_str());
  const std::string tip = fits                      ? segment.tooltip
                          : segment.tooltip.empty() ? segment.label
                                                    : segment.label + "\n" + segment.tooltip;
  if (!tip.empty()) ImGui::SetItemTooltip("%s", tip.c_str());
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
  std::vector<float> widths;
  const float most = room();
  for (const Segment& segment : segments) widths.push_back(std::min(most, pill_width(segment)));
  ImGui::PushID(id);
  ImGui::PushStyleVarY(ImGuiStyleVar_ItemSpacing, ImGui::GetFontSize() * 0.1F);
  ImGui::BeginGroup();
  for (std::size_t first = 0, last = 0; first < segments.size(); first = last) {  // a line
    float line = 0;
    for (last = first; last < segments.size() && (last == first || line + widths[last] <= most + 0.5F);
         ++last)
      line += widths[last];
    draw_ground(line);
    for (std::size_t i = first; i < last; ++i) {
      if (i > first) ImGui::SameLine(0, 0);
      ImGui::PushID(static_cast<int>(i));
      if (pill("##pill", segments[i], i == selected, palette().raised, widths[i]) && i != selected)
        chosen = i;
      ImGui::PopID();
    }
  }
  ImGui::PopStyleVar();
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
  const float width = std::min(room(), pill_width(segment));
  draw_ground(width);
  return pill(id, segment, on, palette().raised, width);
}

float toggle_width(const Segment& segment) { return pill_width(segment); }

}  // namespace headlight
