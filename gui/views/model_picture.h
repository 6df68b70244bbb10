// The architecture of a model as a picture: the stream from top to bottom, and what reads it and adds to it.
#pragma once

#include "core/model/model.h"

namespace headlight {

// At the cursor, as wide as the room that is left.
void draw_model_picture(const Model& model);

}  // namespace headlight
