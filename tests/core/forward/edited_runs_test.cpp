// Runs side by side are what each would be by itself, to the last bit, whatever is changed in them and
// wherever they begin.
#include "core/forward/edited_runs.h"

#include <gtest/gtest.h>

#include "core/base/errors.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

using Answers = std::vector<std::vector<float>>;

Answers together(const Trace& trace, Backend& backend, const std::vector<Edits>& runs,
                 std::int64_t position) {
  Answers answers(runs.size());
  edited_runs(trace, backend, runs, position, [&](std::size_t run, std::span<const float> logits) {
    EXPECT_TRUE(answers[run].empty()) << "told twice";
    answers[run].assign(logits.begin(), logits.end());
  });
  return answers;
}

// Without maps where nobody edits one, as runs side by side are made: with them, sums are in another order.
std::shared_ptr<const Trace> pass(const std::shared_ptr<const Model>& model, Backend& backend,
                                  const std::vector<TokenId>& tokens, const Edits& edits = {}) {
  ForwardRequest request;
  request.tokens = tokens;
  request.interventions = edits;
  request.capture.attention_maps = false;
  return run_forward(model, backend, request);
}

std::vector<float> alone(const std::shared_ptr<const Model>& model, Backend& backend,
                         const std::vector<TokenId>& tokens, const Edits& edits, std::int64_t position) {
  const auto trace = pass(model, backend, tokens, edits);
  const std::span<const float> row = trace->row(Hook::logits, 0, position);
  return {row.begin(), row.end()};
}

TEST(EditedRuns, EveryKindOfChangeIsWhatItIsByItself) {
  const std::vector<TokenId> tokens = {5, 17, 3, 60, 17}, others = {9, 2, 2, 41, 8};
  const auto backend = make_cpu_backend(2);
  const auto trace = pass(tiny_model(), *backend, tokens);
  const auto source = pass(tiny_model(), *backend, others);
  std::vector<float> direction(64);
  for (std::size_t i = 0; i < direction.size(); ++i) direction[i] = static_cast<float>(i) * 0.01F;
  const std::vector<Edits> runs = {
      {{Hook::z, 1, 2, {}, Scale{0.0F}}},
      {},
      {{Hook::k, 0, 1, {1, 3}, SetTo{0.5F}}},
      {{Hook::resid_pre, 2, {}, {4}, CopyFrom{source}}},
      {{Hook::resid_pre, 0, {}, {0, 2}, CopyFrom{source}}},
      {{Hook::mlp_post, 2, {}, {}, Scale{2.0F}}},
      {{Hook::resid_mid, 1, {}, {3}, AddDirection{direction, 1.5F}}, {Hook::z, 2, 0, {}, Scale{0.0F}}},
      {{Hook::resid_post, 2, {}, {4}, Scale{-1.0F}}},
  };
  // By themselves: beside them, other runs of their block would be made with maps, too.
  const std::vector<Edits> of_maps = {
      {{Hook::pattern, 1, 3, {4}, Scale{0.5F}}},
      {{Hook::attn_scores, 1, {}, {2}, SetTo{0.0F}}},
  };
  for (const std::vector<Edits>& some : {runs, of_maps}) {
    for (const std::int64_t position : {4, 2}) {
      const Answers answers = together(*trace, *backend, some, position);
      for (std::size_t run = 0; run < some.size(); ++run) {
        EXPECT_EQ(answers[run], alone(tiny_model(), *backend, tokens, some[run], position))
            << intervention_text(some[run].empty() ? Intervention() : some[run].front()) << ", behind "
            << position;
      }
      EXPECT_NE(answers[0], answers[1]);
    }
  }
}

// Every wiring, norm, kind of position and grouping of heads that gives logits to tokens.
TEST(EditedRuns, AHeadOfEachLayerInEveryFamily) {
  int families = 0;
  for (const std::string& name : family_names()) {
    const auto model = load_family(name);
    if (model->encoder) continue;
    const GoldenCase golden = golden_of_family(name).cases.front();
    const auto backend = make_cpu_backend(2);
    const auto trace = pass(model, *backend, golden.ids);
    if (!has_edited_runs(*trace)) continue;
    ++families;
    std::vector<Edits> runs;
    for (std::int64_t layer = 0; layer < model->architecture.layers; ++layer) {
      runs.push_back({{Hook::z, layer, layer % model->architecture.heads, {}, Scale{0.0F}}});
      runs.push_back({{Hook::attn_out, layer, {}, {}, Scale{0.5F}}});
    }
    const std::int64_t last = trace->positions() - 1;
    const Answers answers = together(*trace, *backend, runs, last);
    for (std::size_t run = 0; run < runs.size(); ++run) {
      EXPECT_EQ(answers[run], alone(model, *backend, golden.ids, runs[run], last)) << name << " run " << run;
    }
  }
  EXPECT_GE(families, 25);
}

// More runs than go together, of a text that does not divide them evenly.
TEST(EditedRuns, ManyRunsOfALongText) {
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 200; ++i) tokens.push_back((i * 37 + 11) % 256);
  const auto backend = make_cpu_backend(2);
  const auto trace = pass(tiny_model(), *backend, tokens);
  std::vector<Edits> runs;
  for (std::int64_t position = 0; position < 50; ++position) {
    runs.push_back({{Hook::resid_pre, position % 3, {}, {position}, Scale{0.0F}}});
  }
  const Answers answers = together(*trace, *backend, runs, 199);
  for (const std::size_t run : {0U, 1U, 23U, 49U}) {
    EXPECT_EQ(answers[run], alone(tiny_model(), *backend, tokens, runs[run], 199)) << run;
  }
}

TEST(EditedRuns, AModifiedTraceGoesOnFromWhatItIs) {
  const std::vector<TokenId> tokens = {5, 17, 3};
  const Intervention before = {Hook::mlp_out, 0, {}, {}, Scale{0.0F}};
  const auto backend = make_cpu_backend(2);
  const auto trace = pass(tiny_model(), *backend, tokens, {before});
  const std::vector<Edits> runs = {{before, {Hook::z, 2, 1, {}, Scale{0.0F}}}};
  EXPECT_EQ(together(*trace, *backend, runs, 2)[0], alone(tiny_model(), *backend, tokens, runs[0], 2));
}

TEST(EditedRuns, WhatCannotBeIsRefusedAndCancellingStops) {
  const auto backend = make_cpu_backend(1);
  const auto trace = pass(tiny_model(), *backend, {1, 2, 3});
  const auto run = [&](Intervention edit, std::int64_t position = 2) {
    together(*trace, *backend, {{std::move(edit)}}, position);
  };
  EXPECT_THROW(run({Hook::z, 1, 7, {}, Scale{}}), UserError);            // no such head
  EXPECT_THROW(run({Hook::embed, 0, {}, {}, Scale{}}), UserError);       // before the blocks
  EXPECT_THROW(run({Hook::z, 1, 0, {}, Scale{}}, 3), std::logic_error);  // behind the text
  const std::vector<Edits> runs = {{{Hook::z, 1, 0, {}, Scale{}}}};
  EXPECT_THROW(edited_runs(
                   *trace, *backend, runs, 2, [](auto...) {}, [] { return true; }),
               Cancelled);
}

TEST(EditedRuns, NeedLogitsNoEncoderWeightsAndTheStream) {
  const auto backend = make_cpu_backend(1);
  const auto has = [&](const std::string& family, CapturePlan plan, std::vector<TokenId> source = {}) {
    ForwardRequest request;
    request.tokens = {1, 2};
    request.source_tokens = std::move(source);
    request.capture = plan;
    return has_edited_runs(*run_forward(load_family(family), *backend, request));
  };
  EXPECT_TRUE(has("llama_grouped", {}));
  EXPECT_FALSE(has("t5_gated", {}, {1, 2}));
  EXPECT_FALSE(has("bert_classes", {}));
  EXPECT_FALSE(has("llama_grouped", {.next_token_only = true}));  // keeps no stream
  const auto trace = run_forward(tiny_model(), *backend, request_for({1, 2}));
  const auto bare = std::make_shared<Model>(*tiny_model());
  bare->blocks.clear();  // as of a trace from a file
  Trace alone(bare, {1, 2});
  for (const HookInfo& info : all_hooks()) {
    for (std::int64_t layer = 0; layer < (info.in_block ? 3 : 1); ++layer) {
      if (trace->has(info.hook, layer)) alone.set(info.hook, layer, trace->at(info.hook, layer));
    }
  }
  EXPECT_TRUE(alone.complete());
  EXPECT_FALSE(has_edited_runs(alone));
}

}  // namespace
}  // namespace headlight
