// Parameters are all there, their histograms hold every number, and the cost is what a pass really
// multiplies.
#include "core/analysis/parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <set>

#include "core/analysis/model_cost.h"
#include "core/forward/forward_pass.h"
#include "core/model_files/model_file.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

const auto nobody = [](float) {};

TEST(Parameters, AreAllThatTheModelHas) {
  for (const char* name : {"tiny_llama_q.gguf", "tiny_llama_every_untied.gguf", "families/gpt2_tied",
                           "families/bert_masked", "families/gemma2_capped", "families/bart_gelu"}) {
    const std::shared_ptr<const Model> model = load_weights(open_model_file(golden_path(name)), name);
    const std::vector<ParameterTensor> tensors = parameter_tensors(*model);
    // BART's two position tables begin with two rows of 16 numbers that no token reads: they are left out at
    // load.
    const std::int64_t never_read = std::string(name) == "families/bart_gelu" ? 2 * 2 * 16 : 0;
    EXPECT_EQ(parameter_count(tensors) + never_read, model->parameters) << name;
    std::set<std::string> names;
    for (const ParameterTensor& tensor : tensors) {
      EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
      EXPECT_EQ(tensor.count, std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1},
                                              std::multiplies<>()));
    }
  }
}

TEST(Parameters, TiedOnesCountOnce) {
  const auto model = load_model(golden_path("tiny_llama_q.gguf"), "tiny");
  ASSERT_TRUE(model->architecture.tied_output);
  const std::vector<ParameterTensor> tensors = parameter_tensors(*model);
  EXPECT_EQ(tensors.front().name, "embed.W_E");
  EXPECT_FALSE(tensors.front().tied);
  EXPECT_EQ(tensors.back().name, "unembed.W_U");
  EXPECT_TRUE(tensors.back().tied);
}

TEST(ValueHistogram, HoldsEveryNumber) {
  const std::vector<ParameterTensor> tensors = parameter_tensors(*tiny_model());
  for (const ParameterTensor& tensor : tensors) {
    const ValueHistogram histogram = value_histogram(tensor, nobody);
    EXPECT_EQ(histogram.values, tensor.count) << tensor.name;
    EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::int64_t{0}),
              tensor.count);
    EXPECT_EQ(histogram.limit, std::max(std::abs(histogram.least), std::abs(histogram.largest)));
  }
  ParameterTensor by_hand;
  by_hand.values = Tensor({6}, std::vector<float>{-3.0F, 0.0F, 0.0F, 1.0F, 3.0F, INFINITY});
  by_hand.count = 6;
  const ValueHistogram histogram = value_histogram(by_hand, nobody);
  EXPECT_EQ(histogram.values, 5);
  EXPECT_EQ(histogram.not_finite, 1);
  EXPECT_EQ(histogram.counts.front(), 1);
  EXPECT_EQ(histogram.counts.back(), 1);
  EXPECT_EQ(histogram.counts[ValueHistogram::bins / 2], 2);
  EXPECT_NEAR(histogram.mean, 0.2, 1e-12);
  EXPECT_NEAR(histogram.deviation, std::sqrt(19.0 / 5.0 - 0.04), 1e-12);
}

TEST(ValueHistogram, CanBeStopped) {
  struct Stop {};
  EXPECT_THROW(value_histogram(parameter_tensors(*tiny_model()).front(), [](float) { throw Stop{}; }), Stop);
}

// The matrices that a token meets, counted from the weights themselves.
TEST(ModelCost, MultipliesWithEveryMatrix) {
  for (const char* name : {"tiny_llama_q.gguf", "tiny_llama_every_untied.gguf", "families/gpt2_tied",
                           "families/gemma2_capped", "families/bert_masked"}) {
    const std::shared_ptr<const Model> model = load_weights(open_model_file(golden_path(name)), name);
    std::int64_t multiplied = 0;
    for (const ParameterTensor& tensor : parameter_tensors(*model)) {
      const bool table =
          tensor.name == "embed.W_E" || tensor.name == "pos_embed.W_pos" || tensor.name == "token_types";
      if (!table && tensor.weight.rows > 0) multiplied += tensor.count;
    }
    const ModelCost cost = model_cost(model->architecture, 10);
    EXPECT_EQ(cost.multiplied, multiplied) << name;
    EXPECT_EQ(cost.matrix_flops, 2 * multiplied);
  }
  // By hand: 3 layers, 4 heads of 16 numbers, 10 keys: products of q and k, and of weights and v.
  const ModelCost tiny = model_cost(tiny_model()->architecture, 10);
  EXPECT_EQ(tiny.attention_flops, 3 * (4 * 10 * 16 * 2 + 4 * 10 * 16 * 2));
  EXPECT_EQ(tiny.cache_bytes, 3 * 2 * 2 * 16 * 4);
}

}  // namespace
}  // namespace headlight
