// Black or white, whichever can be read on a colour.
#pragma once

#include "imgui.h"

namespace headlight {

// The ink whose contrast with an opaque background is the larger one (WCAG 2.1's ratio): at least 4.58
// to 1 on any colour. Neighbouring cells of nearly one colour have one ink but where that colour is the even
// one.
ImU32 ink_on(ImU32 background);

// (L1 + 0.05) ÷ (L2 + 0.05) of the two colours' relative luminances: 1 to 21.
float contrast_ratio(ImU32 one, ImU32 other);

}  // namespace headlight
