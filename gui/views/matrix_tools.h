// What a matrix shows: one head or its layer merged, plain or weighted by values, alone or beside another.
#pragma once

#include "core/analysis/drawn_map.h"
#include "gui/frame.h"
#include "gui/views/shown_attention.h"

namespace headlight {

// The maps that the choices in the document come to: the current head's, and the compared one's beside it, or
// the difference as the only one.
struct MatrixMaps {
  DrawnMap first;
  std::optional<DrawnMap> second;
};
MatrixMaps matrix_maps(const ShownAttention& shown);

// The head that the current one is compared with, clamped to the model.
std::optional<HeadPlace> compared_head(const ShownAttention& shown);

// Whether the matrix draws its own legend, because its values are no weights between 0 and 1.
bool has_own_legend(const Document& document);

// `most`: the largest value of a cell, in magnitude, for the legend. `behind`: in the current line, as far as
// they fit there.
void draw_matrix_tools(const ShownAttention& shown, Commands& commands, double most, bool behind);

}  // namespace headlight
