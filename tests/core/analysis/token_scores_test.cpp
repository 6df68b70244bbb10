// Scores of the text's own tokens: the same numbers as the full distribution, kept for a common beginning.
#include "core/analysis/token_scores.h"

#include <gtest/gtest.h>

#include "core/analysis/distribution.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::shared_ptr<const Trace> trace_of(std::vector<TokenId> tokens) {
  const auto backend = make_cpu_backend(2);
  return run_forward(tiny_model(), *backend, request_for(std::move(tokens)));
}

const auto never = [] { return false; };

TEST(TokenScores, AgreeWithTheDistribution) {
  const auto trace = trace_of({5, 17, 17, 3, 60});
  const auto scores = token_scores(*trace, nullptr, never);
  ASSERT_TRUE(scores);
  ASSERT_EQ(scores->scores.size(), 5U);
  EXPECT_EQ(scores->scores[0], TokenScore{});
  const Tensor logits = trace->at(Hook::logits);
  const auto vocabulary = static_cast<std::size_t>(logits.axis(1));
  for (std::size_t position = 1; position < 5; ++position) {
    const Distribution full =
        distribution(logits.values().subspan((position - 1) * vocabulary, vocabulary), SamplingSettings{});
    for (std::size_t rank = 0; rank < full.ranked.size(); ++rank) {
      if (full.ranked[rank].id != trace->tokens()[position]) continue;
      EXPECT_EQ(scores->scores[position].rank, static_cast<std::int64_t>(rank) + 1);
      // Both in double; only the order of the sum differs.
      EXPECT_NEAR(scores->scores[position].probability, full.ranked[rank].probability, 1e-12);
    }
  }
}

TEST(TokenScores, KeepWhatACommonBeginningHasAlready) {
  const auto first = token_scores(*trace_of({5, 17, 3}), nullptr, never);
  TokenScores marked = *first;
  marked.scores[1].probability = 0.5;  // not what would be computed: shows that it was kept
  const auto longer = token_scores(*trace_of({5, 17, 4, 9}), &marked, never);
  EXPECT_EQ(longer->scores[1].probability, 0.5);
  EXPECT_EQ(marked.common_prefix({5, 17, 4, 9}), 2);
  EXPECT_EQ(longer->scores.size(), 4U);
  EXPECT_EQ(longer->scores[3], token_scores(*trace_of({5, 17, 4, 9}), nullptr, never)->scores[3]);
  marked.modified = true;  // interventions are not part of the tokens: nothing is kept
  EXPECT_EQ(token_scores(*trace_of({5, 17, 3}), &marked, never)->scores[1], first->scores[1]);
}

TEST(TokenScores, StopWhenCancelledAndWithoutLogits) {
  EXPECT_FALSE(token_scores(*trace_of({5, 17, 3}), nullptr, [] { return true; }));
  const Trace unfinished(tiny_model(), {1, 2});
  EXPECT_FALSE(token_scores(unfinished, nullptr, never));
}

}  // namespace
}  // namespace headlight
