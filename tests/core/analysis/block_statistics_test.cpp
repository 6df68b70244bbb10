// Lengths, outliers and histograms of vectors that can be checked by hand, and of a real pass.
#include "core/analysis/block_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(BlockStatistics, LengthsAreThoseOfTheRows) {
  const auto trace = run_forward(tiny_model(), *make_cpu_backend(2), request_for({5, 17, 17, 3}));
  const StreamLengths lengths = stream_lengths(trace, [] {});
  ASSERT_EQ(lengths.hooks,
            (std::vector<Hook>{Hook::resid_pre, Hook::attn_out, Hook::mlp_out, Hook::resid_post}));
  for (std::size_t i = 0; i < lengths.hooks.size(); ++i) {
    ASSERT_EQ(lengths.of[i].size(), 3U);
    for (std::int64_t layer = 0; layer < 3; ++layer) {
      const LayerLengths& here = lengths.of[i][static_cast<std::size_t>(layer)];
      double mean = 0.0;
      for (std::int64_t position = 0; position < 4; ++position) {
        const VectorFacts facts = vector_facts(trace->row(lengths.hooks[i], layer, position));
        EXPECT_FLOAT_EQ(here.lengths[static_cast<std::size_t>(position)], static_cast<float>(facts.length));
        EXPECT_LE(facts.length,
                  static_cast<double>(here.lengths[static_cast<std::size_t>(here.largest_at)]) * 1.0001);
        mean += facts.length / 4;
      }
      EXPECT_NEAR(here.mean, mean, 1e-9 * mean);
      EXPECT_EQ(here.not_finite, 0);
    }
  }
}

TEST(BlockStatistics, FactsOfAVectorLeaveOutWhatIsNoNumber) {
  const std::vector<float> values = {3.0F, -4.0F, nan, 1.0F};
  const VectorFacts facts = vector_facts(values);
  EXPECT_EQ(facts.count, 4);
  EXPECT_EQ(facts.not_finite, 1);
  EXPECT_DOUBLE_EQ(facts.mean, 0.0);
  EXPECT_DOUBLE_EQ(facts.length, std::sqrt(26.0));
  EXPECT_DOUBLE_EQ(facts.deviation, std::sqrt(26.0 / 3.0));
  EXPECT_EQ(facts.largest_at, 2);
  EXPECT_EQ(vector_facts({}).count, 0);
}

TEST(BlockStatistics, OutliersAreFarFromTheMedianInSpreadsThatTheyDoNotMove) {
  // 0, 1, … 10: median 5, |x − 5| has the median 3.
  std::vector<float> values;
  for (int i = 0; i <= 10; ++i) values.push_back(static_cast<float>(i));
  OutlierDimensions found = outlier_dimensions(values);
  EXPECT_DOUBLE_EQ(found.median, 5.0);
  EXPECT_DOUBLE_EQ(found.spread, 1.4826 * 3.0);
  EXPECT_TRUE(found.dimensions.empty());
  values[2] = -5000.0F;
  values[7] = 900.0F;
  found = outlier_dimensions(values);
  EXPECT_EQ(found.dimensions, (std::vector<std::int64_t>{2, 7}));
  values[4] = nan;
  EXPECT_EQ(outlier_dimensions(values).dimensions.front(), 4);
  EXPECT_TRUE(outlier_dimensions({}).dimensions.empty());
  const std::vector<float> same(8, 2.0F);
  EXPECT_TRUE(outlier_dimensions(same).dimensions.empty());
}

TEST(BlockStatistics, HistogramsCountEveryFiniteNumberOnce) {
  const std::vector<float> one = {0.0F, 1.0F, 2.0F, 4.0F}, other = {4.0F, nan};
  const std::vector<std::span<const float>> rows = {one, other};
  const Histogram found = histogram(rows, 4);
  EXPECT_EQ(found.least, 0.0);
  EXPECT_EQ(found.most, 4.0);
  EXPECT_EQ(found.counts, (std::vector<std::int64_t>{1, 1, 1, 2}));
  EXPECT_EQ(found.not_finite, 1);
  const std::vector<float> same = {2.0F, 2.0F};
  const std::vector<std::span<const float>> flat = {same};
  EXPECT_EQ(histogram(flat, 3).counts, (std::vector<std::int64_t>{2, 0, 0}));
}

}  // namespace
}  // namespace headlight
