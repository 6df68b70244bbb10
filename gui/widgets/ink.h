// Colours that can be read: ink on a colour, and accents as words.
#pragma once

#include "imgui.h"

namespace headlight {

// Black or white, whichever has the larger contrast with an opaque background (WCAG 2.1's ratio): at least
// 4.58 to 1 on any colour. Neighbouring cells of nearly one colour have one ink but where that colour is the
// even one.
ImU32 ink_on(ImU32 background);

// An accent for words on an opaque background, the panel's where none is named: moved towards the theme's
// text colour as far as 4.5 to 1 asks for.
ImU32 readable(ImU32 accent, ImU32 background);
ImU32 readable(ImU32 accent);

// The same for small type, whose thin strokes cover hardly any pixel whole: 7 to 1, of which 4.5 are left.
ImU32 readable_small(ImU32 accent, ImU32 background);
ImU32 readable_small(ImU32 accent);
ImU32 small_ink();  // of palette().muted

// An accent for lines on the panel: moved towards the theme's text colour as far as 3 to 1 asks for.
ImU32 visible_line(ImU32 accent);

// An accent that stands back, for lines on the panel: `share` of it, and more where 3 to 1 asks for that.
ImU32 faint(ImU32 accent, float share);

// (L1 + 0.05) ÷ (L2 + 0.05) of the two colours' relative luminances: 1 to 21.
float contrast_ratio(ImU32 one, ImU32 other);

}  // namespace headlight
