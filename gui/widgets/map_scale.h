// From an attention weight to its place on the colour bar, and to its colour.
#pragma once

#include "core/session/document.h"
#include "gui/color_map.h"
#include "imgui.h"

namespace headlight {

// What a cell of a heat map holds instead of a weight.
constexpr float masked_cell = -1.0F;   // the mask removed it: no value at all
constexpr float unknown_cell = -2.0F;  // not computed yet

// The smallest weight that the logarithmic scale tells from nothing.
constexpr float log_scale_floor = 1e-4F;

// 0..1 on the colour bar. For MapScale::per_row the weight is already divided by its row's largest.
float scale_position(MapScale scale, float weight);

// The reverse: what a place on the colour bar stands for.
float scale_weight(MapScale scale, float position);

// The colour of a cell in the current theme: a weight, masked_cell, unknown_cell, or NaN.
ImU32 cell_color(MapScale scale, float cell, ColorMap map = sequential_map());

// A signed value as a cell of a texture of the diverging map, on its linear scale: 0 is in the middle, and
// ±1 at the ends, on the way to which `scale` is the same on both sides. NaN stays.
float signed_cell(MapScale scale, float value);

// A weight as it is drawn with the sink hidden: divided by what the other keys have together. `rest`: that
// sum; without any, 0.
float without_sink(float weight, float rest);
// The sum of a row's weights but the first. `count`: keys that the query may see.
float rest_beside_sink(const float* weights, std::int64_t count);

}  // namespace headlight
