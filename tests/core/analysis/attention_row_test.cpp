// The row that a person checks by hand ends where the model's own attention ended.
#include "core/analysis/attention_row.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/backends/backend_list.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::shared_ptr<const Trace> tiny_trace(const std::string& device,
                                        std::vector<Intervention> interventions = {}) {
  const auto backend = make_backend(device, 1);
  return run_forward(tiny_model(), *backend, request_for({5, 9, 3, 3, 17, 2, 11}, std::move(interventions)));
}

TEST(AttentionRow, EndsAtTheCapturedPatternAndMixedValues) {
  for (const char* device : {"reference", "cpu"}) {
    const auto trace = tiny_trace(device);
    const ArchitectureDescription& a = trace->model().architecture;
    int rows = 0;
    for (std::int64_t layer = 0; layer < a.layers; ++layer) {
      for (std::int64_t head = 0; head < a.heads; ++head) {
        for (std::int64_t query = 0; query < trace->positions(); ++query, ++rows) {
          const AttentionRow row = attention_row(*trace, layer, head, query);
          ASSERT_EQ(row.weight.size(), static_cast<std::size_t>(query + 1));
          ASSERT_EQ(row.captured.size(), row.weight.size());
          const float* pattern = trace->map_row(Hook::pattern, layer, head, query).data();
          double sum = 0;
          for (std::size_t key = 0; key < row.weight.size(); ++key) {
            // float32 scores of a few nats are off by 1e-6 of themselves; the issue asks for 1e-5.
            EXPECT_NEAR(row.weight[key], static_cast<double>(pattern[key]), 1e-5)
                << device << " " << layer << " " << head << " " << query << " " << key;
            sum += row.weight[key];
          }
          EXPECT_LE(row.difference, 1e-5);
          EXPECT_NEAR(sum, 1.0, 1e-12);  // doubles
          const float* z = trace->row(Hook::z, layer, query).data() + head * a.d_head;
          for (std::size_t i = 0; i < row.z.size(); ++i)
            EXPECT_NEAR(row.z[i], static_cast<double>(z[i]), 1e-5);
          EXPECT_EQ(row.z.size(), static_cast<std::size_t>(a.d_head));
        }
      }
    }
    EXPECT_GT(rows, 10);
  }
}

TEST(AttentionRow, ProductsAddUpToTheDotProduct) {
  const auto trace = tiny_trace("reference");
  const std::int64_t head = trace->model().architecture.heads - 1;
  const AttentionRow row = attention_row(*trace, 1, head, 4);
  for (std::int64_t key = 0; key <= 4; ++key) {
    const QueryKeyProduct products = query_key_product(*trace, 1, head, 4, key);
    const auto at = static_cast<std::size_t>(key);
    EXPECT_DOUBLE_EQ(products.running.back(), row.dot[at]);
    EXPECT_DOUBLE_EQ(row.dot[at] * row.scale, row.score[at]);
    EXPECT_EQ(products.q.size(), static_cast<std::size_t>(trace->model().architecture.d_head));
    EXPECT_DOUBLE_EQ(products.product[0], products.q[0] * products.k[0]);
  }
}

TEST(AttentionRow, SaysWhenAnExperimentChangedThePattern) {
  Trace changed = *tiny_trace("reference");
  Tensor pattern = changed.at(Hook::pattern, 0).copy();
  pattern.writable()[0] = 0.25F;  // head 0, query 0, key 0: softmax of one key is 1
  changed.set(Hook::pattern, 0, pattern);
  const AttentionRow row = attention_row(changed, 0, 0, 0);
  EXPECT_DOUBLE_EQ(row.weight[0], 1.0);
  EXPECT_DOUBLE_EQ(row.difference, 0.75);
}

TEST(AttentionRow, LetsNotANumberThrough) {
  Trace broken = *tiny_trace("reference");
  Tensor q = broken.at(Hook::rot_q, 0).copy();
  std::fill_n(q.writable(), q.size(), std::numeric_limits<float>::quiet_NaN());
  broken.set(Hook::rot_q, 0, q);
  const AttentionRow row = attention_row(broken, 0, 0, 2);
  EXPECT_TRUE(std::isnan(row.largest));
  for (const double weight : row.weight) EXPECT_TRUE(std::isnan(weight));
  EXPECT_TRUE(std::isnan(row.difference));
}

TEST(AttentionRow, RefusesWhatDoesNotExist) {
  const auto trace = tiny_trace("reference");
  const ArchitectureDescription& a = trace->model().architecture;
  EXPECT_THROW(attention_row(*trace, a.layers, 0, 0), std::logic_error);
  EXPECT_THROW(attention_row(*trace, 0, a.heads, 0), std::logic_error);
  EXPECT_THROW(attention_row(*trace, 0, 0, trace->positions()), std::logic_error);
  EXPECT_THROW(attention_row(*trace, 0, 0, -1), std::logic_error);
  EXPECT_THROW(query_key_product(*trace, 0, 0, 0, trace->positions()), std::logic_error);
}

}  // namespace
}  // namespace headlight
