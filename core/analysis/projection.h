// The tokens of a text in three dimensions: principal components of one activation.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/base/tensor.h"

namespace headlight {

struct Projection {
  using Point = std::array<double, 3>;       // a picture in two dimensions shows the first two
  std::vector<Point> points;                 // one a row
  std::array<double, 3> explained{0, 0, 0};  // share of the variance along each axis, 0..1
};

// x [rows, columns]. Centred, not scaled; signs are chosen so that each axis's largest coordinate is
// positive. Fewer than two rows, or no variance: points at the origin. Source: Pearson 1901; by the Gram
// matrix when rows are few.
Projection principal_components(const Tensor& x);

}  // namespace headlight
