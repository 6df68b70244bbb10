// What lights up is what the number was computed from: no cell more, no cell less.
#include "core/analysis/lit_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/backends/backend.h"
#include "core/forward/derived_values.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::shared_ptr<const Trace> tiny_trace() {
  static const std::shared_ptr<const Trace> trace = run_forward(
      tiny_model(), *make_reference_backend(), request_for({40, 7, 130, 7, 255, 99, 12, 61, 8, 200}));
  return trace;
}

const LitRange* range_of(const std::vector<LitRange>& ranges, Hook hook, int step = 1) {
  for (const LitRange& range : ranges) {
    if (range.hook == hook && range.step == step) return &range;
  }
  return nullptr;
}

TEST(LitRanges, OfAScoreAreTheQuerysRowAndTheKeysRow) {
  const ArchitectureDescription& a = tiny_model()->architecture;
  const std::int64_t head = 3, kv_head = head / (a.heads / a.kv_heads);
  const auto ranges = lit_ranges(*tiny_trace(), {Hook::attn_scores, 1, {head, 6, 2}});
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(*range_of(ranges, Hook::rot_q),
            (LitRange{Hook::rot_q, 1, {6, head, 0}, {7, head + 1, a.d_head}}));
  EXPECT_EQ(*range_of(ranges, Hook::rot_k),
            (LitRange{Hook::rot_k, 1, {2, kv_head, 0}, {3, kv_head + 1, a.d_head}}));
}

TEST(LitRanges, OfAWeightAreTheScoresOfItsRowUpToTheDiagonal) {
  const auto ranges = lit_ranges(*tiny_trace(), {Hook::pattern, 2, {1, 6, 2}});
  EXPECT_EQ(*range_of(ranges, Hook::attn_scores), (LitRange{Hook::attn_scores, 2, {1, 6, 0}, {2, 7, 7}}));
  ASSERT_NE(range_of(ranges, Hook::rot_k, 2), nullptr);
  EXPECT_EQ(range_of(ranges, Hook::rot_k, 2)->first[0], 2);
  EXPECT_EQ(range_of(ranges, Hook::rot_q, 2)->first[0], 6);
  EXPECT_EQ(range_of(ranges, Hook::pattern), nullptr) << "the other weights of the row are results, too";
  EXPECT_TRUE(lit_ranges(*tiny_trace(), {Hook::pattern, 2, {1, 2, 6}}).empty()) << "masked";
}

TEST(LitRanges, OfAMixedValueAreTheWeightsRowAndTheValuesColumn) {
  const auto ranges = lit_ranges(*tiny_trace(), {Hook::z, 0, {5, 2, 3}});
  EXPECT_EQ(*range_of(ranges, Hook::pattern), (LitRange{Hook::pattern, 0, {2, 5, 0}, {3, 6, 6}}));
  const LitRange* v = range_of(ranges, Hook::v);
  ASSERT_NE(v, nullptr);
  EXPECT_EQ(v->first[0], 0);
  EXPECT_EQ(v->last[0], 6);
  EXPECT_EQ(v->first[2], 3);
  EXPECT_EQ(v->last[2], 4);
}

TEST(LitRanges, OfATurnedNumberAreTwoCellsAndNotWhatLiesBetween) {
  const auto ranges = lit_ranges(*tiny_trace(), {Hook::rot_q, 0, {5, 2, 1}});
  ASSERT_EQ(ranges.size(), 2U);
  for (const LitRange& range : ranges) {
    EXPECT_EQ(range.hook, Hook::q);
    EXPECT_EQ(range.last[2] - range.first[2], 1);
  }
}

TEST(LitRanges, AreNothingWhereThereIsNoNumber) {
  EXPECT_TRUE(lit_ranges(*tiny_trace(), {Hook::q, 99, {0, 0, 0}}).empty());
  EXPECT_TRUE(lit_ranges(*tiny_trace(), {Hook::embed, 0, {0, 0, 0}}).empty()) << "of weights alone";
}

// In every family: a cell is lit exactly when the card of the value links to it.
TEST(LitRanges, AreTheLinksOfTheCardInEveryFamily) {
  std::mt19937 generator(3);
  for (const std::string& name : family_names()) {
    if (name.ends_with(".gguf")) continue;
    const auto model = load_family(name);
    const GoldenCase golden = golden_of_family(name).cases.back();
    ForwardRequest request;
    request.tokens = golden.ids;
    request.source_tokens = golden.source_ids;
    const auto trace = run_forward(model, *make_cpu_backend(1), request);
    const std::int64_t source = trace->source() ? trace->source()->positions() : 0;
    for (const HookInfo& info : all_hooks()) {
      if (!has_hook(info.hook, model->architecture)) continue;
      const Shape shape = hook_shape(info.hook, model->architecture, trace->positions(), source);
      ValueReference at{info.hook, info.in_block ? model->architecture.layers - 1 : 0, {}};
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        at.index[axis] = std::uniform_int_distribution<std::int64_t>(0, shape[axis] - 1)(generator);
      }
      const auto o = operands_of(*trace, at, 1U << 20U);
      ASSERT_TRUE(o) << name << " " << info.name;
      std::set<std::array<std::int64_t, 7>> linked;
      const auto link = [&](const std::optional<ValueReference>& to) {
        if (!to) return;
        linked.insert({static_cast<std::int64_t>(to->hook), to->layer, to->index[0], to->index[1],
                       to->index[2], to->in_encoder ? 1 : 0, 0});
      };
      for (const Operand& operand : o->operands) {
        link(operand.reference);
        if (o->formula != Formula::softmax) link(operand.factor_reference);
      }
      if (o->norm_scale) link(o->norm_scale->reference);
      std::int64_t lit = 0;
      for (const LitRange& range : lit_ranges(*trace, at)) {
        if (range.step != 1) continue;
        std::int64_t cells = 1;
        for (std::size_t axis = 0; axis < 3; ++axis) cells *= range.last[axis] - range.first[axis];
        lit += cells;
        const std::array<std::int64_t, 7> corner = {static_cast<std::int64_t>(range.hook),
                                                    range.layer,
                                                    range.last[0] - 1,
                                                    range.last[1] - 1,
                                                    range.last[2] - 1,
                                                    range.in_encoder ? 1 : 0,
                                                    0};
        EXPECT_TRUE(linked.contains(corner)) << name << " " << info.name;
      }
      EXPECT_EQ(lit, static_cast<std::int64_t>(linked.size())) << name << " " << info.name;
    }
  }
}

}  // namespace
}  // namespace headlight
