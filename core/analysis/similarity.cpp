// Rows are brought to length 1 in double and multiplied with each other in float.
#include "core/analysis/similarity.h"

#include <Eigen/Core>
#include <cmath>
#include <limits>

namespace headlight {

Similarity cosine_similarity(const Tensor& x) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::int64_t rows = x.axis(0);
  const std::int64_t columns = x.axis(1);
  Similarity result;
  result.lengths.resize(static_cast<std::size_t>(rows));
  RowMajor units = Eigen::Map<const RowMajor>(x.data(), rows, columns);
  for (std::int64_t row = 0; row < rows; ++row) {
    const Eigen::VectorXd exact = units.row(row).cast<double>();
    const double length = exact.norm();
    result.lengths[static_cast<std::size_t>(row)] = length;
    if (std::isfinite(length) && length > 0.0) {
      units.row(row) = (exact / length).cast<float>();
    } else {
      units.row(row).setConstant(std::numeric_limits<float>::quiet_NaN());
    }
  }
  result.cosines = Tensor({rows, rows});
  Eigen::Map<RowMajor> cosines(result.cosines.writable(), rows, rows);
  cosines.noalias() = units * units.transpose();
  // Rounding may leave 1 + 1e-7; comparisons keep what is not a number.
  for (float& cosine : cosines.reshaped()) {
    if (cosine > 1.0F) cosine = 1.0F;
    if (cosine < -1.0F) cosine = -1.0F;
  }
  return result;
}

}  // namespace headlight
