// PCA through the smaller of the two second-moment matrices.
#include "core/analysis/projection.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace headlight {

Projection principal_components(const Tensor& x) {
  const std::int64_t rows = x.axis(0);
  const std::int64_t columns = x.axis(1);
  Projection result;
  result.points.assign(static_cast<std::size_t>(rows), {0.0, 0.0, 0.0});
  if (rows < 2) return result;

  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::MatrixXd centred = Eigen::Map<const RowMajor>(x.data(), rows, columns).cast<double>();
  centred.rowwise() -= centred.colwise().mean().eval();
  const double total = centred.squaredNorm();
  if (!std::isfinite(total) || total <= 0.0) return result;

  const bool by_rows = rows <= columns;
  const Eigen::MatrixXd moments = by_rows ? Eigen::MatrixXd(centred * centred.transpose())
                                          : Eigen::MatrixXd(centred.transpose() * centred);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(moments);
  const Eigen::Index count = moments.rows();
  for (int axis = 0; axis < 3 && axis < count; ++axis) {
    const Eigen::Index column = count - 1 - axis;
    const double variance = std::max(0.0, solver.eigenvalues()(column));
    Eigen::VectorXd coordinates =
        by_rows ? Eigen::VectorXd(solver.eigenvectors().col(column) * std::sqrt(variance))
                : Eigen::VectorXd(centred * solver.eigenvectors().col(column));
    Eigen::Index largest = 0;
    coordinates.cwiseAbs().maxCoeff(&largest);
    if (coordinates(largest) < 0.0) coordinates = -coordinates;
    for (std::int64_t row = 0; row < rows; ++row) {
      result.points[static_cast<std::size_t>(row)][static_cast<std::size_t>(axis)] = coordinates(row);
    }
    result.explained[static_cast<std::size_t>(axis)] = variance / total;
  }
  return result;
}

}  // namespace headlight
