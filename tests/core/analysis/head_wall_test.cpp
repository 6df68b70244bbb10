// Thumbnails lose no bright cell, however many weights share one; and hiding the sink stays exact.
#include "core/analysis/head_wall.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/core/backends/random_values.h"

namespace headlight {
namespace {

// Two layers of three heads of causal rows that add up to 1; mostly sink, as in real models.
std::shared_ptr<Trace> random_patterns(std::int64_t positions, std::uint32_t seed) {
  auto model = std::make_shared<Model>();
  model->architecture = {.family = "test", .layers = 2, .heads = 3, .kv_heads = 1, .d_head = 2};
  auto trace = std::make_shared<Trace>(model, std::vector<TokenId>(static_cast<std::size_t>(positions), 0));
  RandomValues random(seed);
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    Tensor pattern({3, positions, positions});
    float* out = pattern.writable();
    std::fill_n(out, pattern.size(), 0.0F);
    for (std::int64_t row = 0; row < 3 * positions; ++row) {
      const std::int64_t query = row % positions;
      float* weights = out + row * positions;
      float sum = 0;
      for (std::int64_t key = 0; key <= query; ++key) {
        weights[key] = std::exp(random.value(4.0F)) + (key == 0 ? 20.0F : 0.0F);
        sum += weights[key];
      }
      for (std::int64_t key = 0; key <= query; ++key) weights[key] /= sum;
    }
    trace->set(Hook::pattern, layer, pattern);
    trace->set(Hook::resid_post, layer, Tensor({positions, 1}));  // what makes a layer done
  }
  return trace;
}

class HeadWallSize : public testing::TestWithParam<std::int64_t> {};

TEST_P(HeadWallSize, EveryCellIsTheMaximumOverWhatItCovers) {
  const std::int64_t positions = GetParam();
  const auto trace = random_patterns(positions, 7);
  ASSERT_EQ(trace->layers_done(), 2);
  const auto wall = head_wall(*trace, nullptr);
  ASSERT_EQ(wall->side, std::min<std::int64_t>(positions, 64));
  std::int64_t compared = 0;
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    for (std::int64_t head = 0; head < 3; ++head) {
      const Tensor maps = trace->at(Hook::pattern, layer);
      const float* pattern = maps.data() + head * positions * positions;
      const float* cells = wall->thumbnail(layer, head);
      std::vector<float> expected(static_cast<std::size_t>(wall->side * wall->side), 0.0F);
      float largest = 0;
      for (std::int64_t i = 0; i < positions * positions; ++i) {
        const std::int64_t query = i / positions;
        const std::int64_t key = i % positions;
        float& cell = expected[static_cast<std::size_t>(query * wall->side / positions * wall->side +
                                                        key * wall->side / positions)];
        cell = std::max(cell, pattern[i]);
        if (key > 0) largest = std::max(largest, pattern[i]);
      }
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), cells)) << "L" << layer << " H" << head;
      EXPECT_EQ(*std::max_element(cells, cells + wall->side * wall->side),
                *std::max_element(pattern, pattern + positions * positions));
      const auto index = static_cast<std::size_t>(layer * 3 + head);
      EXPECT_EQ(wall->largest[index], largest);
      if (positions > 1) {
        EXPECT_EQ(pattern[wall->largest_query[index] * positions + wall->largest_key[index]], largest);
      } else {
        EXPECT_EQ(wall->largest_query[index], -1);
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 6);
}

TEST_P(HeadWallSize, HidingTheSinkDividesByWhatTheOtherKeysHave) {
  const std::int64_t positions = GetParam();
  const auto trace = random_patterns(positions, 11);
  const auto wall = head_wall(*trace, nullptr);
  EXPECT_EQ(wall->cells_without_sink.empty(), positions <= 64);
  if (wall->cells_without_sink.empty()) return;
  std::vector<float> expected(static_cast<std::size_t>(wall->side * wall->side), 0.0F);
  const Tensor maps = trace->at(Hook::pattern, 0);
  const float* pattern = maps.data();
  for (std::int64_t query = 1; query < positions; ++query) {
    const float* weights = pattern + query * positions;
    for (std::int64_t key = 1; key <= query; ++key) {
      float& cell = expected[static_cast<std::size_t>(query * wall->side / positions * wall->side +
                                                      key * wall->side / positions)];
      cell = std::max(cell, weights[key] / (1.0F - weights[0]));
    }
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // 1 - weights[0] and the sum of up to 999 float32 weights differ by their rounding, 2^-24 each.
    EXPECT_NEAR(wall->cells_without_sink[i], expected[i], 1e-4F) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Positions, HeadWallSize, testing::Values(1, 2, 5, 63, 64, 65, 130, 1000));

TEST(HeadWall, NotANumberIsNotLostUnderLargerWeights) {
  const auto trace = random_patterns(130, 3);
  Tensor pattern = trace->at(Hook::pattern, 1).copy();
  pattern.writable()[130 * 130 + 100 * 130 + 50] = std::numeric_limits<float>::quiet_NaN();  // head 1
  trace->set(Hook::pattern, 1, pattern);
  const auto wall = head_wall(*trace, nullptr);
  EXPECT_TRUE(std::isnan(wall->thumbnail(1, 1)[(100 * 64 / 130) * 64 + 50 * 64 / 130]));
  EXPECT_FALSE(std::isnan(wall->thumbnail(1, 0)[(100 * 64 / 130) * 64 + 50 * 64 / 130]));
}

TEST(HeadWall, GoesOnFromAnEarlierPartOfTheSamePass) {
  const auto whole = random_patterns(70, 5);
  Trace half(whole->shared_model(), whole->tokens());
  half.set(Hook::pattern, 0, whole->at(Hook::pattern, 0));
  half.set(Hook::resid_post, 0, whole->at(Hook::resid_post, 0));
  const auto before = head_wall(half, nullptr);
  EXPECT_EQ(before->layers_done, 1);
  EXPECT_EQ(before->thumbnail(1, 0)[0], 0.0F);
  const auto continued = head_wall(*whole, before.get());
  const auto fresh = head_wall(*whole, nullptr);
  EXPECT_EQ(continued->cells, fresh->cells);
  EXPECT_EQ(continued->cells_without_sink, fresh->cells_without_sink);
  EXPECT_EQ(continued->largest_query, fresh->largest_query);
  EXPECT_EQ(continued->layers_done, 2);
}

}  // namespace
}  // namespace headlight
