// A small square button with a drawn sign: no face has them all.
#pragma once

#include <string>

namespace headlight {

enum class Icon { back, one, play, pause, stop, branch, grow, close };

// True when it was pressed. A disabled one is faint and cannot be pressed; `on` is drawn as chosen.
bool icon_button(const char* id, Icon icon, const std::string& tooltip, bool enabled = true, bool on = false);
float icon_button_size();

}  // namespace headlight
