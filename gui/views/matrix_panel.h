// One head's attention map: rows are queries, columns are keys; zoomed with the wheel, moved by dragging.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gui/frame.h"
#include "gui/views/head_maps.h"
#include "gui/views/matrix_pooler.h"
#include "gui/views/shown_attention.h"
#include "gui/widgets/heatmap_texture.h"

namespace headlight {

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
  void refresh(const ShownAttention& shown, Commands& commands, const Geometry& geometry, HeadRows& rows);
  MatrixPart part_of(const ShownAttention& shown, const Geometry& geometry) const;
  void show(const std::shared_ptr<const Trace>& trace, const MatrixPart& part, std::vector<float> cells);
  bool shows(const ShownAttention& shown, const MatrixPart& part) const;
  void handle_mouse(const ShownAttention& shown, Commands& commands, const Geometry& geometry,
                    HeadRows& rows);
  void move_with_mouse(const Geometry& geometry, bool hovered);
  void draw_cells(const ShownAttention& shown, const Geometry& geometry, HeadRows& rows);
  void draw_texture(const ShownAttention& shown, const Geometry& geometry);
  void draw_numbers(const ShownAttention& shown, const Geometry& geometry, HeadRows& rows);
  void handle_keys(const ShownAttention& shown, Commands& commands) const;

  HeatmapTexture texture_;
  float zoom_ = 1;  // times the size at which everything fits
  double row_ = 0;
  double column_ = 0;
  bool dragged_ = false;

  // What texture_ shows: perhaps not yet what it should. Traces are not held: a long one has gigabytes.
  std::weak_ptr<const Trace> shown_;
  MatrixPart shown_part_;
  // What the pooler was asked for.
  std::weak_ptr<const Trace> wanted_;
  MatrixPart wanted_part_;
  MatrixPooler pooler_;
};

}  // namespace headlight
