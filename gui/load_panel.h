// What the center shows while there is no model: progress, or why there is none and what to do.
#pragma once

#include "gui/frame.h"

namespace headlight {

void draw_load_panel(const Frame& frame, Commands& commands);

}  // namespace headlight
