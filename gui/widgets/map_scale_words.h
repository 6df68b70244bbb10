// Words beside the colour bar of attention maps.
#pragma once

#include <string>

#include "core/session/document.h"

namespace headlight {

// What a place on the bar stands for, 0..1: "0.25", "row's largest"; none where a row's own scale has none.
std::string map_scale_words(MapScale scale, float position);

}  // namespace headlight
