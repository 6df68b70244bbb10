// The pictures of attention that there are, as a row of words; what does not fit is behind the last one.
#pragma once

#include "gui/frame.h"

namespace headlight {

void draw_attention_modes(const Frame& frame, Commands& commands);

// Key of the line that teaches what a picture shows.
const char* caption_of(AttentionMode mode);

}  // namespace headlight
