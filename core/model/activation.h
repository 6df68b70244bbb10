// What stands between the two products of an MLP, one number at a time.
#pragma once

#include "core/model/architecture.h"

namespace headlight {

// In double. Sources: silu, Elfwing et al. 2017, eq. 9; gelu and its tanh form, Hendrycks & Gimpel 2016,
// section 2. NaN stays NaN.
double activated(double x, Activation activation);

}  // namespace headlight
