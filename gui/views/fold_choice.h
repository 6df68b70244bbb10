// What attention is folded to, as a part of the tool bars of several panels.
#pragma once

#include "gui/frame.h"

namespace headlight {

// Whether attention is of tokens, of characters or of words.
void draw_fold_choice(const Frame& frame, Commands& commands);

}  // namespace headlight
