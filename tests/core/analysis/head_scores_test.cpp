// Scores of heads: numpy's numbers, patterns whose kind is known, and a pass that did not keep its patterns.
#include "core/analysis/head_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

struct Named {
  const char* name;
  HeadScore score;
};
constexpr Named names[] = {{"previous_token", HeadScore::previous_token},
                           {"same_token", HeadScore::same_token},
                           {"sink", HeadScore::sink},
                           {"induction", HeadScore::induction},
                           {"local", HeadScore::local},
                           {"diffuse", HeadScore::diffuse},
                           {"entropy", HeadScore::entropy},
                           {"distance", HeadScore::distance}};

// One layer whose pattern is given: weights [head][query][key].
std::shared_ptr<Trace> trace_of(const std::vector<TokenId>& tokens,
                                const std::vector<std::vector<std::vector<float>>>& weights, bool causal,
                                std::int64_t window) {
  auto model = std::make_shared<Model>();
  const auto heads = static_cast<std::int64_t>(weights.size());
  model->architecture = {.family = "test", .layers = 1, .heads = heads, .kv_heads = 1, .d_head = 2};
  model->architecture.causal = causal;
  model->architecture.window = window;
  model->architecture.local_layers = {window > 0};
  const auto positions = static_cast<std::int64_t>(tokens.size());
  auto trace = std::make_shared<Trace>(model, tokens);
  Tensor pattern({heads, positions, positions});
  float* out = pattern.writable();
  for (const auto& head : weights) {
    for (const auto& row : head) out = std::copy(row.begin(), row.end(), out);
  }
  trace->set(Hook::pattern, 0, pattern);
  return trace;
}

TEST(HeadScores, AreThoseOfNumpy) {
  std::ifstream file(golden_path("head_scores.json"));
  const nlohmann::json golden = nlohmann::json::parse(file);
  const auto backend = make_cpu_backend(1);
  int compared = 0, undefined = 0;
  for (const nlohmann::json& one : golden["cases"]) {
    const auto pattern = one["pattern"].get<std::vector<std::vector<std::vector<float>>>>();
    const auto trace = trace_of(one["tokens"].get<std::vector<TokenId>>(), pattern, one["causal"].get<bool>(),
                                one["window"].get<std::int64_t>());
    const HeadScores scores = head_scores(*trace, *backend);
    ASSERT_EQ(scores.rows.size(), pattern.size());
    for (std::size_t head = 0; head < pattern.size(); ++head) {
      for (const auto& [name, score] : names) {
        const nlohmann::json& expected = one["scores"][name][head];
        if (expected.is_null()) {
          EXPECT_TRUE(std::isnan(scores.rows[head][score])) << name;
          ++undefined;
        } else {
          // Both in double from the same float32 weights; sums of some hundred terms.
          EXPECT_NEAR(scores.rows[head][score], expected.get<double>(), 1e-12) << name << " " << head;
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 50);
  EXPECT_GT(undefined, 0);
}

// Each row looks at one key only.
double score_when_looking(HeadScore score, const std::vector<TokenId>& tokens,
                          const std::vector<std::size_t>& at) {
  std::vector<std::vector<float>> head(tokens.size(), std::vector<float>(tokens.size(), 0.0F));
  for (std::size_t query = 0; query < at.size(); ++query) head[query][at[query]] = 1.0F;
  const auto backend = make_cpu_backend(1);
  return head_scores(*trace_of(tokens, {head}, true, 0), *backend).of(0, 0)[score];
}

TEST(HeadScores, TellHeadsOfAKnownKind) {
  const std::vector<TokenId> tokens = {7, 8, 9, 7, 8, 9, 7, 8};
  EXPECT_EQ(score_when_looking(HeadScore::previous_token, tokens, {0, 0, 1, 2, 3, 4, 5, 6}), 1.0);
  EXPECT_EQ(score_when_looking(HeadScore::sink, tokens, {0, 0, 0, 0, 0, 0, 0, 0}), 1.0);
  EXPECT_EQ(score_when_looking(HeadScore::same_token, tokens, {0, 1, 2, 0, 1, 2, 3, 4}), 1.0);
  EXPECT_EQ(score_when_looking(HeadScore::induction, tokens, {0, 0, 0, 1, 2, 3, 4, 5}), 1.0);
  EXPECT_EQ(score_when_looking(HeadScore::induction, tokens, {0, 1, 2, 3, 4, 5, 6, 7}), 0.0);
  EXPECT_EQ(score_when_looking(HeadScore::diffuse, tokens, {0, 0, 1, 2, 3, 4, 5, 6}), 0.0);
  EXPECT_EQ(score_when_looking(HeadScore::local, tokens, {0, 1, 2, 3, 4, 5, 2, 3}), 1.0);
  EXPECT_EQ(score_when_looking(HeadScore::distance, tokens, {0, 1, 1, 2, 3, 4, 5, 6}), 6.0 / 7.0);
}

TEST(HeadScores, AreTheSameWhenPatternsAreMadeAgain) {
  const auto backend = make_cpu_backend(2);
  ForwardRequest request;
  for (std::int64_t i = 0; i < 150; ++i) request.tokens.push_back(static_cast<TokenId>((i * i + 3) % 50));
  const auto kept = run_forward(tiny_model(), *backend, request);
  request.capture.attention_maps = false;
  const auto derived = run_forward(tiny_model(), *backend, request);
  ASSERT_TRUE(kept->has(Hook::pattern, 0) && !derived->has(Hook::pattern, 0));
  std::vector<float> told;
  const HeadScores one = head_scores(*kept, *backend);
  const HeadScores other =
      head_scores(*derived, *backend, false, [&](float share) { told.push_back(share); });
  ASSERT_EQ(one.rows.size(), other.rows.size());
  for (std::size_t head = 0; head < one.rows.size(); ++head) {
    for (std::size_t i = 0; i < head_score_count; ++i) {
      // Patterns of a pass and those made again differ by roundings of float32.
      EXPECT_NEAR(one.rows[head].values[i], other.rows[head].values[i],
                  1e-5 * (1.0 + one.rows[head].values[i]));
    }
  }
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), 1.0F);
  struct Stop {};
  EXPECT_THROW(head_scores(*derived, *backend, false, [](float) { throw Stop{}; }), Stop);
}

TEST(HeadScores, NotANumberStays) {
  const auto backend = make_cpu_backend(1);
  std::vector<std::vector<float>> head = {{1, 0, 0}, {0.5F, 0.5F, 0}, {0.5F, NAN, 0.5F}};
  const HeadScores scores = head_scores(*trace_of({1, 2, 3}, {head, head}, true, 0), *backend);
  EXPECT_TRUE(std::isnan(scores.of(0, 1)[HeadScore::entropy]));
  EXPECT_EQ(scores.of(0, 1)[HeadScore::sink], 0.5);
}

}  // namespace
}  // namespace headlight
