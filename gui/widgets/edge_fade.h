// The edges of what scrolls.
#pragma once

#include "imgui.h"

namespace headlight {

// Where the current window, or one that it scrolls in, goes on beyond an edge, its lines fade there into the
// panel: none looks cut in half. Called when all is drawn; in each window within a scrolling one, too, since
// those lie above what it draws itself.
// Rows of one height, in a window as high as some of them, fade only where the scrolling cuts one.
void fade_edges(float row_height = 0);

// The same in a part of the current window, beyond which `above` and `below` pixels are hidden. The fades
// reach `reach` pixels far.
void fade_edges_of(ImVec2 corner, ImVec2 opposite, float above, float below, float reach);

}  // namespace headlight
