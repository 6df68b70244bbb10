// The strongest neurons of an MLP at one token, and the tokens that each of them pushes up and down.
#pragma once

#include "core/analysis/block_statistics.h"
#include "gui/frame.h"

namespace headlight {

// A list at the cursor, in `width`; as high as it needs.
void draw_block_neurons(const Frame& frame, Commands& commands, const NeuronWritings& writings, bool dimmed,
                        float width);

}  // namespace headlight
