// The pairs of tokens that are most alike, as a list beside their matrix.
#pragma once

#include <cstdint>
#include <vector>

#include "gui/views/embedding_marks.h"

namespace headlight {

struct AlikePair {
  std::int64_t row = 0;
  std::int64_t column = 0;  // below row
  float cosine = 0;
};

// Of all pairs of two positions, the largest first; without those that are not numbers.
std::vector<AlikePair> most_alike(const Tensor& cosines, std::size_t count);

// Draws into `size` at the cursor, as many as there is room for. enabled: the pairs are of the text on the
// screen.
void draw_alike_pairs(const Frame& frame, Commands& commands, const ShownText& shown,
                      const std::vector<AlikePair>& pairs, bool enabled, ImVec2 size);

// Locks a row and a column, or lets go of them when they are locked.
void click_pair(const Frame& frame, Commands& commands, const ShownText& shown, std::int64_t row,
                std::int64_t column);

}  // namespace headlight
