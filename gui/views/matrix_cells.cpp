// Max-pools the visible part of a pattern into as many cells as there are pixels for.
#include <algorithm>
#include <cmath>

#include "gui/views/matrix_panel.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

// What a row's weights are multiplied with before they are drawn.
float row_factor(const float* weights, const KeyRange& seen, bool per_row, bool hide_sink) {
  const std::int64_t first = std::max<std::int64_t>(seen.first, hide_sink ? 1 : 0);
  float factor = 1;
  if (hide_sink) factor = without_sink(1.0F, rest_beside_sink(weights, seen.last));
  if (!per_row) return factor;
  float largest = 0;
  for (std::int64_t key = first; key < seen.last; ++key) largest = std::max(largest, weights[key]);
  return largest > 0 ? 1.0F / largest : factor;
}

}  // namespace

std::vector<float> matrix_cells(const float* pattern, const MapShape& map, const CellWindow& window,
                                std::int64_t width, std::int64_t height, bool per_row, bool hide_sink) {
  std::vector<float> cells(static_cast<std::size_t>(width * height), masked_cell);
  for (std::int64_t query = window.first_row; query < window.last_row; ++query) {
    const float* weights = pattern + query * map.keys;
    const KeyRange seen = map.seen(query);
    const float factor = row_factor(weights, seen, per_row, hide_sink);
    float* out = cells.data() + ((query - window.first_row) * height / window.rows()) * width;
    const std::int64_t last = std::min(window.last_column, seen.last);
    for (std::int64_t key = std::max(window.first_column, seen.first); key < last; ++key) {
      float& cell = out[(key - window.first_column) * width / window.columns()];
      const float value = weights[key] * factor;
      if (value > cell || std::isnan(value)) cell = value;
    }
  }
  return cells;
}

}  // namespace headlight
