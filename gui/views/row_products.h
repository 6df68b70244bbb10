// Below the table: the formula with this pair's numbers, and q, k and their products dimension by dimension.
#pragma once

#include <cstdint>

#include "core/analysis/attention_row.h"
#include "gui/views/shown_attention.h"

namespace headlight {

// α = e^(s - max) / Σ for one key, in numbers, and what the colours of signed numbers mean.
// One line, at the cursor, or two where it is narrow.
void draw_weight_formula(const ShownAttention& shown, const AttentionRow& row, std::int64_t key);

// q, k, q∘k, the running sum, and z as strips of d_head cells. `brief`: of the words above them, only whose
// they are.
void draw_product_strips(const ShownAttention& shown, Commands& commands, const AttentionRow& row,
                         const QueryKeyProduct& products, std::int64_t key, bool brief);
float product_strips_height();

}  // namespace headlight
