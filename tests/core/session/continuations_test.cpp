// The tree of continuations: every number from a second computation, and nothing computed twice.
#include "core/session/continuations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/analysis/distribution.h"
#include "core/forward/forward_pass.h"
#include "core/session/text_tokens.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

ContinuationRoot root_of(const std::string& text) {
  ContinuationRoot root;
  root.model = tiny_model();
  for (const Token& token : text_tokens(*root.model, text)) root.tokens.push_back(token.id);
  return root;
}

const auto nobody = [](float) {};

// What a fresh pass over everything (that keeps as little as the tree's own) says about the token behind the
// path, over the whole vocabulary.
Distribution from_scratch(const ContinuationRoot& root, const TokenPath& path) {
  std::vector<TokenId> tokens = root.tokens;
  tokens.insert(tokens.end(), path.begin(), path.end());
  const auto backend = make_cpu_backend(1);
  ForwardRequest request;
  request.tokens = tokens;
  request.capture.next_token_only = true;
  request.source_tokens = root.source;
  request.interventions = root.interventions;
  const auto trace = run_forward(root.model, *backend, request);
  return distribution(trace->row(Hook::logits, 0, trace->positions() - 1), {});
}

const Candidate& candidate_of(const Distribution& distribution, TokenId id, std::int64_t* rank) {
  for (std::size_t i = 0; i < distribution.ranked.size(); ++i) {
    if (distribution.ranked[i].id != id) continue;
    *rank = static_cast<std::int64_t>(i) + 1;
    return distribution.ranked[i];
  }
  throw std::logic_error("no such token");
}

// Every number of a tree against fresh passes. Both sum in double over the same logits: 1e-9 is rounding.
void check_tree(const ContinuationRoot& root, const ContinuationTree& tree) {
  for (const ContinuationNode& node : tree.nodes) {
    double sum = 0.0;
    for (std::size_t length = 1; length <= node.path.size(); ++length) {
      const TokenPath before(node.path.begin(), node.path.begin() + static_cast<std::ptrdiff_t>(length) - 1);
      const Distribution d = from_scratch(root, before);
      std::int64_t rank = 0;
      const Candidate& step = candidate_of(d, node.path[length - 1], &rank);
      sum += step.logit - d.log_sum_exp;
      if (length == node.path.size()) {
        EXPECT_NEAR(node.step, step.logit - d.log_sum_exp, 1e-9);
        EXPECT_EQ(node.rank, rank);
        EXPECT_EQ(tree.nodes[static_cast<std::size_t>(node.parent)].path, before);
      }
    }
    EXPECT_NEAR(node.log_probability, sum, 1e-9);
    if (node.ends) continue;
    const Distribution behind = from_scratch(root, node.path);
    EXPECT_NEAR(node.entropy, behind.entropy, 1e-9);
    ASSERT_GE(node.next.size(), 8U);
    for (std::size_t rank = 0; rank < node.next.size(); ++rank) {
      EXPECT_EQ(node.next[rank].id, behind.ranked[rank].id);
      EXPECT_NEAR(std::exp(node.next[rank].log_probability), behind.ranked[rank].probability, 1e-12);
    }
  }
}

TEST(Continuations, EveryNumberIsThatOfAFreshPass) {
  const ContinuationRoot root = root_of("hello world");
  Continuations continuations(make_cpu_backend(1));
  const std::vector<TokenPath> branches = {{5, 6, 7}, {5, 6, 9, 11}, {20}, {5, 30}};
  const ContinuationTree tree = continuations.tree(root, branches, {}, nullptr, nobody);
  EXPECT_EQ(tree.nodes.size(), 1U + 3U + 2U + 1U + 1U);  // shared beginnings are one node
  check_tree(root, tree);
}

TEST(Continuations, ABranchHasTheLogitsOfARunFromScratch) {
  const ContinuationRoot root = root_of("hello world again");
  const TokenPath path = {40, 3, 17, 100};
  Continuations alone(make_cpu_backend(2));
  const ContinuationTree tree = alone.tree(root, {path}, {}, nullptr, nobody);
  const Distribution fresh = from_scratch(root, path);
  const ContinuationNode& leaf = tree.nodes.back();
  for (std::size_t rank = 0; rank < leaf.next.size(); ++rank) {
    EXPECT_EQ(leaf.next[rank].id, fresh.ranked[rank].id);
    // The logits are equal to the last bit; their sum is taken in another order.
    EXPECT_NEAR(leaf.next[rank].log_probability, fresh.ranked[rank].logit - fresh.log_sum_exp, 1e-12);
  }
  // Behind the window's own pass, which keeps patterns and so sums values in another order: a few units in
  // the last place of a float32 logit of size 10.
  const auto backend = make_cpu_backend(1);
  const auto shown = run_forward(root.model, *backend, request_for(root.tokens));
  Continuations beside(make_cpu_backend(2));
  const ContinuationTree same = beside.tree(root, {path}, {}, shown, nobody);
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    EXPECT_NEAR(same.nodes[i].log_probability, tree.nodes[i].log_probability, 1e-5 * 4);
  }
}

TEST(Continuations, ComputesNothingTwice) {
  const ContinuationRoot root = root_of("hello world");
  const auto backend = make_cpu_backend(1);
  std::vector<TokenId> longer = root.tokens;
  longer.insert(longer.end(), {5, 6});
  const auto shown = run_forward(root.model, *backend, request_for(longer));
  Continuations continuations(make_cpu_backend(1));
  // The text and the branch 5, 6 are on the screen already.
  EXPECT_EQ(continuations.tree(root, {{5, 6}}, {}, shown, nobody).passes, 0);
  // One pass for all tokens of a new branch, of which two are known.
  EXPECT_EQ(continuations.tree(root, {{5, 6, 7, 8, 9}}, {}, shown, nobody).passes, 1);
  EXPECT_EQ(continuations.tree(root, {{5, 6, 7, 8, 9}, {5, 6, 7}}, {}, nullptr, nobody).passes, 0);
  // Another text begins anew.
  EXPECT_EQ(continuations.tree(root_of("hello"), {{5}}, {}, nullptr, nobody).passes, 2);
}

TEST(Continuations, GrowsGreedilyAndByBeam) {
  const ContinuationRoot root = root_of("hello world");
  Continuations continuations(make_cpu_backend(1));
  const ContinuationTree greedy = continuations.tree(root, {}, {{7}, 1, 4}, nullptr, nobody);
  ASSERT_EQ(greedy.grown.size(), 1U);
  TokenPath expected = {7};
  for (int i = 0; i < 4; ++i) expected.push_back(from_scratch(root, expected).ranked[0].id);
  EXPECT_EQ(greedy.grown[0], expected);

  // Two steps of a beam as wide as it can be: the best pairs of all whose first token is among the widest.
  const std::int64_t width = 6;
  const ContinuationTree beam = continuations.tree(root, {}, {{}, width, 2}, nullptr, nobody);
  ASSERT_EQ(beam.grown.size(), static_cast<std::size_t>(width));
  std::vector<std::pair<double, TokenPath>> pairs;
  const Distribution first = from_scratch(root, {});
  for (std::size_t a = 0; a < static_cast<std::size_t>(width); ++a) {
    if (first.ranked[a].id == *root.model->tokenizer->end_of_text()) {
      pairs.emplace_back(-(first.ranked[a].logit - first.log_sum_exp), TokenPath{first.ranked[a].id});
      continue;  // the text ends there, and the path competes as it is
    }
    const Distribution second = from_scratch(root, {first.ranked[a].id});
    for (const Candidate& b : second.ranked) {
      pairs.emplace_back(-(first.ranked[a].logit - first.log_sum_exp + b.logit - second.log_sum_exp),
                         TokenPath{first.ranked[a].id, b.id});
    }
  }
  std::sort(pairs.begin(), pairs.end());
  for (std::size_t i = 0; i < beam.grown.size(); ++i) EXPECT_EQ(beam.grown[i], pairs[i].second);
}

TEST(Continuations, StopsWhereTheTextEndsOrTheContextIsFull) {
  ContinuationRoot root = root_of("hello");
  const std::optional<TokenId> end = root.model->tokenizer->end_of_text();
  ASSERT_TRUE(end);
  Continuations continuations(make_cpu_backend(1));
  const ContinuationTree ended = continuations.tree(root, {{5, *end, 6}}, {}, nullptr, nobody);
  ASSERT_EQ(ended.nodes.size(), 3U);
  EXPECT_TRUE(ended.nodes.back().ends);
  EXPECT_TRUE(ended.nodes.back().next.empty());
  const auto context = static_cast<std::size_t>(root.model->architecture.context);
  root.tokens.assign(context - 1, 9);
  const ContinuationTree full = continuations.tree(root, {{5, 6, 7}}, {{5}, 2, 3}, nullptr, nobody);
  EXPECT_EQ(full.nodes.size(), 3U);
  EXPECT_FALSE(full.nodes[1].ends);
  EXPECT_TRUE(full.nodes[2].ends);
  for (const TokenPath& path : full.grown) EXPECT_EQ(path.size(), 2U);
}

TEST(Continuations, RunsTheModifiedModelAndIgnoresForeignIds) {
  ContinuationRoot root = root_of("hello world");
  Intervention off;
  off.hook = Hook::mlp_out;
  off.layer = 0;
  off.operation = Scale{0.0F};
  root.interventions = {off};
  Continuations continuations(make_cpu_backend(1));
  const ContinuationTree tree = continuations.tree(root, {{5, 6}, {9999999}}, {}, nullptr, nobody);
  EXPECT_EQ(tree.nodes.size(), 3U);
  check_tree(root, tree);
  ContinuationRoot plain = root;
  plain.interventions.clear();
  EXPECT_NE(continuations.tree(plain, {{5}}, {}, nullptr, nobody).nodes[1].step, tree.nodes[1].step);
}

TEST(Continuations, WhatTheReportThrowsStopsTheWork) {
  struct Stop {};
  Continuations continuations(make_cpu_backend(1));
  const ContinuationRoot root = root_of("hello world");
  int calls = 0;
  const auto stop = [&](float) {
    if (++calls > 30) throw Stop{};
  };
  EXPECT_THROW(continuations.tree(root, {}, {{}, 4, 20}, nullptr, stop), Stop);
  check_tree(root, continuations.tree(root, {{5, 6}}, {}, nullptr, nobody));  // and it goes on working
}

TEST(Branches, StandSideBySide) {
  NextChoices choices;
  choices = with_branch(choices, {1, 2});
  choices = with_branch(choices, {1});        // is there
  choices = with_branch(choices, {1, 2, 3});  // goes on
  choices = with_branch(choices, {4});
  choices = with_branch(choices, {});
  EXPECT_EQ(choices.branches, (std::vector<TokenPath>{{1, 2, 3}, {4}}));
  EXPECT_EQ(path_behind({1, 2}, {1, 2, 3, 4}), (TokenPath{3, 4}));
  EXPECT_EQ(path_behind({1, 2}, {1, 2}), TokenPath{});
  EXPECT_FALSE(path_behind({1, 2}, {1, 3, 3}));
  EXPECT_FALSE(path_behind({1, 2}, {1}));
}

}  // namespace
}  // namespace headlight
