// Paints the tokens that have no row of their own.
#include <algorithm>
#include <cmath>

#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/flow_picture.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/ribbon.h"

namespace headlight {
namespace {

void draw_band_map(const FlowScene& scene, std::size_t index) {
  const FlowLayout& at = scene.at;
  const FlowRect row = at.band_map(at.bands[index]);
  const std::vector<float>& cells = scene.bands.map(index);
  if (cells.empty()) {
    scene.list.AddRectFilled(row.min, row.max, with_alpha(palette().masked, 0.8F));
    return;
  }
  float largest = 0;
  for (const float cell : cells) largest = std::max(largest, cell);
  const bool relative = scene.frame.document.map_scale == MapScale::per_row && largest > 0;
  const float width = row.width() / static_cast<float>(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const float left = std::floor(row.min.x + width * static_cast<float>(i));
    const float right = std::floor(row.min.x + width * static_cast<float>(i + 1));
    const float value = relative && cells[i] > 0 ? cells[i] / largest : cells[i];
    scene.list.AddRectFilled(ImVec2(left, row.min.y), ImVec2(right, row.max.y),
                             cell_color(scene.frame.document.map_scale, value));
  }
}

}  // namespace

void draw_flow_bands(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  for (std::size_t i = 0; i < at.bands.size(); ++i) {
    const FlowBand& band = at.bands[i];
    const bool hot = scene.hit.pick == FlowPick::band && scene.hit.cell == static_cast<std::int64_t>(i);
    const bool holds = scene.frame.hover.query && *scene.frame.hover.query >= band.first &&
                       *scene.frame.hover.query < band.last;
    const ImU32 color = hot || holds ? palette().hover : mix(palette().raised, palette().residual, 0.35F);
    // As thick as the share of the text that it stands for is large: a bracket over its tokens.
    scene.list.AddRectFilled(ImVec2(at.tokens.max.x - at.em * 0.55F, band.top),
                             ImVec2(at.tokens.max.x - at.em * 0.2F, band.top + band.height - 1), color,
                             at.em * 0.1F);
    for (std::size_t c = 0; c < at.columns.size(); ++c) {
      const FlowRect strip = at.band_strip(at.columns[c], band);
      const std::vector<float>& cells = scene.bands.strip(i, c);
      if (cells.empty()) {
        scene.list.AddRectFilled(strip.min, strip.max, with_alpha(palette().masked, 0.8F));
      } else {
        add_cells(scene.list, strip.min, strip.max, cells, rms_at_the_ends, hot ? 1.0F : 0.6F);
      }
    }
    draw_band_map(scene, i);
  }
}

}  // namespace headlight
