// What run_forward refuses, cancels and publishes; hook names; capture plans; interventions that do not fit.
#include <gtest/gtest.h>

#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "tests/core/said_in_both.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::string refusal(const ForwardRequest& request) {
  const auto backend = make_reference_backend();
  try {
    run_forward(tiny_model(), *backend, request);
  } catch (const UserError& error) {
    expect_said_in_both(error);
    return error.what();
  }
  return "";
}

bool says(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (message.find(part) == std::string::npos) return false;
  }
  return !message.empty();
}

TEST(Request, ImpossibleTextsAreRefusedWithNumbers) {
  EXPECT_TRUE(says(refusal(request_for({})), {"no tokens"}));
  EXPECT_TRUE(says(refusal(request_for(std::vector<TokenId>(300, 1))), {"300", "256"}));
  EXPECT_TRUE(says(refusal(request_for({1, 1000000})), {"1000000"}));
  EXPECT_TRUE(says(refusal(request_for({-1})), {"-1"}));
}

TEST(Request, InterventionsThatDoNotFitAreRefusedByName) {
  const auto refused = [](Intervention intervention) {
    return refusal(request_for({1, 2, 3}, {std::move(intervention)}));
  };
  EXPECT_TRUE(says(refused({Hook::z, 9, {}, {}, Scale{}}), {"blocks.9.attn.hook_z", "0 to 2"}));
  EXPECT_TRUE(says(refused({Hook::z, 0, 4, {}, Scale{}}), {"head 4", "0 to 3"}));
  EXPECT_TRUE(says(refused({Hook::k, 0, 2, {}, Scale{}}), {"head 2", "0 to 1"}));
  EXPECT_TRUE(says(refused({Hook::resid_pre, 0, 1, {}, Scale{}}), {"no heads"}));
  EXPECT_TRUE(says(refused({Hook::z, 0, {}, {3}, Scale{}}), {"position 3", "0 to 2"}));
  EXPECT_TRUE(says(refused({Hook::resid_pre, 0, {}, {}, AddDirection{{1, 2}, 1}}), {"2 numbers", "64"}));
  EXPECT_TRUE(says(refused({Hook::resid_pre, 0, {}, {}, CopyFrom{nullptr}}), {"not captured"}));
}

TEST(Request, OperationsDoWhatTheySay) {
  const auto backend = make_reference_backend();
  const auto values = [&](Operation operation, std::vector<std::int64_t> positions) {
    return run_forward(
               tiny_model(), *backend,
               request_for({1, 2, 3}, {{Hook::resid_mid, 1, {}, std::move(positions), std::move(operation)}}))
        ->at(Hook::resid_mid, 1);
  };
  const Tensor clean = values(Scale{1.0F}, {});
  const Tensor set = values(SetTo{0.25F}, {1});
  std::vector<float> direction(64, 0.0F);
  direction[5] = 2.0F;
  const Tensor added = values(AddDirection{direction, 3.0F}, {2});
  for (std::int64_t i = 0; i < clean.size(); ++i) {
    EXPECT_EQ(set.data()[i], i / 64 == 1 ? 0.25F : clean.data()[i]);
    EXPECT_EQ(added.data()[i], i == 2 * 64 + 5 ? clean.data()[i] + 6.0F : clean.data()[i]);
  }
}

TEST(Request, SetScoresLeaveTheMaskAlone) {
  const auto backend = make_reference_backend();
  const auto trace = run_forward(tiny_model(), *backend,
                                 request_for({1, 2, 3}, {{Hook::attn_scores, 0, 1, {}, SetTo{0.0F}}}));
  const Tensor pattern = trace->at(Hook::pattern, 0);
  EXPECT_FLOAT_EQ(pattern.data()[9 + 3], 0.5F);  // head 1, query 1: two keys, equally likely
  EXPECT_EQ(pattern.data()[9 + 5], 0.0F);
}

TEST(Request, LayersArePublishedOneByOneAndCancellingStops) {
  const auto backend = make_reference_backend();
  std::vector<std::int64_t> published;
  RunControl control;
  control.publish = [&](std::shared_ptr<const Trace> trace) { published.push_back(trace->layers_done()); };
  run_forward(tiny_model(), *backend, request_for({1, 2}), control);
  EXPECT_EQ(published, (std::vector<std::int64_t>{1, 2, 3}));
  int polls = 0;
  control.cancelled = [&] { return ++polls > 30; };
  EXPECT_THROW(run_forward(tiny_model(), *backend, request_for({1, 2}), control), Cancelled);
  EXPECT_EQ(polls, 31);
}

TEST(Request, CapturePlansFollowTheBudget) {
  const ArchitectureDescription& a = tiny_model()->architecture;
  EXPECT_TRUE(plan_capture(a, 10).attention_maps);
  const CapturePlan lean = plan_capture(a, 256, 5 << 20);
  EXPECT_FALSE(lean.attention_maps);
  EXPECT_LT(lean.estimated_bytes, 5 << 20);
  EXPECT_THROW(plan_capture(a, 256, 1 << 10), UserError);
  EXPECT_EQ(longest_captured_text(a), a.context);
  const std::int64_t longest = longest_captured_text(a, 100000);
  EXPECT_NO_THROW(plan_capture(a, longest, 100000));
  EXPECT_THROW(plan_capture(a, longest + 1, 100000), UserError);
  // The estimate is what a trace really takes, but for tensors that are shared.
  const auto backend = make_reference_backend();
  ForwardRequest request = request_for(std::vector<TokenId>(20, 3));
  request.capture = plan_capture(a, 20);
  const auto trace = run_forward(tiny_model(), *backend, request);
  EXPECT_LE(trace->byte_size(), plan_capture(a, 20).estimated_bytes);
  EXPECT_GT(trace->byte_size(), plan_capture(a, 20).estimated_bytes * 3 / 4);
}

TEST(Request, WhatTheNextTokenNeedsIsEnoughToGoOn) {
  const auto backend = make_reference_backend();
  ForwardRequest lean = request_for({1, 2, 3, 4});
  lean.capture = {.next_token_only = true};
  lean.previous = run_forward(tiny_model(), *backend, lean);
  EXPECT_FALSE(lean.previous->has(Hook::resid_pre));
  lean.tokens.push_back(5);
  const auto longer = run_forward(tiny_model(), *backend, lean);
  EXPECT_EQ(longer->reused_positions, 4);
  ForwardRequest full = request_for({1, 2, 3, 4, 5});
  full.previous = longer;  // it lacks what a full capture keeps: nothing can be re-used
  const auto fresh = run_forward(tiny_model(), *backend, full);
  EXPECT_EQ(fresh->reused_positions, 0);
  const Tensor expected = fresh->at(Hook::logits);
  const Tensor logits = longer->at(Hook::logits);
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(logits.data()[i], expected.data()[i],
                1e-5);  // attend() sums in another order
  }
}

TEST(Hooks, NamesGoThereAndBack) {
  for (const HookInfo& info : all_hooks()) {
    const auto found = find_hook(hook_name(info.hook, 2), 3);
    ASSERT_TRUE(found) << info.name;
    EXPECT_EQ(found->hook, info.hook);
    EXPECT_EQ(found->layer, info.in_block ? 2 : 0);
    EXPECT_EQ(&hook_info(info.hook), &info);
  }
  EXPECT_FALSE(find_hook("blocks.3.attn.hook_z", 3));
  EXPECT_FALSE(find_hook("blocks.-1.attn.hook_z", 3));
  EXPECT_FALSE(find_hook("blocks.1", 3));
  EXPECT_FALSE(find_hook("blocks.1.logits", 3));
  EXPECT_FALSE(find_hook("attn.hook_z", 3));
}

TEST(Hooks, Globs) {
  EXPECT_TRUE(glob_matches("*", "logits"));
  EXPECT_TRUE(glob_matches("blocks.?.attn.*,logits", "logits"));
  EXPECT_TRUE(glob_matches("blocks.?.attn.*,logits", "blocks.5.attn.hook_z"));
  EXPECT_FALSE(glob_matches("blocks.?.attn.*", "blocks.15.attn.hook_z"));
  EXPECT_FALSE(glob_matches("", "logits"));
  EXPECT_TRUE(glob_matches("*z", "zz"));
}

}  // namespace
}  // namespace headlight
