// The bar at the top (model, examples, lessons, search, theme, language) and the one at the bottom (what was
// computed).
#pragma once

#include "gui/frame.h"

namespace headlight {

class SessionDesk;

void draw_top_bar(const Frame& frame, Commands& commands, SessionDesk& desk);
void draw_status_bar(const Frame& frame, Commands& commands);

}  // namespace headlight
