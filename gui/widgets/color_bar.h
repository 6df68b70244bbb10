// The bar of a legend: a colour map from left to right.
#pragma once

#include "gui/color_map.h"
#include "imgui.h"

namespace headlight {

void add_color_bar(ImDrawList& list, ImVec2 corner, ImVec2 opposite, ColorMap map);

}  // namespace headlight
