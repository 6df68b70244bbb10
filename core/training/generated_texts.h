// Texts that teach one thing and nothing else.
#pragma once

#include <cstdint>
#include <string>

namespace headlight {

// Groups of 2 to 10 letters, each two to four times in a row, no letter in two groups: "kqkqkqzmtwzmtw…".
// From the second time on each letter follows from the text: what came after the same letter before comes
// again (the induction of Olsson et al. 2022). How far back that is differs, and may be as little as two
// letters, so that neither counting helps nor looking at what is long past. At most 72 letters; the same for
// the same number.
std::string repeated_letters(std::uint64_t number);

}  // namespace headlight
