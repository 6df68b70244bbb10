// Position × position: the cosine of every pair of token vectors.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/frame.h"

namespace headlight {

// At most `most` × `most` cells: of several pairs in one cell the cosine that is farthest from 0; not a
// number when one of them is none.
struct SimilarityCells {
  std::int64_t side = 0;  // cells along each axis
  std::int64_t step = 1;  // positions a cell
  std::vector<float> values;
};
SimilarityCells similarity_cells(const Tensor& cosines, std::int64_t most);

// Draws into `size` at the cursor: title, cells with the tokens along both axes, and the scale.
void draw_similarity(const Frame& frame, Commands& commands, const SimilarityCells& cells, ImVec2 size);

}  // namespace headlight
