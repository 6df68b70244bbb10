// What must hold for every model, whatever its weights are. Exact unless a tolerance says why not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

const std::vector<TokenId> tokens = {40, 7, 130, 7, 255, 99, 12};

std::shared_ptr<const Trace> run(const ForwardRequest& request) {
  const auto backend = make_reference_backend();
  return run_forward(tiny_model(), *backend, request);
}

bool bit_equal(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.size() > 0 &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

// Every place of a pass, in the order of computation.
std::vector<HookPlace> places_in_order(std::int64_t layers) {
  std::vector<HookPlace> places;
  std::vector<HookInfo> made;
  std::ranges::copy_if(all_hooks(), std::back_inserter(made),
                       [](const HookInfo& info) { return has_hook(info.hook, tiny_model()->architecture); });
  for (const HookInfo& info : made) {
    if (!info.in_block && info.hook < Hook::resid_pre) places.push_back({info.hook, 0});
  }
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    for (const HookInfo& info : made) {
      if (info.in_block) places.push_back({info.hook, layer});
    }
  }
  for (const HookInfo& info : made) {
    if (!info.in_block && info.hook > Hook::resid_post) places.push_back({info.hook, 0});
  }
  return places;
}

TEST(Identities, TheStreamIsTheSumOfWhatIsAddedToIt) {
  const auto trace = run(request_for(tokens));
  const auto backend = make_reference_backend();
  for (std::int64_t layer = 0; layer < tiny_model()->architecture.layers; ++layer) {
    const Tensor mid = backend->add(trace->at(Hook::resid_pre, layer), trace->at(Hook::attn_out, layer));
    EXPECT_TRUE(bit_equal(mid, trace->at(Hook::resid_mid, layer))) << layer;
    const Tensor post = backend->add(trace->at(Hook::resid_mid, layer), trace->at(Hook::mlp_out, layer));
    EXPECT_TRUE(bit_equal(post, trace->at(Hook::resid_post, layer))) << layer;
  }
  EXPECT_TRUE(bit_equal(trace->at(Hook::embed), trace->at(Hook::resid_pre, 0)));
}

TEST(Identities, RowsOfAPatternSumToOneAndLookOnlyBack) {
  const auto trace = run(request_for(tokens));
  const auto count = static_cast<std::int64_t>(tokens.size());
  for (std::int64_t layer = 0; layer < tiny_model()->architecture.layers; ++layer) {
    const Tensor pattern = trace->at(Hook::pattern, layer);
    const Tensor scores = trace->at(Hook::attn_scores, layer);
    for (std::int64_t row = 0; row < pattern.axis(0) * count; ++row) {
      const std::int64_t query = row % count;
      double sum = 0.0;
      for (std::int64_t key = 0; key < count; ++key) {
        const float weight = pattern.data()[row * count + key];
        sum += static_cast<double>(weight);
        if (key > query) {
          EXPECT_EQ(weight, 0.0F);
          EXPECT_EQ(scores.data()[row * count + key], -INFINITY);
        }
      }
      EXPECT_NEAR(sum, 1.0, 1e-6);  // each of at most 7 weights is rounded to float32
    }
  }
}

TEST(Identities, HeadsAddUpToTheAttentionOutput) {
  const auto trace = run(request_for(tokens));
  const auto backend = make_reference_backend();
  const ArchitectureDescription& a = tiny_model()->architecture;
  const Tensor z = trace->at(Hook::z, 1);
  std::vector<double> sum(static_cast<std::size_t>(z.axis(0) * a.d_model), 0.0);
  for (std::int64_t head = 0; head < a.heads; ++head) {
    Tensor alone = z.copy();
    for (std::int64_t i = 0; i < alone.size(); ++i) {
      if ((i / a.d_head) % a.heads != head) alone.writable()[i] = 0.0F;
    }
    const Tensor part = backend->linear(alone.reshaped({z.axis(0), a.heads * a.d_head}),
                                        tiny_model()->blocks[1].attention.w_o);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(part.data()[i]);
  }
  const Tensor whole = trace->at(Hook::attn_out, 1);
  for (std::size_t i = 0; i < sum.size(); ++i) {
    // One float32 rounding a head.
    EXPECT_NEAR(sum[i], static_cast<double>(whole.data()[i]), 1e-5 * std::max(1.0, std::fabs(sum[i])));
  }
}

TEST(Identities, ALaterTokenCannotChangeEarlierLogits) {
  const auto before = run(request_for(tokens));
  std::vector<TokenId> changed = tokens;
  changed.back() = 200;
  const auto after = run(request_for(changed));
  const std::int64_t last = before->positions() - 1;
  EXPECT_TRUE(bit_equal(before->at(Hook::logits).rows(0, last), after->at(Hook::logits).rows(0, last)));
  EXPECT_FALSE(
      bit_equal(before->at(Hook::logits).rows(last, last + 1), after->at(Hook::logits).rows(last, last + 1)));
}

// Writes down what comes to the door.
class Recorder : public Door {
 public:
  Tensor pass(Hook hook, std::int64_t layer, Tensor value) override {
    visited.push_back({hook, layer});
    EXPECT_EQ(value.shape(),
              hook_shape(hook, tiny_model()->architecture, static_cast<std::int64_t>(tokens.size())))
        << hook_name(hook, layer);
    return value;
  }
  MapsNeeded maps_needed(std::int64_t) const override { return MapsNeeded::scores_and_pattern; }
  std::vector<HookPlace> visited;
};

TEST(Identities, EveryHookIsVisitedOnceInTheOrderOfTheTable) {
  Recorder recorder;
  const auto backend = make_reference_backend();
  forward_pass(*tiny_model(), *backend, tokens, recorder);
  EXPECT_EQ(recorder.visited, places_in_order(tiny_model()->architecture.layers));
}

TEST(Identities, AnEditThatChangesNothingLeavesEveryBit) {
  const auto clean = run(request_for(tokens));
  for (const HookPlace& place : places_in_order(tiny_model()->architecture.layers)) {
    const auto same = run(request_for(tokens, {{place.hook, place.layer, {}, {}, Scale{1.0F}}}));
    EXPECT_TRUE(bit_equal(clean->at(Hook::logits), same->at(Hook::logits)))
        << hook_name(place.hook, place.layer);
    const auto copied = run(request_for(tokens, {{place.hook, place.layer, {}, {}, CopyFrom{clean}}}));
    EXPECT_TRUE(bit_equal(clean->at(Hook::logits), copied->at(Hook::logits)))
        << hook_name(place.hook, place.layer);
  }
}

TEST(Identities, AnEditAtEveryHookChangesTheOutputAndNothingBefore) {
  const auto clean = run(request_for(tokens));
  const auto places = places_in_order(tiny_model()->architecture.layers);
  for (std::size_t edited = 0; edited < places.size(); ++edited) {
    const auto changed =
        run(request_for(tokens, {{places[edited].hook, places[edited].layer, {}, {}, Scale{1.5F}}}));
    const std::string name = hook_name(places[edited].hook, places[edited].layer);
    EXPECT_FALSE(bit_equal(clean->at(Hook::logits), changed->at(Hook::logits))) << name;
    for (std::size_t before = 0; before < edited; ++before) {
      EXPECT_TRUE(bit_equal(clean->at(places[before].hook, places[before].layer),
                            changed->at(places[before].hook, places[before].layer)))
          << name << " changed " << hook_name(places[before].hook, places[before].layer);
    }
  }
}

TEST(Identities, PatchingAWholeLayerRestoresTheCleanRun) {
  const auto clean = run(request_for(tokens));
  const std::vector<TokenId> other = {1, 2, 3, 4, 5, 6, 8};
  for (std::int64_t layer = 0; layer < tiny_model()->architecture.layers; ++layer) {
    const auto patched = run(request_for(other, {{Hook::resid_post, layer, {}, {}, CopyFrom{clean}}}));
    EXPECT_TRUE(bit_equal(clean->at(Hook::logits), patched->at(Hook::logits))) << layer;
  }
}

TEST(Identities, RemovingOneHeadIsSubtractingWhatItWrites) {
  const auto removed = run(request_for(tokens, {{Hook::z, 2, 3, {}, Scale{0.0F}}}));
  const Tensor z = removed->at(Hook::z, 2);
  const ArchitectureDescription& a = tiny_model()->architecture;
  for (std::int64_t i = 0; i < z.size(); ++i) {
    const bool is_removed = (i / a.d_head) % a.heads == 3;
    EXPECT_EQ(z.data()[i] == 0.0F, is_removed);
  }
}

TEST(Identities, ReusedPrefixesGiveTheSameBits) {
  ForwardRequest longer = request_for(tokens);
  longer.previous = run(request_for({40, 7, 130, 7, 11, 12, 13, 14, 15}));
  const auto full = run(request_for(tokens));
  const auto reused = run(longer);
  EXPECT_EQ(reused->reused_positions, 4);
  for (const HookPlace& place : places_in_order(tiny_model()->architecture.layers)) {
    EXPECT_TRUE(bit_equal(full->at(place.hook, place.layer), reused->at(place.hook, place.layer)))
        << hook_name(place.hook, place.layer);
  }
  // The same text again: only the last position is computed.
  ForwardRequest again = request_for(tokens);
  again.previous = full;
  EXPECT_EQ(run(again)->reused_positions, static_cast<std::int64_t>(tokens.size()) - 1);
}

TEST(Identities, NothingIsReusedAcrossAnEdit) {
  ForwardRequest edited = request_for(tokens, {{Hook::z, 0, {}, {0}, Scale{0.0F}}});
  edited.previous = run(request_for(tokens));
  EXPECT_EQ(run(edited)->reused_positions, 0);
  ForwardRequest after = request_for(tokens);
  after.previous = run(edited);
  EXPECT_EQ(run(after)->reused_positions, 0);
}

TEST(Identities, MapsThatWereNotKeptAreDerived) {
  ForwardRequest lean = request_for(tokens);
  lean.capture = {.attention_maps = false};
  const auto without = run(lean);
  const auto with = run(request_for(tokens));
  EXPECT_FALSE(without->has(Hook::pattern, 0));
  for (std::int64_t head = 0; head < tiny_model()->architecture.heads; ++head) {
    const Tensor derived = head_pattern(*without, 1, head);
    const Tensor kept = head_pattern(*with, 1, head);
    for (std::int64_t i = 0; i < kept.size(); ++i) {
      // attend() sums in another order: one float32 rounding of values up to 1, twice.
      EXPECT_NEAR(derived.data()[i], kept.data()[i], 1e-6);
    }
  }
}

TEST(Identities, EveryFieldOfTheDescriptionMatters) {
  const auto clean = run(request_for(tokens));
  const auto changed_by = [&](const std::function<void(ArchitectureDescription&)>& change) {
    auto model = std::make_shared<Model>(*tiny_model());
    change(model->architecture);
    const auto backend = make_reference_backend();
    return !bit_equal(run_forward(model, *backend, request_for(tokens))->at(Hook::logits),
                      clean->at(Hook::logits));
  };
  EXPECT_TRUE(changed_by([](ArchitectureDescription& a) { a.layers -= 1; }));
  EXPECT_TRUE(changed_by([](ArchitectureDescription& a) { a.norm_epsilon *= 100; }));
  EXPECT_TRUE(changed_by([](ArchitectureDescription& a) { a.rotary.base *= 10; }));
  EXPECT_TRUE(changed_by([](ArchitectureDescription& a) { a.rotary.dimensions /= 2; }));
  EXPECT_TRUE(changed_by([](ArchitectureDescription& a) { a.attention_scale *= 2; }));
  EXPECT_FALSE(
      changed_by([](ArchitectureDescription& a) { a.context += 1; }));  // a limit, not a part of the sum
}

}  // namespace
}  // namespace headlight
