// Rollout and flow against numpy and networkx, and against what can be said without them.
#include "core/analysis/attention_rollout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/analysis/max_flow.h"
#include "core/backends/backend_list.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

const auto quiet = [](float) {};

// A trace that holds nothing but these patterns [layer, head, query, key].
std::shared_ptr<const Trace> trace_of(const nlohmann::json& one) {
  auto model = std::make_shared<Model>();
  ArchitectureDescription& a = model->architecture;
  a.layers = one.at("layers");
  a.heads = a.kv_heads = one.at("heads");
  a.d_head = 2;
  a.d_model = a.heads * a.d_head;
  a.causal = one.at("causal");
  const std::int64_t tokens = one.at("tokens");
  auto trace = std::make_shared<Trace>(model, std::vector<TokenId>(static_cast<std::size_t>(tokens), 1));
  const auto values = one.at("patterns").get<std::vector<float>>();
  const auto size = static_cast<std::size_t>(a.heads * tokens * tokens);
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    const auto begin = static_cast<std::size_t>(layer) * size;
    trace->set(Hook::pattern, layer,
               Tensor({a.heads, tokens, tokens}, std::span(values).subspan(begin, size)));
  }
  return trace;
}

nlohmann::json golden_cases() {
  std::ifstream file(golden_path("rollout.json"));
  return nlohmann::json::parse(file).at("cases");
}

TEST(AttentionRollout, AgreesWithNumpy) {
  const auto backend = make_backend("reference", 1);
  int rows_checked = 0;
  for (const nlohmann::json& one : golden_cases()) {
    const RolloutMaps maps = rollout_maps(*trace_of(one), *backend, quiet);
    const auto expected = one.at("rollout").get<std::vector<double>>();
    const auto tokens = static_cast<std::size_t>(maps.tokens);
    ASSERT_EQ(maps.layers.size() * tokens * tokens, expected.size());
    for (std::size_t query = 0; query < tokens; ++query) {
      const auto rollout = attention_rollout(maps, static_cast<std::int64_t>(query));
      for (std::size_t layer = 0; layer < rollout.size(); ++layer, ++rows_checked) {
        for (std::size_t source = 0; source < tokens; ++source) {
          // Maps are kept in float32: 6e-8 of each weight, a few layers on top of each other.
          EXPECT_NEAR(rollout[layer][source], expected[(layer * tokens + query) * tokens + source], 5e-7);
        }
        EXPECT_NEAR(std::accumulate(rollout[layer].begin(), rollout[layer].end(), 0.0), 1.0, 5e-7);
      }
    }
  }
  EXPECT_EQ(rows_checked, 4 * 6 + 3 * 5);
}

TEST(AttentionFlow, AgreesWithNetworkx) {
  const auto backend = make_backend("reference", 1);
  for (const nlohmann::json& one : golden_cases()) {
    const RolloutMaps maps = rollout_maps(*trace_of(one), *backend, quiet);
    const auto expected = one.at("flow").get<std::vector<double>>();
    const auto tokens = static_cast<std::size_t>(maps.tokens);
    for (std::size_t query = 0; query < tokens; ++query) {
      const std::vector<double> flow = attention_flow(maps, static_cast<std::int64_t>(query), quiet);
      ASSERT_EQ(flow.size(), tokens);
      for (std::size_t source = 0; source < tokens; ++source) {
        EXPECT_NEAR(flow[source], expected[query * tokens + source], 5e-7) << query << " " << source;
      }
    }
  }
}

TEST(AttentionRollout, TakesPatternsThatWereNotKept) {
  const auto backend = make_backend("cpu", 1);
  ForwardRequest request = request_for({5, 9, 3, 3, 17, 2, 11});
  const auto kept = run_forward(tiny_model(), *backend, request);
  request.capture.attention_scores = false;
  request.capture.attention_maps = false;
  const auto derived = run_forward(tiny_model(), *backend, request);
  ASSERT_FALSE(derived->has(Hook::pattern, 0));
  const RolloutMaps one = rollout_maps(*kept, *backend, quiet);
  const RolloutMaps other = rollout_maps(*derived, *backend, quiet);
  ASSERT_EQ(one.layers.size(), other.layers.size());
  for (std::size_t layer = 0; layer < one.layers.size(); ++layer) {
    for (std::size_t i = 0; i < one.layers[layer].values().size(); ++i) {
      EXPECT_NEAR(one.layers[layer].values()[i], other.layers[layer].values()[i], 1e-6);  // float32 softmax
    }
  }
}

TEST(FlowNetwork, FindsWhatASmallNetworkCarries) {
  // Two ways that share a narrow middle, and one that a greedy path would block.
  FlowNetwork network(6);
  network.add_edge(0, 1, 3.0);
  network.add_edge(0, 2, 2.0);
  network.add_edge(1, 3, 1.0);
  network.add_edge(1, 4, 2.0);
  network.add_edge(2, 3, 2.0);
  network.add_edge(3, 5, 2.0);
  network.add_edge(4, 5, 1.5);
  EXPECT_DOUBLE_EQ(network.max_flow(0, 5), 3.5);
  EXPECT_DOUBLE_EQ(network.max_flow(0, 3), 3.0);
  EXPECT_DOUBLE_EQ(network.max_flow(0, 5), 3.5);  // asking does not change it
  EXPECT_DOUBLE_EQ(network.max_flow(5, 0), 0.0);
}

}  // namespace
}  // namespace headlight
