// The lower edge of what scrolls.
#pragma once

namespace headlight {

// Where the current window goes on below its edge, its last line fades into the panel: none looks cut in
// half.
void fade_bottom();

}  // namespace headlight
