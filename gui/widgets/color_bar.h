// The bar of a legend: a colour map from left to right.
#pragma once

#include <string>

#include "gui/color_map.h"
#include "imgui.h"

namespace headlight {

void add_color_bar(ImDrawList& list, ImVec2 corner, ImVec2 opposite, ColorMap map);

// What the colours of signed numbers mean: a bar of `bar` pixels between "−limit" and "+limit", in one line
// of small type that ends at `end`; with ≤ and ≥ where numbers lie beyond. Returns where it begins.
struct Beyond {
  bool low = false, high = false;
};
float add_signed_legend(ImDrawList& list, ImVec2 end, float bar, const std::string& limit, ImU32 ink,
                        Beyond beyond = {});

}  // namespace headlight
