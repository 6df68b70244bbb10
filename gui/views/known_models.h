// Cards of well-known models beside the open one: published facts, each with its source.
#pragma once

#include "core/model/model.h"

namespace headlight {

void draw_known_models(const Model& open);

}  // namespace headlight
