#include "tests/core/compare.h"

#include <limits>
#include <vector>

namespace headlight {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Tensor row(std::vector<float> values) { return Tensor({static_cast<std::int64_t>(values.size())}, values); }

TEST(Compare, AcceptsWhatIsWithinTheBound) {
  EXPECT_TRUE(all_close(row({1.0F, -2.0F, 0.0F}), row({1.0F, -2.0F, -0.0F}), 0, 0));
  EXPECT_TRUE(all_close(row({1.05F, 105.0F}), row({1.0F, 100.0F}), 0.06, 0.05));
  EXPECT_TRUE(all_close(row({nan, infinite, -infinite}), row({nan, infinite, -infinite}), 0, 0));
}

TEST(Compare, RefusesEverythingElse) {
  const double loose = 1e30;  // a bound that would let any finite difference through
  EXPECT_FALSE(all_close(row({1.0F, 1.2F}), row({1.0F, 1.0F}), 0.1, 0));
  EXPECT_FALSE(all_close(row({nan}), row({1.0F}), loose, loose));
  EXPECT_FALSE(all_close(row({1.0F}), row({nan}), loose, loose));
  EXPECT_FALSE(all_close(row({1.0F}), row({infinite}), loose, loose));
  EXPECT_FALSE(all_close(row({infinite}), row({1.0F}), loose, loose));
  EXPECT_FALSE(all_close(row({-infinite}), row({infinite}), loose, loose));
  EXPECT_FALSE(all_close(row({1.0F}), row({1.0F, 1.0F}), loose, loose));
  EXPECT_FALSE(all_close(row({1.0F, 1.0F}).reshaped({2, 1}), row({1.0F, 1.0F}), loose, loose));
  EXPECT_FALSE(all_close(row({}), row({}), loose, loose));
  EXPECT_FALSE(all_close(Tensor(), row({1.0F}), loose, loose));
  EXPECT_FALSE(all_close(row({1.0F}), Tensor(), loose, loose));
  EXPECT_FALSE(all_close(Tensor(), Tensor(), loose, loose));
}

}  // namespace
}  // namespace headlight
