// Whether a model can compute: the model of a trace that was made elsewhere has shapes alone.
#pragma once

#include "core/model/model.h"

namespace headlight {

inline bool has_weights(const Model& model) { return model.embedding.bytes != nullptr; }

}  // namespace headlight
