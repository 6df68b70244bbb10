// Rows, thumbnails, class scores and token scores of models that are no Llama.
#include <gtest/gtest.h>

#include <cmath>

#include "core/analysis/attention_row.h"
#include "core/analysis/class_scores.h"
#include "core/analysis/head_wall.h"
#include "core/analysis/token_scores.h"
#include "core/backends/backend.h"
#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/family_models.h"

namespace headlight {
namespace {

std::shared_ptr<const Trace> run_family(const std::string& name, bool attention_maps = true) {
  const GoldenCase golden = golden_of_family(name).cases.back();
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  request.capture.attention_maps = attention_maps;
  return run_forward(load_family(name), *make_reference_backend(), request);
}

class AttentionOfFamilies : public testing::TestWithParam<std::string> {};

// The row that a person can check by hand is the one that the model computed.
void expect_rows_of(const Trace& trace, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  const AttentionHooks hooks = attention_hooks(a, cross);
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    const Tensor z = trace.at(hooks.z, layer);
    for (std::int64_t head = 0; head < a.heads; ++head) {
      for (std::int64_t query = 0; query < trace.positions(); ++query) {
        const AttentionRow row = attention_row(trace, layer, head, query, cross);
        // Scores were rounded to float32 once: 6e-8 of |s|, which is below 50 here, moves a weight by 3e-6.
        EXPECT_LE(row.difference, 5e-6);
        const KeyRange seen =
            visible_keys(attention_rule(a, layer, cross), query, attention_keys(trace, cross));
        EXPECT_EQ(row.first_key, seen.first);
        ASSERT_EQ(static_cast<std::int64_t>(row.weight.size()), seen.last);
        for (std::int64_t key = 0; key < seen.first; ++key) {
          EXPECT_EQ(row.weight[static_cast<std::size_t>(key)], 0.0);
          EXPECT_TRUE(std::isinf(row.score[static_cast<std::size_t>(key)]));
        }
        for (std::int64_t i = 0; i < a.d_head; ++i) {
          const double kept = static_cast<double>(z.data()[(query * a.heads + head) * a.d_head + i]);
          EXPECT_NEAR(row.z[static_cast<std::size_t>(i)], kept, 1e-5 * (1.0 + std::abs(kept)));
        }
        const auto key = static_cast<std::size_t>(seen.last - 1);
        EXPECT_EQ(query_key_product(trace, layer, head, query, seen.last - 1, cross).running.back(),
                  row.dot[key]);
      }
    }
  }
}

TEST_P(AttentionOfFamilies, RowsAreTheModelsOwn) {
  const auto trace = run_family(GetParam());
  expect_rows_of(*trace, false);
  if (!trace->source()) return;
  expect_rows_of(*trace, true);
  expect_rows_of(*trace->source(), false);
}

// Of texts this short a thumbnail is the map itself, masked where the model masks, and largest where it is
// largest.
void expect_wall_of(const Trace& trace, const Trace& derived, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  const auto wall = head_wall(trace, nullptr, cross), again = head_wall(derived, nullptr, cross);
  const std::int64_t queries = trace.positions(), keys = attention_keys(trace, cross);
  ASSERT_EQ(wall->side, std::max(queries, keys));
  EXPECT_EQ(wall->is_exact(), queries == keys);
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const Tensor pattern = head_pattern(trace, layer, head, cross);
      const float* cells = wall->thumbnail(layer, head);
      const float* derived_cells = again->thumbnail(layer, head);
      float largest = 0.0F;
      for (std::int64_t row = 0; row < wall->side; ++row) {
        for (std::int64_t column = 0; column < wall->side; ++column) {
          const std::int64_t query = queries == wall->side ? row : row * queries / wall->side;
          const std::int64_t key = keys == wall->side ? column : column * keys / wall->side;
          const float weight = pattern.data()[query * keys + key];
          EXPECT_EQ(cells[row * wall->side + column], weight);
          // Derived maps come from values that attention without maps rounded otherwise
          // (operands_families_test).
          EXPECT_NEAR(derived_cells[row * wall->side + column], weight, 1e-4F);
          const KeyRange seen = visible_keys(attention_rule(a, layer, cross), query, keys);
          if (!cross) {
            EXPECT_EQ(wall->is_masked(layer, row, column), key < seen.first || key >= seen.last);
          }
          if (key > 0) largest = std::max(largest, weight);
        }
      }
      EXPECT_EQ(wall->largest[static_cast<std::size_t>(layer * a.heads + head)], largest);
    }
  }
}

TEST_P(AttentionOfFamilies, ThumbnailsShowEveryWeight) {
  const auto trace = run_family(GetParam()), derived = run_family(GetParam(), false);
  expect_wall_of(*trace, *derived, false);
  if (!trace->source()) return;
  expect_wall_of(*trace, *derived, true);
  expect_wall_of(*trace->source(), *derived->source(), false);
}

TEST_P(AttentionOfFamilies, TokenScoresAreForModelsThatGoOn) {
  const auto trace = run_family(GetParam());
  const ArchitectureDescription& a = trace->model().architecture;
  const auto never = [] { return false; };
  const auto scores = token_scores(*trace, nullptr, never);
  if (!a.causal || a.head != OutputHead::language_model) {
    EXPECT_EQ(scores, nullptr);
    return;
  }
  ASSERT_TRUE(scores);
  EXPECT_TRUE(scores->are_of(*trace));
  EXPECT_EQ(static_cast<std::int64_t>(scores->scores.size()), trace->positions());
  if (!trace->source()) return;
  // Another source makes other scores, of which nothing may be kept.
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = trace->tokens();
  request.source_tokens = trace->source()->tokens();
  std::reverse(request.source_tokens.begin(), request.source_tokens.end());
  const auto other = run_forward(trace->shared_model(), *make_reference_backend(), request);
  EXPECT_FALSE(scores->are_of(*other));
  EXPECT_EQ(token_scores(*other, scores.get(), never)->scores, token_scores(*other, nullptr, never)->scores);
}

std::string test_name(const testing::TestParamInfo<std::string>& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, AttentionOfFamilies, testing::ValuesIn(family_names()), test_name);

TEST(ClassScores, AreTheSoftmaxOfTheClasses) {
  const auto trace = run_family("bert_classes");
  const std::vector<ClassScore> scores = class_scores(*trace);
  const Tensor logits = trace->at(Hook::class_logits);
  ASSERT_EQ(static_cast<std::int64_t>(scores.size()), logits.size());
  double sum = 0.0, total = 0.0;
  for (const float logit : logits.values()) total += std::exp(static_cast<double>(logit));
  for (std::size_t rank = 0; rank < scores.size(); ++rank) {
    sum += scores[rank].probability;
    EXPECT_EQ(scores[rank].logit, static_cast<double>(logits.data()[scores[rank].label]));
    EXPECT_NEAR(scores[rank].probability, std::exp(scores[rank].logit) / total, 1e-12);
    EXPECT_FALSE(scores[rank].name.empty());
    if (rank > 0) {
      EXPECT_LE(scores[rank].logit, scores[rank - 1].logit);
    }
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_TRUE(class_scores(*run_family("bert_masked")).empty());
}

TEST(StreamPlace, IsWhatTheBlockReadsAndLeaves) {
  const auto llama = load_family("llama_grouped"), gpt2 = load_family("gpt2_tied"),
             bert = load_family("bert_plain");
  EXPECT_EQ(stream_place(llama->architecture, 0), (HookPlace{Hook::embed, 0}));
  EXPECT_EQ(stream_place(llama->architecture, 2), (HookPlace{Hook::resid_post, 1}));
  EXPECT_EQ(stream_place(gpt2->architecture, 0), (HookPlace{Hook::resid_pre, 0}));
  EXPECT_EQ(stream_place(bert->architecture, 2), (HookPlace{Hook::ln2_normalized, 1}));
}

}  // namespace
}  // namespace headlight
