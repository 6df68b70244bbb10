#include "core/analysis/projection.h"

#include <gtest/gtest.h>

#include <cmath>

namespace headlight {
namespace {

TEST(Projection, FindsTheLineThatPointsLieOn) {
  // (t, 2t, 0): all variance along (1, 2, 0)/sqrt(5).
  std::vector<float> values;
  for (const float t : {-2.0F, -1.0F, 0.0F, 3.0F}) values.insert(values.end(), {t, 2 * t, 0.0F});
  const Projection p = principal_components(Tensor({4, 3}, values));
  EXPECT_NEAR(p.explained[0], 1.0, 1e-12);
  EXPECT_NEAR(p.points[3][0] - p.points[0][0], 5.0 * std::sqrt(5.0), 1e-9);
  EXPECT_NEAR(p.points[2][1], 0.0, 1e-6);
}

TEST(Projection, IsTheSameThroughRowsAndThroughColumns) {
  std::vector<float> values(12 * 5);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i * 37 + i * i * 11) % 23) - 11.0F;
  const Tensor tall({12, 5}, values);  // more rows than columns: by columns
  const Projection by_columns = principal_components(tall);
  std::vector<float> wide_values(12 * 20, 0.0F);  // the same points, padded: by rows
  for (std::size_t row = 0; row < 12; ++row) {
    for (std::size_t column = 0; column < 5; ++column)
      wide_values[row * 20 + column] = values[row * 5 + column];
  }
  const Projection by_rows = principal_components(Tensor({12, 20}, wide_values));
  for (std::size_t row = 0; row < 12; ++row) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(by_columns.points[row][axis], by_rows.points[row][axis], 1e-9);
    }
  }
}

TEST(Projection, DegenerateTextsLieAtTheOrigin) {
  EXPECT_EQ(principal_components(Tensor({1, 4}, std::vector<float>{1, 2, 3, 4})).points.size(), 1U);
  const Projection same = principal_components(Tensor({2, 2}, std::vector<float>{1, 2, 1, 2}));
  EXPECT_EQ(same.points[1][0], 0.0);
  const Projection broken = principal_components(Tensor({2, 2}, std::vector<float>{NAN, 2, 1, 2}));
  EXPECT_EQ(broken.explained[0], 0.0);
}

}  // namespace
}  // namespace headlight
