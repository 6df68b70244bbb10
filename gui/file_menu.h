// The menu "File" of the top bar: new, open, save, and what was open before.
#pragma once

#include "gui/frame.h"
#include "gui/session_desk.h"

namespace headlight {

// The entries, inside a popup that is open; what is chosen goes to the desk.
void draw_file_menu(const Frame& frame, SessionDesk& desk);

}  // namespace headlight
