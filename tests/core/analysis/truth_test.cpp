// Every kind of number that a view draws, 1,000 random cells of each, computed again in double from nothing
// but the operands that its card lists; and a changed weight changes what depends on it and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "core/analysis/class_scores.h"
#include "core/analysis/distribution.h"
#include "core/analysis/operands.h"
#include "core/analysis/token_scores.h"
#include "core/backends/backend.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/family_models.h"

namespace headlight {
namespace {

constexpr int cells_of_each_kind = 1000;
constexpr std::size_t all_operands = 1U << 20U;

// A pass in float32 by the backend that the program runs with.
std::shared_ptr<const Trace> run(const std::shared_ptr<const Model>& model, const GoldenCase& golden,
                                 bool maps = true) {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  ForwardRequest request;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  request.capture.attention_scores = maps;
  request.capture.attention_maps = maps;
  return run_forward(model, *backend, request);
}

std::int64_t below(std::int64_t count, std::mt19937& generator) {
  return std::uniform_int_distribution<std::int64_t>(0, count - 1)(generator);
}

ValueReference random_cell(const Trace& root, const Trace& trace, Hook hook, std::mt19937& generator) {
  const ArchitectureDescription& a = trace.model().architecture;
  ValueReference at{hook, hook_info(hook).in_block ? below(a.layers, generator) : 0, {}, &trace != &root};
  const std::int64_t source = trace.source() ? trace.source()->positions() : 0;
  const Shape shape = hook_shape(hook, a, trace.positions(), source);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) at.index[axis] = below(shape[axis], generator);
  return at;
}

std::string place_text(const ValueReference& at) {
  return (at.in_encoder ? "encoder." : "") + hook_name(at.hook, at.layer) + " " +
         std::to_string(at.index[0]) + " " + std::to_string(at.index[1]) + " " + std::to_string(at.index[2]);
}

// Written once more, from the papers: not the program's own.
double activation_of(double x, Activation activation) {
  constexpr double pi = 3.14159265358979323846;
  switch (activation) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu:
      return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::tanh:
      return std::tanh(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

struct Recomputed {
  double value = 0.0;
  double terms = 0.0;  // Σ |term|, as far as they are added up: what float32 rounding is relative to
};

Recomputed sum_of_products(const Operands& o) {
  Recomputed sum;
  for (const Operand& operand : o.operands) {
    const double term = operand.value == 0.0 ? 0.0 : operand.value * operand.factor;
    sum.value += term;
    sum.terms += std::abs(term);
  }
  return sum;
}

void multiply(Recomputed& sum, double factor) {
  sum.value *= factor;
  sum.terms *= std::abs(factor);
}

void add_bias(Recomputed& sum, const Operands& o) {
  if (!o.bias) return;
  sum.value += o.bias->value;
  sum.terms += std::abs(o.bias->value);
}

Recomputed linear(const Operands& o) {
  Recomputed sum = sum_of_products(o);
  add_bias(sum, o);
  if (o.norm_scale) multiply(sum, o.gain->value / o.norm_scale->value);
  if (o.cap > 0) sum.value = o.cap * std::tanh(sum.value / o.cap);
  return sum;
}

Recomputed dot_product(const Operands& o) {
  Recomputed sum = sum_of_products(o);
  multiply(sum, o.scale);
  if (o.cap > 0) sum.value = o.cap * std::tanh(sum.value / o.cap);
  add_bias(sum, o);
  return sum;
}

Recomputed root_mean_square(const Operands& o, bool takes_off_mean) {
  double mean = 0.0, squares = 0.0;
  const auto count = static_cast<double>(o.operands.size());
  for (const Operand& x : o.operands) mean += takes_off_mean ? x.value / count : 0.0;
  for (const Operand& x : o.operands) squares += (x.value - mean) * (x.value - mean);
  const double value = std::sqrt(squares / count + o.epsilon);
  return {value, value};
}

Recomputed normalized(const Operands& o) {
  const double x = o.operands[0].value, scale = o.operands[1].value, gain = o.operands[2].value;
  Recomputed result{(x - o.mean) / scale * gain, (std::abs(x) + std::abs(o.mean)) * std::abs(gain / scale)};
  add_bias(result, o);
  return result;
}

Recomputed softmax(const Operands& o) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0.0, own = 0.0;
  for (const Operand& score : o.operands) largest = std::max(largest, score.value);
  for (const Operand& score : o.operands) {
    const double e = std::exp(score.value - largest);
    sum += e;
    if (score.reference->index[2] == o.target.index[2]) own = e;
  }
  return {own / sum, own / sum};
}

Recomputed from_the_card(const Operands& o, const ArchitectureDescription& a) {
  const Hook hook = o.target.hook;
  const bool of_head = hook == Hook::mlm_head_post || hook == Hook::pooler_post;
  Recomputed result;
  switch (o.formula) {
    case Formula::unknown:
      return {std::numeric_limits<double>::quiet_NaN(), 0.0};
    case Formula::embedding:
    case Formula::copied:
      result.value = o.operands.at(0).value * (o.formula == Formula::copied ? 1.0 : o.scale);
      break;
    case Formula::sum:
      for (const Operand& part : o.operands) {
        result.value += part.value;
        result.terms += std::abs(part.value);
      }
      return result;
    case Formula::root_mean_square:
      return root_mean_square(
          o, a.norm == Norm::layer && hook != Hook::q_norm_scale && hook != Hook::k_norm_scale);
    case Formula::normalized:
      return normalized(o);
    case Formula::linear:
      return linear(o);
    case Formula::turned:
    case Formula::mixed:
      return sum_of_products(o);
    case Formula::dot_product:
      return dot_product(o);
    case Formula::masked:
      result.value = hook == Hook::attn_scores || hook == Hook::cross_attn_scores
                         ? -std::numeric_limits<double>::infinity()
                         : 0.0;
      break;
    case Formula::softmax:
      return softmax(o);
    case Formula::gated:
      result.value = activation_of(o.operands.at(0).value, a.activation) * o.operands.at(1).value;
      break;
    case Formula::activated:
      result.value = activation_of(o.operands.at(0).value, of_head ? a.head_activation : a.activation);
      break;
    case Formula::pooled:
      result = sum_of_products(o);
      multiply(result, 1 / o.scale);
      return result;
  }
  result.terms = std::abs(result.value);
  return result;
}

// Relative to the number itself: 1e-4. Where positive and negative terms cancel, a number near 0 has lost
// what float32 rounded off its terms (6e-8 of each, and partial sums of up to a few hundred of them); it is
// then compared with a hundredth of Σ |term| instead of with itself.
void expect_close(double shown, const Recomputed& again, const std::string& place) {
  if (std::isinf(shown) || std::isinf(again.value)) {
    EXPECT_EQ(shown, again.value) << place;
    return;
  }
  EXPECT_NEAR(shown, again.value, 1e-4 * std::max(std::abs(shown), 0.01 * again.terms) + 1e-30) << place;
}

std::vector<std::string> directories() {
  std::vector<std::string> names;
  for (const std::string& name : family_names()) {
    if (!name.ends_with(".gguf")) names.push_back(name);  // the same models again
  }
  return names;
}

class Truth : public testing::TestWithParam<std::string> {};

TEST_P(Truth, OfEveryHookFollowsFromItsCard) {
  const auto model = load_family(GetParam());
  const auto root = run(model, golden_of_family(GetParam()).cases.back());
  std::mt19937 generator(17);
  for (const Trace* trace : {root.get(), root->source().get()}) {
    if (trace == nullptr) continue;
    const ArchitectureDescription& a = trace->model().architecture;
    for (const HookInfo& info : all_hooks()) {
      if (!has_hook(info.hook, a)) continue;
      for (int i = 0; i < cells_of_each_kind && !HasFailure(); ++i) {
        const ValueReference at = random_cell(*root, *trace, info.hook, generator);
        const auto o = operands_of(*root, at, all_operands);
        ASSERT_TRUE(o && o->captured) << place_text(at);
        ASSERT_EQ(o->count, static_cast<std::int64_t>(o->operands.size())) << "the card lists all of them";
        for (const Operand& operand : o->operands) {
          if (operand.reference) {
            ASSERT_EQ(value_of(*root, *operand.reference), operand.value) << place_text(at);
          }
        }
        expect_close(o->value, from_the_card(*o, a), place_text(at));
      }
    }
  }
}

// Scores and weights that the trace did not keep, and what is derived from logits.
TEST_P(Truth, OfDerivedNumbersFollowsFromWhatIsKept) {
  const auto model = load_family(GetParam());
  const auto root = run(model, golden_of_family(GetParam()).cases.back(), false);
  const ArchitectureDescription& a = model->architecture;
  std::mt19937 generator(18);
  for (const Hook hook :
       {Hook::attn_scores, Hook::pattern, Hook::cross_attn_scores, Hook::cross_pattern, Hook::z}) {
    if (!has_hook(hook, a)) continue;
    for (int i = 0; i < cells_of_each_kind && !HasFailure(); ++i) {
      const ValueReference at = random_cell(*root, *root, hook, generator);
      const auto o = operands_of(*root, at, all_operands);
      ASSERT_TRUE(o) << place_text(at);
      expect_close(o->value, from_the_card(*o, a), place_text(at));
    }
  }
  if (!has_hook(Hook::logits, a)) return;
  const std::int64_t position = below(root->positions(), generator);
  const std::span<const float> logits = root->row(Hook::logits, 0, position);
  const Distribution all = distribution(logits, {});
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (int i = 0; i < cells_of_each_kind; ++i) {
    const Candidate& one =
        all.ranked[static_cast<std::size_t>(below(static_cast<std::int64_t>(all.ranked.size()), generator))];
    EXPECT_EQ(one.logit, static_cast<double>(logits[static_cast<std::size_t>(one.id)]));
    EXPECT_NEAR(one.probability, std::exp(one.logit) / sum, 1e-10 * one.probability);
  }
}

TEST_P(Truth, OfClassesAndTokensFollowsFromTheLogits) {
  const auto model = load_family(GetParam());
  const auto root = run(model, golden_of_family(GetParam()).cases.back());
  if (has_hook(Hook::class_logits, model->architecture)) {
    const std::span<const float> logits = root->row(Hook::class_logits, 0, 0);
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    for (const ClassScore& one : class_scores(*root)) {
      const double logit = static_cast<double>(logits[static_cast<std::size_t>(one.label)]);
      EXPECT_NEAR(one.probability, std::exp(logit) / sum, 1e-10);
    }
  }
  const auto scores = token_scores(*root, nullptr, [] { return false; });
  if (!scores) return;
  for (std::int64_t position = 1; position < root->positions(); ++position) {
    const std::span<const float> logits = root->row(Hook::logits, 0, position - 1);
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    const auto token = static_cast<std::size_t>(root->tokens()[static_cast<std::size_t>(position)]);
    EXPECT_NEAR(scores->scores[static_cast<std::size_t>(position)].probability,
                std::exp(static_cast<double>(logits[token])) / sum, 1e-7);
  }
}

// --- One weight changed.

void change(Weight& weight, std::int64_t row, std::int64_t column) {
  auto values = std::make_shared<std::vector<float>>();
  for (std::int64_t r = 0; r < weight.rows; ++r) {
    for (const float value : weight_row(weight, r)) values->push_back(value);
  }
  (*values)[static_cast<std::size_t>(row * weight.columns + column)] += 0.75F;
  weight.format = NumberFormat::f32;
  weight.bytes = reinterpret_cast<const std::byte*>(values->data());
  weight.owner = values;
}

struct Compared {
  int same = 0;
  int different = 0;
};

// Random cells of a hook that `of_interest` picks: what is drawn, before and after. The card of a changed
// number gives the changed number.
template <typename Pick>
Compared compare(const Trace& before, const Trace& after, Hook hook, std::int64_t layer, const Pick& pick) {
  std::mt19937 generator(19);
  Compared result;
  for (int i = 0; i < 4000 && result.same + result.different < 300; ++i) {
    ValueReference at = random_cell(before, before, hook, generator);
    if (hook_info(hook).in_block) at.layer = layer;
    if (!pick(at)) continue;
    const auto o = operands_of(after, at, all_operands);
    const std::optional<double> old = value_of(before, at);
    if (!o || !old) continue;
    expect_close(o->value, from_the_card(*o, after.model().architecture), place_text(at));
    ++(o->value == *old ? result.same : result.different);
  }
  return result;
}

TEST_P(Truth, AChangedValueWeightChangesWhatReadsItAndNothingElse) {
  const auto model = load_family(GetParam());
  const GoldenCase golden = golden_of_family(GetParam()).cases.back();
  const ArchitectureDescription& a = model->architecture;
  const std::int64_t layer = a.layers - 1, group = a.kv_heads - 1, dimension = a.d_head / 2;
  auto poisoned = std::make_shared<Model>(*model);
  change(poisoned->blocks.back().attention.w_v, group * a.d_head + dimension, 1);
  const auto before = run(model, golden), after = run(poisoned, golden);
  const auto everywhere = [](const ValueReference&) { return true; };
  const auto compared = [&](Hook hook, std::int64_t of_layer, const auto& pick) {
    return compare(*before, *after, hook, of_layer, pick);
  };
  // What came before, and what does not read values: not one bit.
  for (const Hook hook : {Hook::embed, Hook::resid_pre, Hook::q, Hook::k, Hook::attn_scores, Hook::pattern})
    EXPECT_EQ(compared(hook, layer, everywhere).different, 0) << hook_info(hook).name;
  for (std::int64_t earlier = 0; earlier < layer; ++earlier) {
    for (const Hook hook :
         {Hook::v, Hook::z, Hook::attn_out, Hook::mlp_post, Hook::mlp_out, Hook::resid_post})
      EXPECT_EQ(compared(hook, earlier, everywhere).different, 0) << hook_info(hook).name;
  }
  // Its own dimension of v, and of the z of the heads that read it; no other.
  const auto own_v = [&](const ValueReference& at) {
    return at.index[1] == group && at.index[2] == dimension;
  };
  const auto own_z = [&](const ValueReference& at) {
    return at.index[1] / (a.heads / a.kv_heads) == group && at.index[2] == dimension;
  };
  EXPECT_EQ(compared(Hook::v, layer, own_v).same, 0);
  EXPECT_EQ(compared(Hook::v, layer, [&](const auto& at) { return !own_v(at); }).different, 0);
  EXPECT_EQ(compared(Hook::z, layer, own_z).same, 0);
  EXPECT_EQ(compared(Hook::z, layer, [&](const auto& at) { return !own_z(at); }).different, 0);
  // What follows: nearly everything; a ReLU hides some, and rounding may swallow a small change.
  for (const Hook hook : {Hook::attn_out, Hook::mlp_pre, Hook::mlp_out, Hook::resid_post}) {
    if (!has_hook(hook, a)) continue;
    const Compared both = compared(hook, layer, everywhere);
    if (a.wiring == Wiring::parallel && (hook == Hook::mlp_pre || hook == Hook::mlp_out)) {
      EXPECT_EQ(both.different, 0) << "the MLP beside attention does not read it";
    } else {
      EXPECT_GT(both.different, both.same) << hook_info(hook).name;
    }
  }
  const Hook end = last_hook(a);
  EXPECT_GT(compared(end, last_layer(a), everywhere).different, 0) << hook_info(end).name;
}

// The row of the last token in the embedding table: what a causal model computed before it stays as it was.
TEST_P(Truth, AChangedEmbeddingChangesNothingBeforeItsToken) {
  const auto model = load_family(GetParam());
  GoldenCase golden = golden_of_family(GetParam()).cases.back();
  const ArchitectureDescription& a = model->architecture;
  const auto last = static_cast<std::int64_t>(golden.ids.size()) - 1;
  if (!a.causal || last < 1) GTEST_SKIP() << "every token reads every other";
  TokenId token = golden.ids.back();
  while (std::count(golden.ids.begin(), golden.ids.end(), token) > 0)
    token = (token + 1) % static_cast<TokenId>(a.vocabulary);
  golden.ids.back() = token;
  auto poisoned = std::make_shared<Model>(*model);
  change(poisoned->embedding, token, 0);
  const auto before = run(model, golden), after = run(poisoned, golden);
  const auto position_of = [](const ValueReference& at) {
    return hook_info(at.hook).axes[0] == Axis::head ? at.index[1] : at.index[0];
  };
  for (const Hook hook :
       {Hook::embed, Hook::q, Hook::v, Hook::pattern, Hook::z, Hook::mlp_out, Hook::resid_post}) {
    if (!has_hook(hook, a)) continue;
    const auto earlier = [&](const ValueReference& at) { return position_of(at) < last; };
    const auto own = [&](const ValueReference& at) { return position_of(at) == last; };
    EXPECT_EQ(compare(*before, *after, hook, a.layers - 1, earlier).different, 0) << hook_info(hook).name;
    EXPECT_GT(compare(*before, *after, hook, a.layers - 1, own).different, 0) << hook_info(hook).name;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Truth, testing::ValuesIn(directories()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace headlight
