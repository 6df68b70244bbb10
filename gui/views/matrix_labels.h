// Tokens along the two axes of a matrix, and the tooltip of a cell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gui/frame.h"
#include "gui/views/matrix_panel.h"

namespace headlight {

struct MatrixAxes {
  ImVec2 corner;  // of the plot, on the screen
  ImVec2 size;
  float cell;     // pixels, downwards
  float wide;     // and across
  float left;     // room for the rows' labels
  float angle;    // of the columns' labels
  float first_x;  // left edge of the window's first column
  float first_y;  // upper edge of its first row
  CellWindow window;
  std::optional<std::int64_t> strongest;  // the key that the chosen query looks at most: it has its word
};

// Rows blue on the left, columns coral above; thinned out when dense. Clicking one chooses it.
void draw_matrix_labels(const ShownAttention& shown, Commands& commands, const MatrixAxes& axes);

// The widest label of the tokens along both axes, at most `most` pixels.
float widest_label(const ShownAttention& shown, float most);

// Weight, score, tokens, the hook's name and shape, and its sentence.
// `weights`: the query's row. `drawn`: what else the cell shows, or nothing.
void draw_cell_tooltip(const ShownAttention& shown, const float* weights, std::int64_t query,
                       std::int64_t key, const std::string& drawn);

}  // namespace headlight
