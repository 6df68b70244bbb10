// The small number behind a token: which of several equal ones it is.
#pragma once

#include <algorithm>
#include <cmath>

#include "gui/theme.h"
#include "gui/widgets/ink.h"
#include "imgui.h"

namespace headlight {

// Digits of a body face at this size, which counts ascent and descent, are 8 pixels high at scale 1: as at 11
// pixels elsewhere. Smaller ones are not read.
constexpr float smallest_type = 13.0F;

// In the current font, pixels: a fifth smaller than the token, but not too small to be read.
inline float subscript_type() {
  const ImGuiStyle& style = ImGui::GetStyle();
  const float size = ImGui::GetFontSize();
  const float least = smallest_type * style.FontScaleMain * style.FontScaleDpi;
  return std::min(size, std::round(std::max(size * 0.8F, least)));  // whole pixels: sharp
}

// How far behind the token's end: a token may be a number itself, or a dot.
inline float subscript_gap() { return ImGui::GetFontSize() * 0.36F; }

// How far below the token's top it begins: it stands an eighth below the token's line, which is at four
// fifths of either type.
inline float subscript_drop() { return ImGui::GetFontSize() * (0.8F + 0.125F) - subscript_type() * 0.8F; }

// On a coloured ground, where the second voice would be lost.
inline ImU32 subscript_ink(ImU32 ground) { return readable_small(palette().muted, ground); }

}  // namespace headlight
