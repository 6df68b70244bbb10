// SmolLM2-135M-Instruct (Q4_1) on the fast backend against what transformers computes in float32 for the
// de-quantised weights: short, 231 English tokens, Korean, emoji and code.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "core/base/user_folders.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/golden_values.h"

namespace headlight {
namespace {

// transformers' float32 against float64 on these five prompts (float32_against_float64 in
// smollm2.golden.json) differs by 8.7e-5 in a logit, 1.0e-5 in a pattern, 7.6e-5 in ln_final, and 1.0e-5 of
// their largest value in q and k. Each tolerance is about ten times that: two float32 programs that sum in
// different orders over 30 layers stay well within, a wrong rotary frequency or row order does not. The
// residual stream has activations of about 26,000, so it is measured against its own largest value.
Tolerance smollm2_tolerance(Hook hook) {
  switch (hook) {
    case Hook::logits:
    case Hook::ln_final_normalized:
      return {.absolute = 1e-3, .relative = 0.0};
    case Hook::pattern:
      return {.absolute = 1e-4, .relative = 0.0};
    case Hook::resid_pre:
    case Hook::resid_mid:
    case Hook::resid_post:
      return {.absolute = 0.0, .relative = 1e-5};
    case Hook::q:
    case Hook::k:
    case Hook::rot_q:
    case Hook::rot_k:
    case Hook::z:
      return {.absolute = 0.0, .relative = 1e-4};
    default:
      throw std::logic_error("no tolerance is stated for " + hook_name(hook, 0));
  }
}
constexpr float logit_tolerance = 1e-3F;

std::string smollm2_path() {
  if (const char* path = std::getenv("HEADLIGHT_SMOLLM2")) return path;
  return std::filesystem::path(cache_folder()) / "models" / "smollm2-135m" /
         "SmolLM2-135M-Instruct.Q4_1.gguf";
}

// The twenty likeliest tokens of the last position, in order. Two that transformers itself has closer
// together than both may be off can change places.
void expect_same_ranking(const Trace& trace, const GoldenCase& golden) {
  const Tensor logits = trace.at(Hook::logits);
  const auto last = logits.values().last(static_cast<std::size_t>(logits.axis(1)));
  std::vector<TokenId> ranked(last.size());
  std::iota(ranked.begin(), ranked.end(), 0);
  const std::size_t count = golden.top_ids.size();
  ASSERT_EQ(count, 20U);
  std::partial_sort(ranked.begin(), ranked.begin() + 20, ranked.end(), [&](TokenId a, TokenId b) {
    return last[static_cast<std::size_t>(a)] > last[static_cast<std::size_t>(b)];
  });
  for (std::size_t rank = 0; rank < count; ++rank) {
    EXPECT_NEAR(last[static_cast<std::size_t>(golden.top_ids[rank])], golden.top_logits[rank],
                logit_tolerance);
    EXPECT_NEAR(last[static_cast<std::size_t>(ranked[rank])], golden.top_logits[rank], logit_tolerance);
    const bool close_above =
        rank > 0 && golden.top_logits[rank - 1] - golden.top_logits[rank] < 2 * logit_tolerance;
    const bool close_below =
        rank + 1 == count || golden.top_logits[rank] - golden.top_logits[rank + 1] < 2 * logit_tolerance;
    if (!close_above && !close_below) {
      EXPECT_EQ(ranked[rank], golden.top_ids[rank]) << golden.name << " rank " << rank;
    }
  }
}

TEST(SmolLM2Golden, CpuBackendAgreesWithTransformers) {
  const std::string path = smollm2_path();
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the model is not here: " << path
                 << " (fetch it with 'headlight models get smollm2-135m' or set HEADLIGHT_SMOLLM2)";
  }
  const GoldenFile golden = read_golden("smollm2");
  const std::shared_ptr<const Model> model = load_model(path, "smollm2-135m");
  const auto backend = make_cpu_backend(2);
  ASSERT_EQ(golden.cases.size(), 5U);
  for (const GoldenCase& one : golden.cases) {
    ASSERT_TRUE(one.text.has_value());
    ForwardRequest request;
    request.capture.attention_scores = true;
    for (const Token& token : model->tokenizer->encode(*one.text)) request.tokens.push_back(token.id);
    ASSERT_EQ(request.tokens, one.ids) << one.name;
    const std::shared_ptr<const Trace> trace = run_forward(model, *backend, request);
    const Agreement agreement = hold_against(*trace, one, smollm2_tolerance);
    EXPECT_TRUE(agreement.passed()) << one.name << ": " << agreement.failure;
    expect_same_ranking(*trace, one);
    fmt::print("{}: {} tokens, {:.0f} ms, {} values, worst {:.0f} % of what is allowed, {}\n", one.name,
               one.ids.size(), 1e3 * trace->seconds, agreement.compared, 100.0 * agreement.worst_share,
               agreement.worst_place);
  }
}

}  // namespace
}  // namespace headlight
