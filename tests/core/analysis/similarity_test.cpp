#include "core/analysis/similarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headlight {
namespace {

TEST(Similarity, IsTheCosineOfEveryPair) {
  const Similarity s = cosine_similarity(Tensor({4, 2}, std::vector<float>{3, 4, 6, 8, -4, 3, -3, -4}));
  EXPECT_DOUBLE_EQ(s.lengths[0], 5.0);
  EXPECT_DOUBLE_EQ(s.lengths[1], 10.0);
  ASSERT_EQ(s.cosines.shape(), (Shape{4, 4}));
  const float expected[16] = {1, 1, 0, -1, 1, 1, 0, -1, 0, 0, 1, 0, -1, -1, 0, 1};
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_NEAR(s.cosines.data()[i], expected[i], 1e-6F) << i;  // some roundings of float32 near 1
    EXPECT_LE(std::abs(s.cosines.data()[i]), 1.0F);
  }
}

TEST(Similarity, ZeroAndBrokenRowsAreNotANumber) {
  const float inf = std::numeric_limits<float>::infinity();
  const Similarity s = cosine_similarity(Tensor({3, 2}, std::vector<float>{1, 0, 0, 0, inf, 1}));
  EXPECT_EQ(s.lengths[1], 0.0);
  EXPECT_FLOAT_EQ(s.cosines.data()[0], 1.0F);
  for (const std::size_t i : {1U, 2U, 4U, 8U}) EXPECT_TRUE(std::isnan(s.cosines.data()[i])) << i;
}

}  // namespace
}  // namespace headlight
