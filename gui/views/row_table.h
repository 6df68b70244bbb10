// The table of the step-by-step panel: a line for each key, a column for each step.
#pragma once

#include <cstdint>

#include "core/analysis/attention_row.h"
#include "gui/views/shown_attention.h"

namespace headlight {

// Draws the table at the cursor, `height` pixels high; scrolls when it has more lines. `key`: the line that
// the formula and the strips show.
void draw_row_table(const ShownAttention& shown, Commands& commands, const AttentionRow& row,
                    std::int64_t key, float height);

// Where the line of a key begins, below the top of the table.
float row_line_top(const AttentionRow& row, std::int64_t key);

// How high all of it is.
float row_table_height(const ShownAttention& shown, const AttentionRow& row);

}  // namespace headlight
