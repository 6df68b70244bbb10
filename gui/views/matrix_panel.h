// Attention as a matrix: rows are queries, columns are keys; zoomed with the wheel, moved by dragging. One
// head, its layer merged, or two heads side by side under one cursor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "gui/frame.h"
#include "gui/views/head_maps.h"
#include "gui/views/matrix_tools.h"
#include "gui/views/shown_attention.h"
#include "gui/views/tiled_map.h"

namespace headlight {

// A rectangle of cells: [first, last) rows (queries) and columns (keys).
struct CellWindow {
  std::int64_t first_row = 0, last_row = 0;
  std::int64_t first_column = 0, last_column = 0;
};

class MatrixPanel {
 public:
  // What is shown, as switches: in a line of their own, or behind what stands in the current one.
  void draw_tools(const ShownAttention& shown, Commands& commands, bool behind);
  // Fills the rest of the current window. The trace is there. `with_note`: the note of all pictures of
  // attention stands below the list of the row's keys.
  void draw(const ShownAttention& shown, Commands& commands, HeadMaps& maps, bool with_note);
  // Whether there is such a list in a window that is so wide.
  static bool has_list(const ShownAttention& shown, float width);
  // Cells with less have no number, as the last frame drew them; 0: none of those that are seen is left out.
  float numbers_from() const { return numbers_from_; }

 private:
  struct Geometry {
    ImVec2 corner;      // of the plot, on the screen
    ImVec2 size;        // of the plot
    float cell = 1;     // pixels, downwards
    float wide = 1;     // and across: more of a long text, whose cells are no more than a few pixels
    double row = 0;     // at the plot's upper edge, in cells
    double column = 0;  // at its left edge; counted from first_column
    std::int64_t rows = 0, columns = 0;
    std::int64_t first_column = 0;  // 1 with the sink hidden
    float left = 0, top = 0;        // room for labels
    CellWindow window;
    float x(std::int64_t key) const;
    float y(std::int64_t query) const;
  };
  // One of the maps that are shown.
  struct Plot {
    const ShownAttention& shown;  // with the layer and the head of this one
    const DrawnMap& map;
    TiledMap& tiles;
    HeadRows& rows;
    bool is_plain() const {  // its cells are the head's own weights
      return map.merge == HeadMerge::one && !map.value_weighted && !map.other;
    }
  };

  Geometry place(const ShownAttention& shown, ImVec2 room);
  float draw_plot(const Plot& plot, Commands& commands, const char* name, ImVec2 room);
  void draw_list(const ShownAttention& shown, Commands& commands, HeadRows& rows, bool with_note) const;
  void handle_mouse(const Plot& plot, Commands& commands, const Geometry& geometry);
  void move_with_mouse(const Geometry& geometry, bool hovered);
  void draw_cells(const Plot& plot, Commands& commands, const Geometry& geometry);
  void draw_marks(const ShownAttention& shown, const Geometry& geometry) const;
  void draw_numbers(const Plot& plot, const Geometry& geometry);
  std::optional<std::int64_t> strongest_key(const Plot& plot, std::int64_t query) const;
  void draw_state(TiledMap& tiles, const Geometry& geometry) const;
  void draw_tooltip(const Plot& plot, std::int64_t query, std::int64_t key) const;
  void handle_keys(const ShownAttention& shown, Commands& commands);

  std::array<TiledMap, 2> tiles_;
  HeadMaps other_rows_;  // of the second head
  float zoom_ = 1;       // times the size at which everything fits
  double row_ = 0;
  double column_ = 0;
  float numbers_from_ = 0;
  bool dragged_ = false;
};

}  // namespace headlight
