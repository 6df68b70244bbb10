#include "gui/widgets/map_scale_words.h"

#include <fmt/format.h>

#include "gui/strings.h"
#include "gui/widgets/map_scale.h"

namespace headlight {

std::string map_scale_words(MapScale scale, float position) {
  if (scale == MapScale::per_row)
    return position == 0.0F ? "0" : position == 1.0F ? text("attention.row_largest") : "";
  if (scale == MapScale::logarithmic && position == 0.0F) return "≤ 0.0001";
  return fmt::format("{:.2g}", scale_weight(scale, position));
}

}  // namespace headlight
