// Colour maps: from a value to a colour, and as tables of 256 entries for textures.
#pragma once

#include <array>

#include "imgui.h"

namespace headlight {

enum class ColorMap {
  viridis,
  magma,
  cividis,
  violet,     // one hue, for attention; its zero is the panel's colour of the current theme
  diverging,  // blue, neutral, orange, for signed values; its middle is neutral in the current theme
};

// The maps of 0..1 that a user can choose from. All grow in lightness one way, and so do without hue.
inline constexpr std::array sequential_maps = {ColorMap::violet, ColorMap::viridis, ColorMap::magma,
                                               ColorMap::cividis};
const char* name_of(ColorMap map);  // "viridis", as in settings.json

// The chosen one, for everything that is drawn from 0 to 1.
ColorMap sequential_map();
void choose_sequential_map(ColorMap map);

// The table at 0, 1/255, … 1. For `diverging`, entry 0 is -1 and the neutral middle lies between 127 and 128.
// The reference stays valid; violet and diverging are tables of the current theme.
const std::array<ImU32, 256>& color_table(ColorMap map);

// The colour of a value: 0..1 for sequential maps, -1..1 for `diverging`; clamped. NaN is the palette's error
// colour.
ImU32 color_of(ColorMap map, float value);

}  // namespace headlight
