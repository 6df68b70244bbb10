// Relative luminance as in WCAG 2.1: linear light, weighted as eyes are.
#include "gui/widgets/ink.h"

#include <algorithm>
#include <cmath>

namespace headlight {
namespace {

constexpr ImU32 dark_ink = IM_COL32_BLACK;
constexpr ImU32 bright_ink = IM_COL32_WHITE;

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
  return contrast_ratio(background, dark_ink) >= contrast_ratio(background, bright_ink) ? dark_ink
                                                                                        : bright_ink;
}

}  // namespace headlight
