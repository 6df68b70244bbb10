// Lengths of the stream and of what each part adds to it, layer by layer, on a logarithmic scale.
#pragma once

#include "core/analysis/block_statistics.h"
#include "gui/frame.h"

namespace headlight {

// Fills `size` at the cursor. The chosen token as a strong line, the mean and the largest of all tokens
// faint.
void draw_block_lengths(const Frame& frame, Commands& commands, const StreamLengths& lengths, bool dimmed,
                        ImVec2 size);

// The colour of a part in the charts of the Block view.
ImU32 block_color(Hook hook);

}  // namespace headlight
