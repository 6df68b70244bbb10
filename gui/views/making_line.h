// The line that says how far a long computation is, with a way to stop it.
#pragma once

#include <string>

namespace headlight {

enum class MakingClick { none, cancel, again };

// At the cursor, one line high. `error`: why there is nothing, else empty; `stopped`: it was called off.
MakingClick draw_making_line(float fraction, bool stopped, const std::string& error);

}  // namespace headlight
