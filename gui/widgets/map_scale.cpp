// The four scales of attention maps. shaders/heatmap.frag does the same arithmetic.
#include "gui/widgets/map_scale.h"

#include <algorithm>
#include <cmath>

#include "gui/color_map.h"
#include "gui/theme.h"

namespace headlight {
namespace {

constexpr float log_decades = 4.0F;  // of log_scale_floor

}  // namespace

float scale_position(MapScale scale, float weight) {
  switch (scale) {
    case MapScale::linear:
    case MapScale::per_row:
      return std::clamp(weight, 0.0F, 1.0F);
    case MapScale::square_root:
      return std::sqrt(std::clamp(weight, 0.0F, 1.0F));
    case MapScale::logarithmic:
      return weight > 0.0F ? std::clamp(1.0F + std::log10(weight) / log_decades, 0.0F, 1.0F) : 0.0F;
  }
  return 0.0F;
}

float scale_weight(MapScale scale, float position) {
  switch (scale) {
    case MapScale::linear:
    case MapScale::per_row:
      return position;
    case MapScale::square_root:
      return position * position;
    case MapScale::logarithmic:
      return std::pow(10.0F, (position - 1.0F) * log_decades);
  }
  return position;
}

ImU32 cell_color(MapScale scale, float cell, ColorMap map) {
  if (std::isnan(cell)) return palette().error;
  if (cell < -1.5F) return mix(palette().panel, palette().masked, 0.5F);
  if (cell < 0.0F) return palette().masked;
  const float position = scale_position(scale, cell);
  return color_of(map, map == ColorMap::diverging ? 2.0F * position - 1.0F : position);
}

float signed_cell(MapScale scale, float value) {
  if (std::isnan(value)) return value;
  return 0.5F + std::copysign(0.5F * scale_position(scale, std::abs(value)), value);
}

float without_sink(float weight, float rest) { return rest == 0.0F ? 0.0F : weight / rest; }

float rest_beside_sink(const float* weights, std::int64_t count) {
  double rest = 0.0;
  for (std::int64_t key = 1; key < count; ++key) rest += static_cast<double>(weights[key]);
  return static_cast<float>(rest);
}

}  // namespace headlight
