// How surprised the model was by each token of the text: −log₂ of the probability that it had given it.
#pragma once

#include "core/analysis/token_scores.h"
#include "gui/frame.h"

namespace headlight {

// Fills `size` at the cursor. `scores`: of the frame's trace.
void draw_lens_loss(const Frame& frame, Commands& commands, const TokenScores& scores, ImVec2 size);

}  // namespace headlight
