// The wall's cells as they are drawn: pooled to the thumbnails' size, with scale and sink applied; all heads,
// or one enlarged.
#include <algorithm>
#include <cmath>

#include "gui/views/head_wall_panel.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

// One row of a thumbnail as it is drawn, of which the first `seen` cells are not masked.
void read_row(const HeadWall& wall, const float* weights, const float* without, std::int64_t seen,
              bool hide_sink, std::vector<float>& values) {
  if (!hide_sink) {
    std::copy_n(weights, seen, values.begin());
  } else if (!wall.cells_without_sink.empty()) {
    std::copy_n(without, seen, values.begin());
  } else {
    const float rest = rest_beside_sink(weights, seen);
    values[0] = masked_cell;
    for (std::int64_t key = 1; key < seen; ++key) {
      values[static_cast<std::size_t>(key)] = without_sink(weights[key], rest);
    }
  }
}

void divide_by_largest(float* first, std::int64_t count) {
  float largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, first[i]);
  if (largest <= 0) return;
  for (std::int64_t i = 0; i < count; ++i) {
    if (first[i] > 0) first[i] /= largest;
  }
}

// One head into a grid of rows that are `stride` apart.
void head_cells(const HeadWall& wall, std::int64_t layer, std::int64_t head, std::int64_t cells, bool per_row,
                bool hide_sink, std::int64_t stride, float* grid) {
  std::vector<float> values(static_cast<std::size_t>(wall.side));
  const std::int64_t first = (layer * wall.heads + head) * wall.side * wall.side;
  for (std::int64_t row = 0; row < wall.side; ++row) {
    const std::int64_t at = first + row * wall.side;
    const float* without = wall.cells_without_sink.empty() ? nullptr : wall.cells_without_sink.data() + at;
    const std::int64_t seen = wall.causal ? row + 1 : wall.side;
    read_row(wall, wall.cells.data() + at, without, seen, hide_sink, values);
    float* out = grid + row * cells / wall.side * stride;
    for (std::int64_t key = 0; key < seen; ++key) {
      if (wall.is_masked(layer, row, key)) continue;
      float& cell = out[key * cells / wall.side];
      const float value = values[static_cast<std::size_t>(key)];
      if (value > cell || std::isnan(value)) cell = value;
    }
  }
  for (std::int64_t row = 0; per_row && row < cells; ++row) divide_by_largest(grid + row * stride, cells);
}

}  // namespace

std::vector<float> wall_cells(const HeadWall& wall, std::int64_t cells, bool per_row, bool hide_sink) {
  const std::int64_t width = wall.heads * cells;
  std::vector<float> grid(static_cast<std::size_t>(wall.layers * cells * width), masked_cell);
  for (std::int64_t layer = 0; layer < wall.layers; ++layer) {
    float* band = grid.data() + layer * cells * width;
    if (layer >= wall.layers_done) {
      std::fill_n(band, cells * width, unknown_cell);
      continue;
    }
    for (std::int64_t head = 0; head < wall.heads; ++head) {
      head_cells(wall, layer, head, cells, per_row, hide_sink, width, band + head * cells);
    }
  }
  return grid;
}

float EnlargedHead::edge_within(const HeadWall& wall, float most) {
  const auto cells = static_cast<float>(wall.side);
  return most >= cells ? std::floor(most / cells) * cells : std::floor(most);
}

void EnlargedHead::draw(ImDrawList& list, const Frame& frame, std::int64_t layer, std::int64_t head,
                        ImVec2 corner, float edge) {
  const std::shared_ptr<const HeadWall>& wall = frame.result.wall;
  const bool per_row = frame.document.map_scale == MapScale::per_row;
  const bool hide_sink = frame.document.hide_sink;
  texture_.set_scale(frame.document.map_scale);
  if (wall != shown_ || layer != layer_ || head != head_ || per_row != per_row_ || hide_sink != hide_sink_) {
    shown_ = wall;
    layer_ = layer;
    head_ = head;
    per_row_ = per_row;
    hide_sink_ = hide_sink;
    std::vector<float> grid(static_cast<std::size_t>(wall->side * wall->side), masked_cell);
    head_cells(*wall, layer, head, wall->side, per_row, hide_sink, wall->side, grid.data());
    texture_.set_cells(static_cast<int>(wall->side), static_cast<int>(wall->side), std::move(grid));
  }
  texture_.draw(list, corner, ImVec2(corner.x + edge, corner.y + edge));
}

}  // namespace headlight
