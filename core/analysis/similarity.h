// How alike the rows of an activation are: lengths and the cosine of every pair.
#pragma once

#include <vector>

#include "core/base/tensor.h"

namespace headlight {

struct Similarity {
  std::vector<double> lengths;  // Euclidean, one a row
  Tensor cosines;               // [rows, rows], -1..1; not a number where a row is zero or not finite
};

// x [rows, columns].
Similarity cosine_similarity(const Tensor& x);

}  // namespace headlight
