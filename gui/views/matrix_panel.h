// One head's attention map: rows are queries, columns are keys; zoomed with the wheel, moved by dragging.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gui/frame.h"
#include "gui/views/head_maps.h"
#include "gui/views/shown_attention.h"
#include "gui/widgets/heatmap_texture.h"

namespace headlight {

// A rectangle of cells: [first, last) rows (queries) and columns (keys).
struct CellWindow {
  std::int64_t first_row = 0, last_row = 0;
  std::int64_t first_column = 0, last_column = 0;
  bool operator==(const CellWindow&) const = default;
  std::int64_t rows() const { return last_row - first_row; }
  std::int64_t columns() const { return last_column - first_column; }
};

// The part of a pattern [query, key] as it is drawn: height × width cells, each the maximum over
// what it covers (never more cells than the window has). What the mask hides is masked; sink and rows as the
// wall's.
std::vector<float> matrix_cells(const float* pattern, const MapShape& map, const CellWindow& window,
                                std::int64_t width, std::int64_t height, bool per_row, bool hide_sink);

class MatrixPanel {
 public:
  // Fills the rest of the current window. The trace is there.
  void draw(const ShownAttention& shown, Commands& commands, HeadMaps& maps);

 private:
  struct Geometry {
    ImVec2 corner;      // of the plot, on the screen
    ImVec2 size;        // of the plot
    float cell = 1;     // pixels
    double row = 0;     // at the plot's upper edge, in cells
    double column = 0;  // at its left edge; counted from first_column
    std::int64_t rows = 0, columns = 0;
    std::int64_t first_column = 0;  // 1 with the sink hidden
    float left = 0, top = 0;        // room for labels
    CellWindow window;
    float x(std::int64_t key) const;
    float y(std::int64_t query) const;
  };

  Geometry place(const ShownAttention& shown, ImVec2 room);
  void refresh(const ShownAttention& shown, const Geometry& geometry, const float* pattern);
  void handle_mouse(const ShownAttention& shown, Commands& commands, const Geometry& geometry,
                    const float* pattern);
  void move_with_mouse(const Geometry& geometry, bool hovered);
  void draw_cells(const ShownAttention& shown, const Geometry& geometry, const float* pattern);
  void handle_keys(const ShownAttention& shown, Commands& commands) const;

  HeatmapTexture texture_;
  float zoom_ = 1;  // times the size at which everything fits
  double row_ = 0;
  double column_ = 0;
  bool dragged_ = false;

  // What texture_ shows.
  std::shared_ptr<const Trace> shown_;
  const float* shown_pattern_ = nullptr;
  CellWindow shown_window_;
  std::int64_t shown_width_ = 0, shown_height_ = 0;
  bool per_row_ = false, hide_sink_ = false;
};

}  // namespace headlight
