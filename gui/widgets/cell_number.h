// A number inside a cell of a map: as many digits as fit, and none that would say something else.
#pragma once

#include <string>

namespace headlight {

// What fits into `room` pixels, in the current font: "0.41", ".41", ".4"; none when not even that does.
enum class Decimals { none, one, two, two_and_nought };
Decimals decimals_for(float room);

// A value with so many decimals. From 1 on, and of negative ones, fewer where they do not fit; nothing when
// none do, and nothing rather than a 1 for a weight that is less than 1 in two decimals.
std::string cell_number(float value, Decimals decimals, float room);

}  // namespace headlight
