// Relative luminance as in WCAG 2.1: linear light, weighted as eyes are.
#include "gui/widgets/ink.h"

#include <algorithm>
#include <cmath>

#include "gui/theme.h"

namespace headlight {
namespace {

// WCAG 2.1: text at level AA and AAA, graphics.
constexpr float readable_ratio = 4.5F, small_ratio = 7.0F, line_ratio = 3.0F;

float linear(float part) {
  return part <= 0.04045F ? part / 12.92F : std::pow((part + 0.055F) / 1.055F, 2.4F);
}

float luminance(ImU32 color) {
  const ImVec4 parts = ImGui::ColorConvertU32ToFloat4(color);
  return 0.2126F * linear(parts.x) + 0.7152F * linear(parts.y) + 0.0722F * linear(parts.z);
}

// From one colour to another, no farther than the contrast with a background asks for.
ImU32 moved(ImU32 from, ImU32 to, ImU32 background, float ratio) {
  ImU32 color = from;
  for (int step = 1; step <= 10 && contrast_ratio(color, background) < ratio; ++step)
    color = mix(from, to, 0.1F * static_cast<float>(step));
  return color;
}

}  // namespace

float contrast_ratio(ImU32 one, ImU32 other) {
  const float first = luminance(one), second = luminance(other);
  return (std::max(first, second) + 0.05F) / (std::min(first, second) + 0.05F);
}

ImU32 ink_on(ImU32 background) {
  const bool black = contrast_ratio(background, IM_COL32_BLACK) >= contrast_ratio(background, IM_COL32_WHITE);
  return black ? IM_COL32_BLACK : IM_COL32_WHITE;
}

ImU32 readable(ImU32 accent, ImU32 background) {
  return moved(accent, palette().text, background, readable_ratio);
}

ImU32 small_ink() { return readable_small(palette().muted); }

ImU32 readable(ImU32 accent) { return readable(accent, palette().panel); }

ImU32 readable_small(ImU32 accent, ImU32 background) {
  return moved(accent, palette().text, background, small_ratio);
}

ImU32 readable_small(ImU32 accent) { return readable_small(accent, palette().panel); }

ImU32 visible_line(ImU32 accent) { return moved(accent, palette().text, palette().panel, line_ratio); }

ImU32 faint(ImU32 accent, float share) {
  const ImU32 panel = palette().panel;
  return moved(mix(panel, accent, share), accent, panel, line_ratio);
}

}  // namespace headlight
