#include "core/analysis/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace headlight {
namespace {

// ln of these gives probabilities that can be checked by hand.
const std::vector<float> logits = {std::log(0.1F), std::log(0.5F), std::log(0.05F), std::log(0.3F),
                                   std::log(0.05F)};

TEST(Distribution, IsExactOverTheWholeVocabulary) {
  const Distribution d = distribution(logits, {});
  EXPECT_EQ(d.ranked[0].id, 1);
  EXPECT_EQ(d.ranked[1].id, 3);
  EXPECT_EQ(d.ranked[3].id, 2);  // a tie goes to the smaller id
  double sum = 0.0;
  for (const Candidate& candidate : d.ranked) sum += candidate.probability;
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_NEAR(d.ranked[0].probability, 0.5, 1e-7);  // the logits are rounded to float32
  EXPECT_NEAR(d.entropy,
              -(0.1 * std::log(0.1) + 0.5 * std::log(0.5) + 0.1 * std::log(0.05) + 0.3 * std::log(0.3)),
              1e-6);
  EXPECT_EQ(d.kept, 5);
}

TEST(Distribution, CutsFollowTheirOrder) {
  const Distribution by_k = distribution(logits, {1.0, 3, 1.0, 0.0});
  EXPECT_EQ(by_k.kept, 3);
  EXPECT_EQ(by_k.ranked[3].cut, Candidate::Cut::top_k);
  EXPECT_NEAR(by_k.ranked[0].sampled, 0.5 / 0.9, 1e-7);
  EXPECT_EQ(by_k.ranked[3].sampled, 0.0);
  EXPECT_NEAR(by_k.ranked[3].probability, 0.05, 1e-7);  // what is cut keeps its probability

  const Distribution by_p = distribution(logits, {1.0, 0, 0.7, 0.0});
  EXPECT_EQ(by_p.kept, 2);
  EXPECT_EQ(by_p.ranked[2].cut, Candidate::Cut::top_p);
  // top-p counts within what top-k left: 0.5 / 0.8 is not yet 0.7.
  EXPECT_EQ(distribution(logits, {1.0, 2, 0.7, 0.0}).kept, 2);
  EXPECT_EQ(distribution(logits, {1.0, 2, 0.6, 0.0}).kept, 1);

  EXPECT_EQ(distribution(logits, {1.0, 0, 1.0, 0.15}).kept, 3);
  EXPECT_EQ(distribution(logits, {1.0, 0, 0.0, 0.0}).kept, 1);  // one is always kept
}

TEST(Distribution, TemperatureSharpensAndFlattens) {
  EXPECT_NEAR(distribution(logits, {0.5, 0, 1.0, 0.0}).ranked[0].tempered,
              0.25 / (0.25 + 0.09 + 0.01 + 0.0025 + 0.0025), 1e-7);
  const Distribution greedy = distribution(logits, {0.0, 0, 1.0, 0.0});
  EXPECT_EQ(greedy.kept, 1);
  EXPECT_EQ(greedy.ranked[0].sampled, 1.0);
}

TEST(Distribution, HugeLogitsAndNansDoNotSpread) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Distribution d = distribution(std::vector<float>{25000.0F, 24999.0F, nan, -25000.0F, -INFINITY}, {});
  EXPECT_NEAR(d.ranked[0].probability, 1.0 / (1.0 + std::exp(-1.0)), 1e-12);
  EXPECT_EQ(d.ranked[3].probability, 0.0);
  EXPECT_EQ(d.ranked.back().id, 2);
  EXPECT_TRUE(std::isnan(d.ranked.back().probability));
}

// The order by comparing, as it is defined.
std::vector<TokenId> compared_order(const std::vector<float>& values) {
  std::vector<TokenId> ids(values.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](TokenId a, TokenId b) {
    const float first = values[static_cast<std::size_t>(a)], second = values[static_cast<std::size_t>(b)];
    if (std::isnan(first) || std::isnan(second)) return !std::isnan(first) && std::isnan(second);
    return first > second;
  });
  return ids;
}

TEST(Distribution, RanksAsComparingDoes) {
  std::mt19937_64 generator(3);
  std::vector<float> values(49152);
  for (float& value : values) {
    value = (static_cast<float>(generator() % 20001) - 10000.0F) / 500.0F;  // many ties
  }
  values[7] = std::numeric_limits<float>::quiet_NaN();
  values[8] = -std::numeric_limits<float>::quiet_NaN();
  values[9] = -0.0F;
  values[10] = 0.0F;
  values[11] = -INFINITY;
  values[12] = std::numeric_limits<float>::denorm_min();
  values[13] = -std::numeric_limits<float>::denorm_min();
  values[14] = std::numeric_limits<float>::max();
  values[15] = std::numeric_limits<float>::lowest();
  const std::vector<TokenId> expected = compared_order(values);
  const Distribution d = distribution(values, {});
  for (std::size_t rank = 0; rank < values.size(); ++rank)
    ASSERT_EQ(d.ranked[rank].id, expected[rank]) << rank;
}

TEST(Sampling, TakesTheCandidateInWhosePartTheNumberFalls) {
  const Distribution d = distribution(logits, {1.0, 3, 1.0, 0.0});
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const double number = drawn_number(seed, 5);
    ASSERT_GE(number, 0.0);
    ASSERT_LT(number, 1.0);
    const double first = d.ranked[0].sampled, second = first + d.ranked[1].sampled;
    const std::size_t expected = number < first ? 0 : number < second ? 1 : 2;
    EXPECT_EQ(sample(d, seed, 5), d.ranked[expected].id);
  }
}

TEST(Sampling, FollowsTheDistributionAndTheSeed) {
  const Distribution d = distribution(logits, {1.0, 3, 1.0, 0.0});
  std::mt19937_64 first(7);
  std::mt19937_64 second(7);
  std::map<TokenId, int> counts;
  constexpr int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    const TokenId id = sample(d, first);
    EXPECT_EQ(id, sample(d, second));
    ++counts[id];
  }
  EXPECT_EQ(counts.size(), 3U);
  // Four standard deviations of a binomial count.
  for (const Candidate& candidate : d.ranked) {
    const double p = candidate.sampled;
    EXPECT_NEAR(counts[candidate.id], p * draws, 4 * std::sqrt(draws * p * (1 - p)) + 1e-9);
  }
}

TEST(Sampling, DependsOnSeedAndPositionAlone) {
  const Distribution d = distribution(logits, {});
  std::map<TokenId, int> counts;
  for (std::int64_t position = 0; position < 2000; ++position) {
    EXPECT_EQ(sample(d, 7, position), sample(d, 7, position));
    ++counts[sample(d, 7, position)];
  }
  // Draws at neighbouring positions are independent: four standard deviations of a binomial count.
  for (const Candidate& candidate : d.ranked) {
    const double p = candidate.probability;
    EXPECT_NEAR(counts[candidate.id], 2000 * p, 4 * std::sqrt(2000 * p * (1 - p)));
  }
}

}  // namespace
}  // namespace headlight
