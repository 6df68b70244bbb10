// The signs are drawn in a square of one unit around its middle.
#include "gui/widgets/icon_button.h"

#include <algorithm>

#include "gui/theme.h"
#include "imgui.h"

namespace headlight {
namespace {

struct Pen {
  ImDrawList* list;
  ImVec2 middle;
  float unit;
  ImU32 color;

  ImVec2 at(float x, float y) const { return {middle.x + x * unit, middle.y + y * unit}; }
  float line() const { return std::max(1.0F, unit * 0.14F); }
  void triangle(float left, float right) const {
    list->AddTriangleFilled(at(left, -0.5F), at(right, 0.0F), at(left, 0.5F), color);
  }
  void bar(float left, float right) const { list->AddRectFilled(at(left, -0.5F), at(right, 0.5F), color); }
  void stroke(ImVec2 from, ImVec2 to) const { list->AddLine(from, to, color, line()); }
};

void draw_branch(const Pen& pen) {
  pen.stroke(pen.at(-0.5F, 0.0F), pen.at(-0.1F, 0.0F));
  for (const float y : {-0.38F, 0.38F}) {
    pen.list->AddBezierCubic(pen.at(-0.15F, 0.0F), pen.at(0.1F, 0.0F), pen.at(0.0F, y), pen.at(0.35F, y),
                             pen.color, pen.line());
    pen.list->AddCircleFilled(pen.at(0.42F, y), pen.unit * 0.13F, pen.color);
  }
  pen.list->AddCircleFilled(pen.at(-0.5F, 0.0F), pen.unit * 0.13F, pen.color);
}

void draw_icon(const Pen& pen, Icon icon) {
  switch (icon) {
    case Icon::back:
      pen.bar(-0.5F, -0.34F);
      return pen.triangle(0.45F, -0.25F);
    case Icon::one:
      pen.triangle(-0.45F, 0.25F);
      return pen.bar(0.34F, 0.5F);
    case Icon::play:
      return pen.triangle(-0.35F, 0.5F);
    case Icon::pause:
      pen.bar(-0.4F, -0.12F);
      return pen.bar(0.12F, 0.4F);
    case Icon::stop:
      return pen.list->AddRectFilled(pen.at(-0.4F, -0.4F), pen.at(0.4F, 0.4F), pen.color);
    case Icon::branch:
      return draw_branch(pen);
    case Icon::grow:
      pen.stroke(pen.at(-0.45F, 0.0F), pen.at(0.4F, 0.0F));
      pen.stroke(pen.at(0.1F, -0.32F), pen.at(0.45F, 0.0F));
      return pen.stroke(pen.at(0.1F, 0.32F), pen.at(0.45F, 0.0F));
    case Icon::close:
      pen.stroke(pen.at(-0.35F, -0.35F), pen.at(0.35F, 0.35F));
      return pen.stroke(pen.at(-0.35F, 0.35F), pen.at(0.35F, -0.35F));
  }
}

}  // namespace

float icon_button_size() { return ImGui::GetFontSize() * 1.7F; }

bool icon_button(const char* id, Icon icon, const std::string& tooltip, bool enabled, bool on) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float size = icon_button_size();
  ImGui::BeginDisabled(!enabled);
  const bool pressed = ImGui::InvisibleButton(id, ImVec2(size, size), ImGuiButtonFlags_EnableNav);
  const bool hovered =
      enabled && (ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible));
  ImGui::EndDisabled();
  if (ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled | ImGuiHoveredFlags_ForTooltip)) {
    ImGui::SetTooltip("%s", tooltip.c_str());
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImU32 ground = on ? mix(palette().raised, palette().probability, 0.3F) : palette().raised;
  list->AddRectFilled(corner, ImVec2(corner.x + size, corner.y + size),
                      hovered ? mix(ground, palette().text, 0.12F) : ground, ImGui::GetStyle().FrameRounding);
  const ImU32 ink =
      enabled ? (hovered || on ? palette().text : palette().muted) : with_alpha(palette().muted, 0.35F);
  draw_icon({list, ImVec2(corner.x + size * 0.5F, corner.y + size * 0.5F), size * 0.46F, ink}, icon);
  return pressed && enabled;
}

}  // namespace headlight
