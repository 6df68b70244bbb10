// Every model family against what transformers computes for random small models of it: all hidden states, all
// attention maps, all outputs, from both forms of file.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/backends/cuda/device_backend.h"
#include "core/backends/cuda/plugin.h"
#include "core/forward/forward_pass.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/golden/family_models.h"

namespace headlight {
namespace {

// transformers' own float32 and float64 differ by up to 1e-6 of a tensor's largest value on most of these
// models (float32_against_float64 in the files), and two float32 programs that sum in different orders by a
// few times that. The values are of the order of 1 to 10, so this is below 1e-4 everywhere.
Tolerance family_tolerance(Hook) { return {.absolute = 1e-6, .relative = 1e-5}; }

Agreement run_case(const std::shared_ptr<const Model>& model, Backend& backend, const GoldenCase& golden) {
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  return hold_against(*run_forward(model, backend, request), golden, family_tolerance);
}

class Families : public testing::TestWithParam<std::string> {};

void expect_all_cases(const std::string& name, Backend& backend) {
  const GoldenFile golden = golden_of_family(name);
  const std::shared_ptr<const Model> model = load_family(name);
  ASSERT_FALSE(golden.cases.empty());
  for (const GoldenCase& one : golden.cases) {
    const Agreement agreement = run_case(model, backend, one);
    EXPECT_TRUE(agreement.passed()) << name << " " << one.name << ": " << agreement.failure;
    fmt::print("{} {} {}: {} values, worst {:.0f} % of what is allowed, {}\n", backend.name(), name, one.name,
               agreement.compared, 100.0 * agreement.worst_share, agreement.worst_place);
  }
}

TEST_P(Families, ReferenceBackend) { expect_all_cases(GetParam(), *make_reference_backend()); }
TEST_P(Families, CpuBackend) { expect_all_cases(GetParam(), *make_cpu_backend(2)); }
TEST_P(Families, DeviceBackendOnTheHost) {
  HostDeviceLog log;
  const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
  expect_all_cases(GetParam(), *make_device_backend(memory, make_cpu_backend(1)));
}

TEST(Cuda, EveryFamilyAgrees) {
  if (!cuda_device().memory) GTEST_SKIP() << cuda_device().reason.en;
  const auto backend = make_device_backend(cuda_device().memory, make_cpu_backend(1));
  for (const std::string& name : family_names()) expect_all_cases(name, *backend);
}

// Without attention maps the pass takes another way through attention: the same outputs.
TEST_P(Families, WithoutAttentionMaps) {
  const GoldenFile golden = golden_of_family(GetParam());
  const std::shared_ptr<const Model> model = load_family(GetParam());
  const auto backend = make_cpu_backend(2);
  for (GoldenCase one : golden.cases) {
    ForwardRequest request;
    request.capture.attention_scores = true;
    request.tokens = one.ids;
    request.source_tokens = one.source_ids;
    request.capture.attention_maps = false;
    std::erase_if(one.hooks, [](const GoldenHook& hook) { return is_attention_map(hook.first.hook); });
    const Agreement agreement = hold_against(*run_forward(model, *backend, request), one, family_tolerance);
    EXPECT_TRUE(agreement.passed()) << one.name << ": " << agreement.failure;
  }
}

// Every place of the model and its encoder, as the description says.
std::vector<HookPlace> places_of(const Model& model) {
  std::vector<HookPlace> places;
  const auto add = [&](const ArchitectureDescription& a, bool in_encoder) {
    for (const HookInfo& info : all_hooks()) {
      if (!has_hook(info.hook, a)) continue;
      for (std::int64_t layer = 0; layer < (info.in_block ? a.layers : 1); ++layer) {
        places.push_back({info.hook, layer, in_encoder});
      }
    }
  };
  if (model.encoder) add(model.encoder->architecture, true);
  add(model.architecture, false);
  return places;
}

Tensor last_value(const Trace& trace) {
  const ArchitectureDescription& a = trace.model().architecture;
  return trace.at(last_hook(a), last_layer(a));
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.values(), b.values());
}

// What the window keeps: patterns without the scores that they were made of, in one operation. The same bits.
TEST_P(Families, WithoutScores) {
  const GoldenFile golden = golden_of_family(GetParam());
  const std::shared_ptr<const Model> model = load_family(GetParam());
  const auto backend = make_cpu_backend(2);
  const GoldenCase& one = golden.cases.back();
  ForwardRequest request;
  request.tokens = one.ids;
  request.source_tokens = one.source_ids;
  const auto window = run_forward(model, *backend, request);
  request.capture.attention_scores = true;
  const auto everything = run_forward(model, *backend, request);
  EXPECT_FALSE(window->has(Hook::attn_scores));
  for (const Hook hook : {Hook::pattern, Hook::z, Hook::cross_pattern, Hook::cross_z, Hook::resid_post}) {
    if (!has_hook(hook, model->architecture)) continue;
    EXPECT_TRUE(same_bits(window->at(hook), everything->at(hook))) << hook_name(hook, 0);
  }
  EXPECT_TRUE(same_bits(last_value(*window), last_value(*everything)));
}

// The description says which values there are, and each of them is on the way to the output: times 1 changes
// no bit of it, times -1.25 does (a norm would not see 1.25).
TEST_P(Families, EveryHookIsThereAndMatters) {
  const GoldenFile golden = golden_of_family(GetParam());
  const std::shared_ptr<const Model> model = load_family(GetParam());
  const auto backend = make_cpu_backend(2);
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.cases.front().ids;
  request.source_tokens = golden.cases.front().source_ids;
  const auto clean = run_forward(model, *backend, request);
  for (const HookInfo& info : all_hooks()) {
    EXPECT_EQ(clean->has(info.hook), has_hook(info.hook, model->architecture)) << info.name;
  }
  int changed = 0;
  for (const HookPlace& place : places_of(*model)) {
    const auto edited = [&](float factor) {
      request.interventions = {{place.hook, place.layer, {}, {}, Scale{factor}, place.in_encoder}};
      return run_forward(model, *backend, request);
    };
    const std::string name = hook_name(place.hook, place.layer);
    EXPECT_TRUE(same_bits(last_value(*edited(1.0F)), last_value(*clean))) << name;
    EXPECT_FALSE(same_bits(last_value(*edited(-1.25F)), last_value(*clean))) << name;
    ++changed;
  }
  EXPECT_GT(changed, 30);
}

// A text that grows token by token gives what a fresh run gives.
TEST_P(Families, GrowingTextsAgreeWithAFreshRun) {
  const GoldenFile golden = golden_of_family(GetParam());
  const std::shared_ptr<const Model> model = load_family(GetParam());
  const auto backend = make_cpu_backend(2);
  const GoldenCase& one = golden.cases.back();
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.source_tokens = one.source_ids;
  std::shared_ptr<const Trace> trace;
  for (std::size_t length = one.ids.size() - 3; length <= one.ids.size(); ++length) {
    request.tokens.assign(one.ids.begin(), one.ids.begin() + static_cast<std::ptrdiff_t>(length));
    request.previous = trace;
    trace = run_forward(model, *backend, request);
  }
  const Agreement agreement = hold_against(*trace, one, family_tolerance);
  EXPECT_TRUE(agreement.passed()) << agreement.failure;
  if (!model->architecture.causal) {
    EXPECT_EQ(trace->reused_positions, 0);
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, Families, testing::ValuesIn(family_names()), test_name);

}  // namespace
}  // namespace headlight
