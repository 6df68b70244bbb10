// The clock around a backend changes no result and counts what was done.
#include "core/backends/timed_backend.h"

#include <gtest/gtest.h>

#include "tests/core/backends/random_values.h"
#include "tests/core/compare.h"

namespace headlight {
namespace {

std::vector<float> values(const Tensor& tensor) { return {tensor.values().begin(), tensor.values().end()}; }

TEST(TimedBackend, AddsUpEachOperationByItself) {
  RandomValues random(1);
  const auto plain = make_reference_backend();
  std::vector<OperationCost> costs;
  const auto timed = make_timed_backend(*plain, costs);
  const Tensor x = random.tensor({3, 64});
  const Weight small = random.weight(NumberFormat::q8_0, 5, 64);
  const Weight large = random.weight(NumberFormat::f32, 7, 64);
  EXPECT_EQ(values(timed->linear(x, small)), values(plain->linear(x, small)));
  timed->linear(x, large);
  timed->linear(x, small);
  EXPECT_EQ(values(timed->softmax(x.reshaped({3, 8, 8}))), values(plain->softmax(x.reshaped({3, 8, 8}))));
  ASSERT_EQ(costs.size(), 3U);
  EXPECT_EQ(costs[0].operation, "linear 5 x 64 Q8_0");
  EXPECT_EQ(costs[0].calls, 2);
  EXPECT_GT(costs[0].seconds, 0.0);
  EXPECT_EQ(costs[0].multiply_adds, 2.0 * 3 * 5 * 64);
  EXPECT_EQ(costs[0].weight_bytes, 2.0 * 5 * 2 * 34);  // two blocks of 34 bytes a row
  EXPECT_EQ(costs[0].value_bytes, 2.0 * 4 * (3 * 64 + 3 * 5));
  EXPECT_EQ(costs[1].operation, "linear 7 x 64 F32");
  EXPECT_EQ(costs[2].operation, "softmax");
  EXPECT_EQ(costs[2].multiply_adds, 0.0);
  EXPECT_EQ(costs[2].value_bytes, 2.0 * 4 * 3 * 64);
}

TEST(TimedBackend, CountsOnlyKeysThatAreSeen) {
  RandomValues random(2);
  const auto plain = make_reference_backend();
  std::vector<OperationCost> costs;
  const auto timed = make_timed_backend(*plain, costs);
  const Tensor q = random.tensor({3, 4, 16}), k = random.tensor({5, 2, 16}), v = random.tensor({5, 2, 16});
  const AttentionRule rule = {.scale = 0.25, .first_position = 2};
  const Tensor scores = timed->attention_scores(q, k, rule);
  timed->mix_values(timed->softmax(scores), v);
  EXPECT_EQ(values(timed->attend(q, k, v, rule)), values(plain->attend(q, k, v, rule)));
  const double products = (3 + 4 + 5) * 4 * 16;  // of the queries at 2, 3 and 4; heads; width
  ASSERT_EQ(costs.size(), 4U);
  EXPECT_EQ(costs[0].multiply_adds, products);
  EXPECT_EQ(costs[1].operation, "softmax");
  EXPECT_EQ(costs[2].multiply_adds, products);
  EXPECT_EQ(costs[3].multiply_adds, 2.0 * products);
}

}  // namespace
}  // namespace headlight
