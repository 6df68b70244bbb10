// Patterns that are made again some queries at a time are those of the pass, however they are put together.
#include "core/forward/derived_pattern.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/analysis/head_wall.h"
#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::shared_ptr<const Trace> run_family(const std::string& name, Backend& backend) {
  const GoldenCase golden = golden_of_family(name).cases.back();
  ForwardRequest request;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  request.capture.attention_maps = false;
  return run_forward(load_family(name), backend, request);
}

// The weight of one pair in a block that begins at the query `first`; masked keys may be left out of it.
float weight_in(const Tensor& block, std::int64_t head, std::int64_t row, std::int64_t key) {
  if (key >= block.axis(2)) return 0.0F;
  return block.data()[(head * block.axis(1) + row) * block.axis(2) + key];
}

class DerivedPatternOfFamilies : public testing::TestWithParam<std::string> {};

void expect_same_in_blocks(const Trace& trace, Backend& backend, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  const std::int64_t queries = trace.positions(), keys = attention_keys(trace, cross);
  const std::int64_t layer = a.layers - 1;
  const DerivedPattern all(trace, backend, layer, std::nullopt, cross);
  const auto wall = head_wall(trace, nullptr, cross, {.backend = &backend});
  ASSERT_EQ(wall->layers_done, a.layers);
  for (std::int64_t head = 0; head < a.heads; ++head) {
    const DerivedPattern one(trace, backend, layer, head, cross);
    const Tensor exact = head_pattern(trace, layer, head, cross);
    const Tensor whole = all.rows(0, queries);
    float largest = 0.0F;
    for (std::int64_t query = 0; query < queries; ++query) {
      const Tensor row = one.rows(query, query + 1);
      for (std::int64_t key = 0; key < keys; ++key) {
        const float weight = weight_in(row, 0, 0, key);
        EXPECT_EQ(weight, weight_in(whole, head, query, key)) << query << " " << key;
        // Scores of a backend are rounded to float32, as those of head_pattern are: 2^-24 of |s| < 50 each.
        EXPECT_NEAR(weight, exact.data()[query * keys + key], 1e-5F) << query << " " << key;
        if (key > 0) largest = std::max(largest, weight);
      }
    }
    EXPECT_EQ(wall->largest[static_cast<std::size_t>(layer * a.heads + head)], largest);
  }
}

TEST_P(DerivedPatternOfFamilies, RowsDoNotDependOnTheirBlock) {
  const auto backend = make_cpu_backend(2);
  const auto trace = run_family(GetParam(), *backend);
  expect_same_in_blocks(*trace, *backend, false);
  if (!trace->source()) return;
  expect_same_in_blocks(*trace, *backend, true);
  expect_same_in_blocks(*trace->source(), *backend, false);
}

std::string test_name(const testing::TestParamInfo<std::string>& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, DerivedPatternOfFamilies, testing::ValuesIn(family_names()), test_name);

std::shared_ptr<const Trace> long_trace(Backend& backend) {
  ForwardRequest request;
  for (std::int64_t i = 0; i < 150; ++i) request.tokens.push_back(static_cast<TokenId>((i * i + 3) % 50));
  request.capture.attention_maps = false;
  return run_forward(tiny_model(), backend, request);
}

TEST(DerivedWall, GoesOnLayerByLayerAndComesToTheSame) {
  const auto backend = make_cpu_backend(2);
  const auto trace = long_trace(*backend);
  const auto at_once = head_wall(*trace, nullptr, false, {.backend = backend.get()});
  std::shared_ptr<const HeadWall> wall = head_wall(*trace, nullptr, false, {.most_layers = 0});
  EXPECT_EQ(wall->layers_done, 0);
  for (std::int64_t layer = 0; layer < wall->layers; ++layer) {
    wall = head_wall(*trace, wall.get(), false, {.backend = backend.get(), .most_layers = 1});
    EXPECT_EQ(wall->layers_done, layer + 1);
  }
  EXPECT_EQ(wall->cells, at_once->cells);
  EXPECT_EQ(wall->cells_without_sink, at_once->cells_without_sink);
  EXPECT_EQ(wall->largest_key, at_once->largest_key);
  EXPECT_EQ(wall->largest_query, at_once->largest_query);
}

TEST(DerivedWall, StopsWhenItIsTold) {
  const auto backend = make_cpu_backend(1);
  const auto trace = long_trace(*backend);
  int asked = 0;
  const WallWork work{backend.get(), [&] { return ++asked > 2; }};
  EXPECT_THROW(head_wall(*trace, nullptr, false, work), Cancelled);
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace headlight
