// How the window looks: size of the type, colours of the maps, motion, presenter mode.
#pragma once

#include "gui/frame.h"

namespace headlight {

// A button "Aa" at the cursor, and the menu that it opens.
void appearance_menu(const Frame& frame, Commands& commands);
float appearance_button_width();

}  // namespace headlight
