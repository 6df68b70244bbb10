// The comparison with golden values itself: it must fail on every kind of disagreement, and when it saw
// nothing.
#include "tests/core/golden/golden_values.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace headlight {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr std::array<std::int64_t, 3> places = {0, 2, 3};
constexpr std::array<float, 3> values = {1.0F, -4.0F, 0.0F};

ExpectedTensor expected() {
  return {.name = "blocks.0.attn.hook_pattern",
          .shape = {2, 2},
          .indices = places,
          .values = values,
          .largest_index = 2,
          .largest_value = -4.0F};
}

Agreement held(const std::vector<float>& actual, const ExpectedTensor& golden, Shape shape = {2, 2}) {
  Agreement agreement;
  hold_against(Tensor(std::move(shape), actual), golden, 0.01, agreement);
  return agreement;
}

TEST(GoldenComparison, AcceptsWhatIsNearEnough) {
  const Agreement agreement = held({1.0F, 3.0F, -4.005F, 0.002F}, expected());
  EXPECT_TRUE(agreement.passed()) << agreement.failure;
  EXPECT_EQ(agreement.compared, 4);  // three stored values and the largest
  EXPECT_NEAR(agreement.worst_share, 0.5, 1e-3);
}

TEST(GoldenComparison, FailsOnAWrongValueAndNamesIt) {
  const Agreement agreement = held({1.0F, 3.0F, -4.0F, 0.02F}, expected());
  EXPECT_FALSE(agreement.passed());
  EXPECT_NE(agreement.failure.find("hook_pattern[3]: 0.02, expected 0, allowed 1.0e-02"), std::string::npos)
      << agreement.failure;
}

TEST(GoldenComparison, FailsOnNanAndInfinity) {
  EXPECT_FALSE(held({std::nanf(""), 3.0F, -4.0F, 0.0F}, expected()).passed());
  EXPECT_FALSE(held({-infinity, 3.0F, -4.0F, 0.0F}, expected()).passed());
  // In places that are not stored, too.
  EXPECT_FALSE(held({1.0F, std::nanf(""), -4.0F, 0.0F}, expected()).passed());
  EXPECT_FALSE(held({1.0F, infinity, -4.0F, 0.0F}, expected()).passed());
  EXPECT_FALSE(held({1.0F, 4.02F, -4.0F, 0.0F}, expected()).passed());
}

TEST(GoldenComparison, FailsOnAnotherShape) {
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, 0.0F}, expected(), {4}).passed());
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F}, expected(), {3}).passed());
}

TEST(GoldenComparison, FailsOnAMissingLargestValue) {
  ExpectedTensor golden = expected();
  golden.largest_index = 1;
  golden.largest_value = 9.0F;
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, 0.0F}, golden).passed());
}

TEST(GoldenComparison, FailsOnCountsThatDoNotFitAndOnPlacesOutside) {
  ExpectedTensor golden = expected();
  golden.values = golden.values.first(2);
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, 0.0F}, golden).passed());
  constexpr std::array<std::int64_t, 3> outside = {0, 2, 4};
  golden = expected();
  golden.indices = outside;
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, 0.0F}, golden).passed());
}

TEST(GoldenComparison, FailsWhenNothingWasCompared) {
  EXPECT_FALSE(Agreement{}.passed());
  ExpectedTensor golden = expected();
  golden.indices = {};
  golden.values = {};
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, 0.0F}, golden).passed());
}

TEST(GoldenComparison, TakesMaskedCellsExactly) {
  constexpr std::array<float, 3> masked = {1.0F, -4.0F, -infinity};
  ExpectedTensor scores = expected();
  scores.values = masked;
  EXPECT_TRUE(held({1.0F, 3.0F, -4.0F, -infinity}, scores).passed());
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, -1e30F}, scores).passed());
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, infinity}, scores).passed());

  ExpectedTensor pattern = expected();
  pattern.zeros_are_exact = true;
  EXPECT_TRUE(held({1.0F, 3.0F, -4.0F, 0.0F}, pattern).passed());
  EXPECT_FALSE(held({1.0F, 3.0F, -4.0F, 1e-30F}, pattern).passed());
}

}  // namespace
}  // namespace headlight
