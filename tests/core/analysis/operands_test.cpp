// What the inspector says a number is made of, against the number itself.
#include "core/analysis/operands.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/backends/backend.h"
#include "core/forward/derived_values.h"
#include "core/model/weight.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

const std::vector<TokenId> tokens = {40, 7, 130, 7, 255, 99, 12, 61, 8, 200};

std::shared_ptr<const Trace> run(const std::shared_ptr<const Model>& model, const ForwardRequest& request) {
  return run_forward(model, *make_reference_backend(), request);
}

std::shared_ptr<const Trace> plain_trace() {
  static const std::shared_ptr<const Trace> trace = run(tiny_model(), request_for(tokens));
  return trace;
}

std::vector<HookInfo> hooks_of_the_model() {
  std::vector<HookInfo> hooks;
  for (const HookInfo& info : all_hooks()) {
    if (has_hook(info.hook, tiny_model()->architecture)) hooks.push_back(info);
  }
  return hooks;
}

ValueReference random_cell(Hook hook, std::mt19937& generator) {
  const ArchitectureDescription& a = tiny_model()->architecture;
  const auto below = [&](std::int64_t count) {
    return std::uniform_int_distribution<std::int64_t>(0, count - 1)(generator);
  };
  ValueReference at{hook, hook_info(hook).in_block ? below(a.layers) : 0, {}};
  const Shape shape = hook_shape(hook, a, static_cast<std::int64_t>(tokens.size()));
  for (std::size_t axis = 0; axis < shape.size(); ++axis) at.index[axis] = below(shape[axis]);
  return at;
}

// The backend rounds every hook to float32 once (2^-24 = 6e-8 of the number) and adds in double; inputs are
// the rounded ones that the pass itself went on with. Terms may cancel, so the distance is measured against
// the sum of their magnitudes, which is never below |value|.
void expect_recomputed(const Operands& o) {
  if (std::isinf(o.value)) {
    EXPECT_EQ(o.value, o.recomputed);
    return;
  }
  EXPECT_LE(std::abs(o.value), o.magnitude * (1 + 1e-6) + 1e-30);
  EXPECT_NEAR(o.value, o.recomputed, 1e-6 * o.magnitude + 1e-30)
      << hook_name(o.target.hook, o.target.layer) << " " << o.target.index[0] << " " << o.target.index[1]
      << " " << o.target.index[2];
}

TEST(Operands, GiveEveryHookAgain) {
  std::mt19937 generator(7);
  for (const HookInfo& info : hooks_of_the_model()) {
    for (int i = 0; i < 1000; ++i) {
      const ValueReference at = random_cell(info.hook, generator);
      const auto o = operands_of(*plain_trace(), at);
      ASSERT_TRUE(o) << info.name;
      ASSERT_NE(o->formula, Formula::unknown) << info.name;
      EXPECT_TRUE(o->captured);
      expect_recomputed(*o);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

// What is listed is itself a number of the trace, and list and rest together are the whole sum.
TEST(Operands, AreNumbersOfTheTraceAndAddUp) {
  std::mt19937 generator(8);
  for (const HookInfo& info : hooks_of_the_model()) {
    for (int i = 0; i < 20; ++i) {
      const auto o = operands_of(*plain_trace(), random_cell(info.hook, generator), 5);
      ASSERT_TRUE(o);
      double sum = o->rest;
      for (const Operand& operand : o->operands) {
        sum += operand.contribution;
        if (operand.reference) {
          EXPECT_EQ(value_of(*plain_trace(), *operand.reference), operand.value) << info.name;
        }
        if (operand.factor_reference && o->formula != Formula::softmax) {
          EXPECT_EQ(value_of(*plain_trace(), *operand.factor_reference), operand.factor) << info.name;
        }
      }
      switch (o->formula) {
        case Formula::linear:
        case Formula::mixed:
        case Formula::turned:
        case Formula::sum:
        case Formula::copied:
          EXPECT_NEAR(sum, o->recomputed, 1e-12 * o->magnitude);
          break;
        case Formula::dot_product:
        case Formula::root_mean_square:
          EXPECT_NEAR(sum, o->total, 1e-9 * std::abs(o->total) + 1e-12);
          break;
        case Formula::softmax:
          EXPECT_NEAR(sum, 1.0, 1e-12);
          break;
        default:
          break;
      }
      EXPECT_LE(o->operands.size(), 5U);
      EXPECT_GE(o->count, static_cast<std::int64_t>(o->operands.size()));
    }
  }
}

TEST(Operands, ListTheLargestFirst) {
  const auto o = operands_of(*plain_trace(), {Hook::attn_out, 1, {4, 3, 0}}, 64);
  ASSERT_TRUE(o);
  ASSERT_EQ(o->operands.size(), 64U);
  for (std::size_t i = 1; i < o->operands.size(); ++i) {
    EXPECT_GE(std::abs(o->operands[i - 1].contribution), std::abs(o->operands[i].contribution));
  }
  EXPECT_EQ(o->rest, 0.0);
}

TEST(Operands, OfASoftmaxAlwaysListTheKeyItself) {
  for (std::int64_t key = 0; key < 10; ++key) {
    const auto o = operands_of(*plain_trace(), {Hook::pattern, 2, {1, 9, key}}, 2);
    ASSERT_TRUE(o);
    ASSERT_EQ(o->operands.size(), 2U);
    EXPECT_TRUE(o->operands[0].reference->index[2] == key || o->operands[1].reference->index[2] == key)
        << key;
    EXPECT_NEAR(o->operands[0].contribution + o->operands[1].contribution + o->rest, 1.0, 1e-12);
  }
}

TEST(Operands, OfMaskedKeysAreNone) {
  const auto score = operands_of(*plain_trace(), {Hook::attn_scores, 0, {1, 3, 4}});
  ASSERT_TRUE(score);
  EXPECT_EQ(score->formula, Formula::masked);
  EXPECT_EQ(score->value, -std::numeric_limits<double>::infinity());
  const auto weight = operands_of(*plain_trace(), {Hook::pattern, 0, {1, 3, 4}});
  ASSERT_TRUE(weight);
  EXPECT_EQ(weight->formula, Formula::masked);
  EXPECT_EQ(weight->value, 0.0);
}

TEST(Operands, DeriveAttentionMapsThatWereNotKept) {
  ForwardRequest request = request_for(tokens);
  request.capture.attention_maps = false;
  const auto trace = run(tiny_model(), request);
  std::mt19937 generator(9);
  for (const Hook hook : {Hook::attn_scores, Hook::pattern, Hook::z}) {
    for (int i = 0; i < 200; ++i) {
      const ValueReference at = random_cell(hook, generator);
      const auto o = operands_of(*trace, at);
      ASSERT_TRUE(o);
      EXPECT_EQ(o->captured, hook == Hook::z);
      const double kept = *value_of(*plain_trace(), at);
      if (std::isinf(kept)) {
        EXPECT_EQ(o->value, kept);
      } else {
        // Kept weights come from scores that were rounded to float32: 6e-8 of |s|, here up to 40, moves e^s
        // by up to 2.4e-6 of it.
        EXPECT_NEAR(o->recomputed, kept, 1e-5 * o->magnitude + 1e-30);
      }
    }
  }
}

TEST(Operands, AreNothingWhereThereIsNoNumber) {
  const Trace& trace = *plain_trace();
  EXPECT_FALSE(operands_of(trace, {Hook::q, 99, {0, 0, 0}}));
  EXPECT_FALSE(operands_of(trace, {Hook::q, -1, {0, 0, 0}}));
  EXPECT_FALSE(operands_of(trace, {Hook::q, 0, {10, 0, 0}}));
  EXPECT_FALSE(operands_of(trace, {Hook::q, 0, {0, 4, 0}}));
  EXPECT_FALSE(operands_of(trace, {Hook::pattern, 0, {0, 0, -1}}));
  const Trace empty(tiny_model(), tokens);
  for (const HookInfo& info : all_hooks()) EXPECT_FALSE(operands_of(empty, {info.hook, 0, {}})) << info.name;
}

// The value is there, its inputs are not: a trace that somebody made up.
TEST(Operands, AreUnknownWithoutInputsOrWeights) {
  auto model = std::make_shared<Model>();
  model->architecture = tiny_model()->architecture;
  Trace trace(model, tokens);
  for (const HookInfo& info : hooks_of_the_model()) {
    Tensor ones(hook_shape(info.hook, model->architecture, trace.positions()));
    std::fill_n(ones.writable(), ones.size(), 1.0F);
    Trace alone(model, tokens);
    alone.set(info.hook, 0, ones);
    const auto o = operands_of(alone, {info.hook, 0, {}});
    ASSERT_TRUE(o) << info.name;
    EXPECT_EQ(o->formula, Formula::unknown) << info.name;
    EXPECT_EQ(o->value, 1.0);
  }
}

TEST(Operands, LetNotANumberThrough) {
  auto trace = std::make_shared<Trace>(tiny_model(), tokens);
  for (const HookInfo& info : hooks_of_the_model()) {
    for (std::int64_t layer = 0; layer < (info.in_block ? 3 : 1); ++layer) {
      Tensor nan(hook_shape(info.hook, tiny_model()->architecture, trace->positions()));
      std::fill_n(nan.writable(), nan.size(), std::numeric_limits<float>::quiet_NaN());
      trace->set(info.hook, layer, nan);
    }
  }
  for (const HookInfo& info : hooks_of_the_model()) {
    const std::int64_t second = info.axes[1] == Axis::one ? 0 : 1;
    const auto o = operands_of(*trace, {info.hook, info.in_block ? 1 : 0, {3, second, 1}});
    ASSERT_TRUE(o) << info.name;
    EXPECT_TRUE(std::isnan(o->value));
  }
}

// One weight of q changed by hand: exactly the numbers that read it change, and their operands say why.
TEST(Operands, FollowAChangedWeight) {
  const std::int64_t layer = 1, row = 5 + 2 * 16, column = 9;  // head 2, dimension 5
  auto changed = std::make_shared<Model>(*tiny_model());
  Weight& w_q = changed->blocks[layer].attention.w_q;
  auto values = std::make_shared<std::vector<float>>();
  for (std::int64_t r = 0; r < w_q.rows; ++r) {
    const std::vector<float> decoded = weight_row(w_q, r);
    values->insert(values->end(), decoded.begin(), decoded.end());
  }
  (*values)[static_cast<std::size_t>(row * w_q.columns + column)] += 0.5F;
  w_q.format = NumberFormat::f32;
  w_q.bytes = reinterpret_cast<const std::byte*>(values->data());
  w_q.owner = values;
  const auto after = run(changed, request_for(tokens));
  const std::int64_t position = 6;
  const auto recomputed = [&](const Trace& trace, const ValueReference& at) {
    const auto o = operands_of(trace, at);
    expect_recomputed(*o);
    return o->recomputed;
  };
  const double x = *value_of(*after, {Hook::ln1_normalized, layer, {position, column, 0}});
  const ValueReference q{Hook::q, layer, {position, 2, 5}};
  EXPECT_NEAR(recomputed(*after, q) - recomputed(*plain_trace(), q), 0.5 * x, 1e-6);
  for (const ValueReference& other :
       {ValueReference{Hook::q, layer, {position, 2, 6}}, ValueReference{Hook::q, layer, {position, 1, 5}},
        ValueReference{Hook::k, layer, {position, 1, 5}}, ValueReference{Hook::v, layer, {position, 1, 5}},
        ValueReference{Hook::pattern, layer, {1, position, 2}},
        ValueReference{Hook::resid_post, 0, {position, 3, 0}}}) {
    EXPECT_EQ(recomputed(*after, other), recomputed(*plain_trace(), other))
        << hook_name(other.hook, other.layer);
  }
  for (const ValueReference& dependent : {ValueReference{Hook::attn_scores, layer, {2, position, 2}},
                                          ValueReference{Hook::pattern, layer, {2, position, 2}},
                                          ValueReference{Hook::z, layer, {position, 2, 0}},
                                          ValueReference{Hook::logits, 0, {position, 17, 0}}}) {
    EXPECT_NE(recomputed(*after, dependent), recomputed(*plain_trace(), dependent))
        << hook_name(dependent.hook, dependent.layer);
  }
}

TEST(WeightRow, RefusesRowsThatAreNotThere) {
  const Weight& embedding = tiny_model()->embedding;
  EXPECT_EQ(weight_row(embedding, 0).size(), static_cast<std::size_t>(embedding.columns));
  EXPECT_THROW(weight_row(embedding, embedding.rows), std::logic_error);
  EXPECT_THROW(weight_row(embedding, -1), std::logic_error);
  EXPECT_THROW(weight_row(Weight{}, 0), std::logic_error);
}

}  // namespace
}  // namespace headlight
