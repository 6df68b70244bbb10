// At one position: the rank of a few tokens behind every block, on a logarithmic scale.
#pragma once

#include "gui/views/lens_shown.h"

namespace headlight {

// Fills `size` at the cursor. The column of the position must be there.
void draw_lens_ranks(const Frame& frame, Commands& commands, const ShownLens& shown, std::int64_t position,
                     ImVec2 size);

}  // namespace headlight
