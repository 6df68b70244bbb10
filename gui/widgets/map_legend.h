// What the colours of attention weights stand for: the same legend beside every map of them.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/session/document.h"
#include "imgui.h"

namespace headlight {

struct MapLegend {
  MapScale scale = MapScale::linear;
  bool has_masked = false;  // grey cells
  // Smaller weights have no number in their cell, where others have one; 0: nothing is said of that.
  float numbers_from = 0.0F;
  // Of lines, instead of the map's colours: weak, strong.
  std::optional<std::pair<ImU32, ImU32>> ends = {};
  bool brief = false;  // a short bar and its two ends alone
};

// In one line of `height` pixels at the cursor: the bar, its two ends and its middle labelled, the middle
// beneath it.
float map_legend_width(const MapLegend& legend);
void draw_map_legend(const MapLegend& legend, float height);

// What it says of numbers, by itself, behind what stands in the line; nothing where it does
// not fit.
void draw_numbers_note(float from, float height);

}  // namespace headlight
