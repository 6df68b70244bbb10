// Text at an angle, for the columns of a matrix.
#pragma once

#include <string>

#include "imgui.h"

namespace headlight {

// Draws with the current font. `start`: the left end of the text's middle line. `angle` in radians, positive
// turns upwards (counter-clockwise on the screen).
void add_rotated_text(ImDrawList& list, ImVec2 start, float angle, ImU32 color, const std::string& text);

// The text, or as much of it as fits into `width` pixels with "…" behind it; whole characters only.
std::string fitted_text(const std::string& text, float width);

}  // namespace headlight
