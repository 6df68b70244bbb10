// Relative luminance as in WCAG 2.1: linear light, weighted as eyes are.
#include "gui/widgets/ink.h"

#include <algorithm>
#include <cmath>

#include "gui/theme.h"

namespace headlight {
namespace {

constexpr float readable_ratio = 4.5F;  // WCAG 2.1, level AA

float linear(float part) {
  return part <= 0.04045F ? part / 12.92F : std::pow((part + 0.055F) / 1.055F, 2.4F);
}

float luminance(ImU32 color) {
  const ImVec4 parts = ImGui::ColorConvertU32ToFloat4(color);
  return 0.2126F * linear(parts.x) + 0.7152F * linear(parts.y) + 0.0722F * linear(parts.z);
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
  ImU32 color = accent;
  for (int step = 1; step <= 10 && contrast_ratio(color, background) < readable_ratio; ++step)
    color = mix(accent, palette().text, 0.1F * static_cast<float>(step));
  return color;
}

ImU32 small_ink() { return mix(palette().muted, palette().text, 0.75F); }

ImU32 readable(ImU32 accent) { return readable(accent, palette().panel); }

}  // namespace headlight
