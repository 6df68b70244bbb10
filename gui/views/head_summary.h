// What the chosen head does with the chosen token: the keys that it looks at most, as bars.
#pragma once

#include <cstdint>
#include <string>

#include "gui/views/shown_attention.h"

namespace headlight {

// Fills the rest of the current window. `weights`: the query's row of the pattern; null while it is not
// known.
void draw_head_summary(const ShownAttention& shown, Commands& commands, const float* weights,
                       std::int64_t query);

// What the listed weights have together: of the weights as they are, as those beside the bars are rounded,
// each by itself. Never 1 where some are left out.
std::string listed_sum(double sum, bool is_all);

}  // namespace headlight
