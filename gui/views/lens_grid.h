// The lens as a grid: layers from bottom to top, positions from left to right, each cell the token that the
// model would say there.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "gui/views/lens_shown.h"
#include "gui/widgets/canvas.h"

namespace headlight {

class LensGrid {
 public:
  // Fills `size` at the cursor.
  void draw(const Frame& frame, Commands& commands, const ShownLens& shown, ImVec2 size);

  // The positions that were seen in the last frame, [first, last): what is worth computing. None before the
  // first frame.
  std::pair<std::int64_t, std::int64_t> seen() const { return {first_, last_}; }

 private:
  struct Cells;
  void scroll_to(const Frame& frame, const Cells& cells);
  void draw_cells(const Frame& frame, const ShownLens& shown, const Cells& cells);
  const std::string& fitting(const ShownLens& shown, TokenId id, float width);
  void point(const Frame& frame, Commands& commands, const ShownLens& shown, const Cells& cells,
             const Hand& hand);

  std::int64_t first_ = 0, last_ = 0;
  std::int64_t scrolled_to_ = -1;  // the position that was brought into view last
  // Tokens as they fit into a cell, for this model, width and size of type.
  std::unordered_map<TokenId, std::string> words_;
  const void* words_model_ = nullptr;
  float words_width_ = 0, words_size_ = 0;
};

// A horizontal colour bar with both ends in words, at the cursor's line; returns nothing, takes its width.
void draw_lens_scale(const ShownLens& shown, LensNumber number);
float lens_scale_width(const ShownLens& shown, LensNumber number);

}  // namespace headlight
