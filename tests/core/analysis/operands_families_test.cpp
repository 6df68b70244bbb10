// What the inspector says a number is made of, for every hook of every family, against the number itself.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "core/analysis/operands.h"
#include "core/backends/backend.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/family_models.h"

namespace headlight {
namespace {

constexpr int cells_of_each_hook = 200;

std::shared_ptr<const Trace> run(const std::shared_ptr<const Model>& model, const GoldenCase& golden,
                                 bool attention_maps = true) {
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  request.capture.attention_maps = attention_maps;
  return run_forward(model, *make_reference_backend(), request);
}

std::int64_t below(std::int64_t count, std::mt19937& generator) {
  return std::uniform_int_distribution<std::int64_t>(0, count - 1)(generator);
}

// A cell of a hook of this pass, or of the encoder's below it.
ValueReference random_cell(const Trace& root, Hook hook, bool in_encoder, std::mt19937& generator) {
  const Trace& trace = in_encoder ? *root.source() : root;
  const ArchitectureDescription& a = trace.model().architecture;
  ValueReference at{hook, hook_info(hook).in_block ? below(a.layers, generator) : 0, {}, in_encoder};
  const std::int64_t source = trace.source() ? trace.source()->positions() : 0;
  const Shape shape = hook_shape(hook, a, trace.positions(), source);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) at.index[axis] = below(shape[axis], generator);
  return at;
}

std::string place_text(const ValueReference& at) {
  return (at.in_encoder ? "encoder." : "") + hook_name(at.hook, at.layer) + " " +
         std::to_string(at.index[0]) + " " + std::to_string(at.index[1]) + " " + std::to_string(at.index[2]);
}

// The backend rounds every hook to float32 once (2^-24 = 6e-8 of the number), and between two hooks at most
// three numbers more; it adds in double, and its inputs are the rounded ones that the pass went on with.
// Terms may cancel, so the distance is measured against the sum of their magnitudes, which is never below
// |value|.
void expect_recomputed(const Operands& o) {
  ASSERT_NE(o.formula, Formula::unknown) << place_text(o.target);
  if (std::isinf(o.value)) {
    EXPECT_EQ(o.value, o.recomputed) << place_text(o.target);
    return;
  }
  EXPECT_LE(std::abs(o.value), o.magnitude * (1 + 1e-6) + 1e-30) << place_text(o.target);
  EXPECT_NEAR(o.value, o.recomputed, 1e-6 * o.magnitude + 1e-30) << place_text(o.target);
}

// Every operand that can be opened is the number that stands there; list and rest are the whole sum.
void expect_true_operands(const Trace& root, const Operands& o) {
  double sum = o.rest;
  for (const Operand& operand : o.operands) {
    sum += operand.contribution;
    if (operand.reference && o.captured) {
      EXPECT_EQ(value_of(root, *operand.reference), operand.value) << place_text(o.target);
    }
    if (operand.factor_reference && o.captured && o.formula != Formula::softmax) {
      EXPECT_EQ(value_of(root, *operand.factor_reference), operand.factor) << place_text(o.target);
    }
  }
  switch (o.formula) {
    case Formula::linear:
    case Formula::dot_product:
    case Formula::root_mean_square:
    case Formula::pooled:
      EXPECT_NEAR(sum, o.total, 1e-9 * (std::abs(o.total) + o.magnitude) + 1e-12) << place_text(o.target);
      break;
    case Formula::softmax:
      EXPECT_NEAR(sum, 1.0, 1e-12) << place_text(o.target);
      break;
    case Formula::mixed:
    case Formula::turned:
    case Formula::sum:
    case Formula::copied:
    case Formula::embedding:
      EXPECT_NEAR(sum, o.recomputed, 1e-12 * o.magnitude + 1e-30) << place_text(o.target);
      break;
    case Formula::unknown:
    case Formula::normalized:
    case Formula::masked:
    case Formula::gated:
    case Formula::activated:
      break;
  }
}

class OperandsOfFamilies : public testing::TestWithParam<std::string> {};

// All hooks of the pass, and of the encoder's: `each` gets 200 random cells of every one.
template <typename Each>
int for_random_cells(const Trace& root, const Each& each) {
  std::mt19937 generator(11);
  int hooks = 0;
  for (const bool in_encoder : {false, true}) {
    if (in_encoder && !root.source()) continue;
    const Trace& trace = in_encoder ? *root.source() : root;
    for (const HookInfo& info : all_hooks()) {
      if (!has_hook(info.hook, trace.model().architecture)) continue;
      ++hooks;
      for (int i = 0; i < cells_of_each_hook; ++i) {
        each(random_cell(root, info.hook, in_encoder, generator));
        if (::testing::Test::HasFailure()) return hooks;
      }
    }
  }
  return hooks;
}

TEST_P(OperandsOfFamilies, GiveEveryHookAgain) {
  const auto model = load_family(GetParam());
  for (const GoldenCase& golden : golden_of_family(GetParam()).cases) {
    const auto trace = run(model, golden);
    const int hooks = for_random_cells(*trace, [&](const ValueReference& at) {
      const auto o = operands_of(*trace, at, 5);
      ASSERT_TRUE(o) << place_text(at);
      EXPECT_TRUE(o->captured);
      expect_recomputed(*o);
      expect_true_operands(*trace, *o);
    });
    EXPECT_GE(hooks, 16);  // what every family has
  }
}

// The encoder's own trace, opened by itself, says the same as through the decoder's.
class OperandsOfEncoders : public testing::TestWithParam<std::string> {};
TEST_P(OperandsOfEncoders, AreTheSameByThemselves) {
  const auto model = load_family(GetParam());
  ASSERT_TRUE(model->encoder);
  const auto trace = run(model, golden_of_family(GetParam()).cases.back());
  for_random_cells(*trace->source(), [&](const ValueReference& at) {
    ValueReference from_decoder = at;
    from_decoder.in_encoder = true;
    const auto own = operands_of(*trace->source(), at, 5), other = operands_of(*trace, from_decoder, 5);
    ASSERT_TRUE(own && other) << place_text(at);
    expect_recomputed(*own);
    EXPECT_EQ(own->recomputed, other->recomputed);
    EXPECT_EQ(own->formula, other->formula);
    for (const Operand& operand : own->operands) {
      if (operand.reference) {
        EXPECT_FALSE(operand.reference->in_encoder);
      }
    }
  });
}

// Maps that were not kept are computed again, windows, caps and biases included.
TEST_P(OperandsOfFamilies, DeriveAttentionMapsThatWereNotKept) {
  const auto model = load_family(GetParam());
  const GoldenCase golden = golden_of_family(GetParam()).cases.back();
  const auto kept = run(model, golden), trace = run(model, golden, false);
  std::mt19937 generator(12);
  for (const Hook hook : {Hook::attn_scores, Hook::pattern, Hook::cross_attn_scores, Hook::cross_pattern}) {
    if (!has_hook(hook, model->architecture)) continue;
    for (int i = 0; i < cells_of_each_hook; ++i) {
      const ValueReference at = random_cell(*kept, hook, false, generator);
      const auto o = operands_of(*trace, at);
      ASSERT_TRUE(o) << place_text(at);
      EXPECT_FALSE(o->captured);
      const double number = *value_of(*kept, at);
      if (std::isinf(number)) {
        EXPECT_EQ(o->value, number) << place_text(at);
      } else {
        // The rows below are not the same floats: without maps, attention is not rounded in between, which
        // moves q and k of later layers, and with them the scores, by some 1e-6 of their parts.
        EXPECT_NEAR(o->value, number, 2e-5 * (o->magnitude + 1.0)) << place_text(at);
      }
    }
  }
}

// The weights that a number reads directly: changing them changes it, and its operands say so.
TEST_P(OperandsOfFamilies, FollowAChangedWeight) {
  const auto model = load_family(GetParam());
  const GoldenCase golden = golden_of_family(GetParam()).cases.back();
  const auto before = run(model, golden);
  auto changed = std::make_shared<Model>(*model);
  const auto enlarge = [](Weight& weight) {
    auto values = std::make_shared<std::vector<float>>();
    for (std::int64_t row = 0; row < weight.rows; ++row) {
      for (const float value : weight_row(weight, row)) values->push_back(1.25F * value);
    }
    weight.format = NumberFormat::f32;
    weight.bytes = reinterpret_cast<const std::byte*>(values->data());
    weight.owner = values;
  };
  BlockWeights& last = changed->blocks.back();
  enlarge(last.attention.w_v);
  if (model->architecture.has_mlp()) {
    enlarge(last.w_in);
    enlarge(last.w_out);
  }
  const auto after = run(changed, golden);
  const std::int64_t layer = model->architecture.layers - 1;
  for (const Hook hook : {Hook::v, Hook::z, Hook::attn_out, Hook::mlp_pre, Hook::mlp_out, Hook::resid_post}) {
    if (!has_hook(hook, model->architecture)) continue;
    std::mt19937 generator(13);
    int different = 0;
    for (int i = 0; i < 20; ++i) {
      ValueReference at = random_cell(*before, hook, false, generator);
      at.layer = layer;
      const auto o = operands_of(*after, at), old = operands_of(*before, at);
      ASSERT_TRUE(o && old);
      expect_recomputed(*o);
      if (o->recomputed != old->recomputed) ++different;
    }
    EXPECT_GE(different, 10) << hook_name(hook, layer);
  }
  const auto same = operands_of(*after, {Hook::q, layer, {0, 0, 0}});
  EXPECT_EQ(same->recomputed, operands_of(*before, {Hook::q, layer, {0, 0, 0}})->recomputed);
}

std::string test_name(const testing::TestParamInfo<std::string>& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, OperandsOfFamilies, testing::ValuesIn(family_names()), test_name);
INSTANTIATE_TEST_SUITE_P(Golden, OperandsOfEncoders,
                         testing::Values("bart_gelu", "bart_scaled_relu", "marian_separate", "marian_shared",
                                         "t5_gated", "t5_relu"),
                         test_name);

// Together the families have every hook: no formula goes untested.
TEST(OperandsOfAllFamilies, CoverEveryHook) {
  std::set<Hook> seen;
  for (const std::string& name : family_names()) {
    const auto model = load_family(name);
    for (const HookInfo& info : all_hooks()) {
      if (has_hook(info.hook, model->architecture)) seen.insert(info.hook);
    }
  }
  for (const HookInfo& info : all_hooks()) EXPECT_TRUE(seen.contains(info.hook)) << info.name;
}

}  // namespace
}  // namespace headlight
