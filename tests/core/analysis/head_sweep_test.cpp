// What each head is worth, against transformers with the same numbers set to 0 (head_sweep.json), on every
// backend.
#include "core/analysis/head_sweep.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/analysis/distribution.h"
#include "core/backends/cuda/device_backend.h"
#include "core/base/errors.h"
#include "tests/core/analysis/lens_golden.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

nlohmann::json sweep_golden() {
  std::ifstream file(golden_path("head_sweep.json"));
  return nlohmann::json::parse(file).at("cases");
}

// Each number is made of four logits of float32 passes. Two float32 programs differ by 6e-6 nats at most
// here; what a head loses is 3e-4 and more, of most heads a hundred times that.
constexpr double allowed = 2e-5;

void expect_golden(const nlohmann::json& golden, const Trace& trace, Backend& backend) {
  const std::string model = golden.at("model");
  const std::int64_t position = golden.at("position");
  const TokenId target = likeliest_token(trace, position);
  EXPECT_EQ(target, golden.at("target").get<TokenId>()) << model;
  const HeadSweep sweep = head_sweep(trace, backend, {position, target, {}});
  EXPECT_NEAR(sweep.measure, golden.at("log_probability").get<double>(), allowed) << model;
  ASSERT_EQ(static_cast<std::size_t>(sweep.layers), golden.at("lost").size());
  double worst = 0.0;
  for (std::int64_t layer = 0; layer < sweep.layers; ++layer) {
    const auto l = static_cast<std::size_t>(layer);
    ASSERT_EQ(static_cast<std::size_t>(sweep.heads), golden.at("lost")[l].size());
    for (std::int64_t head = 0; head < sweep.heads; ++head) {
      const auto h = static_cast<std::size_t>(head);
      const double lost = golden.at("lost")[l][h], kl = golden.at("kl")[l][h];
      EXPECT_NEAR(sweep.of(layer, head).lost, lost, allowed) << model << " L" << layer << " H" << head;
      EXPECT_NEAR(sweep.of(layer, head).divergence, kl, allowed) << model << " L" << layer << " H" << head;
      worst = std::max({worst, std::abs(sweep.of(layer, head).lost - lost),
                        std::abs(sweep.of(layer, head).divergence - kl)});
    }
  }
  fmt::print("{} {}: {} heads, worst {:.1g} of {:.1g} nats\n", backend.name(), model, sweep.effects.size(),
             worst, allowed);
}

TEST(HeadSweep, AgreesWithTransformers) {
  const nlohmann::json cases = sweep_golden();
  EXPECT_EQ(cases.size(), 8U);
  for (const nlohmann::json& golden : cases) {
    const auto trace = trace_of_golden(golden);
    if (trace) expect_golden(golden, *trace, *make_cpu_backend(2));
  }
}

TEST(HeadSweep, OnADeviceToo) {
  for (const nlohmann::json& golden : sweep_golden()) {
    if (golden.at("model") == "smollm2") continue;  // minutes on a stand-in
    HostDeviceLog log;
    const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
    const auto backend = make_device_backend(memory, make_cpu_backend(1));
    ForwardRequest request;
    request.tokens = golden.at("ids").get<std::vector<TokenId>>();
    const auto trace = run_forward(load_family(golden.at("model")), *backend, request);
    expect_golden(golden, *trace, *backend);
    // What comes back: the stream before each block, the trace's logits, and one row of them from each run.
    const ArchitectureDescription& a = trace->model().architecture;
    const std::int64_t streams = a.layers * trace->positions() * a.d_model,
                       rows = trace->positions() + a.layers * a.heads;
    EXPECT_EQ(log.fetched, (streams + rows * a.vocabulary) * std::int64_t{sizeof(float)});
  }
}

TEST(HeadSweep, ProgressRisesToAllAndMayStop) {
  const auto backend = make_cpu_backend(1);
  const auto trace = run_forward(tiny_model(), *backend, request_for({1, 2, 3}));
  std::vector<float> shares;
  head_sweep(*trace, *backend, {2, 7, {}}, {}, [&](float share) { shares.push_back(share); });
  EXPECT_TRUE(std::ranges::is_sorted(shares));
  EXPECT_EQ(shares.front(), 0.0F);
  EXPECT_EQ(shares.back(), 1.0F);
  struct Stop {};
  EXPECT_THROW(head_sweep(*trace, *backend, {2, 7, {}}, {}, [](float) { throw Stop(); }), Stop);
  EXPECT_THROW(head_sweep(*trace, *backend, {2, 1 << 20, {}}), std::logic_error);
  EXPECT_THROW(head_sweep(*trace, *backend, {2, 7, -1}), std::logic_error);
}

// Before, in and behind the block of a head.
TEST(HeadSweep, WhatIsChangedAlreadyStaysChanged) {
  const auto backend = make_cpu_backend(1);
  const Edits changes = {{Hook::embed, 0, {}, {1}, Scale{2.0F}},
                         {Hook::z, 1, 0, {}, Scale{0.5F}},
                         {Hook::mlp_out, 0, {}, {2}, Scale{0.0F}},
                         {Hook::resid_post, 2, {}, {}, Scale{1.5F}}};
  const auto trace = run_forward(tiny_model(), *backend, request_for({5, 17, 3}, changes));
  const HeadSweep sweep = head_sweep(*trace, *backend, {2, 7, {}}, changes);
  const auto log_p = [](const Trace& one) {
    const Distribution all = distribution(one.row(Hook::logits, 0, 2), {});
    return static_cast<double>(one.row(Hook::logits, 0, 2)[7]) - all.log_sum_exp;
  };
  for (std::int64_t layer = 0; layer < 3; ++layer) {
    for (std::int64_t head = 0; head < 4; ++head) {
      Edits all = changes;
      all.push_back({Hook::z, layer, head, {}, Scale{0.0F}});
      const auto without = run_forward(tiny_model(), *backend, request_for({5, 17, 3}, all));
      EXPECT_NEAR(sweep.of(layer, head).lost, log_p(*trace) - log_p(*without), 1e-5)
          << "L" << layer << " H" << head;
    }
  }
  EXPECT_THROW(head_sweep(*trace, *backend, {2, 7, {}}, {{Hook::logits, 0, {}, {}, Scale{2.0F}}}), UserError);
}

TEST(HeadSweep, ADistractorTakesItsOwnLossOff) {
  const auto backend = make_cpu_backend(1);
  const auto trace = run_forward(tiny_model(), *backend, request_for({5, 17, 3}));
  const HeadSweep target = head_sweep(*trace, *backend, {2, 7, {}}),
                  distractor = head_sweep(*trace, *backend, {2, 9, {}}),
                  both = head_sweep(*trace, *backend, {2, 7, 9});
  const std::span<const float> logits = trace->row(Hook::logits, 0, 2);
  EXPECT_NEAR(both.measure, static_cast<double>(logits[7] - logits[9]), 1e-6);  // float32's rounding
  for (std::size_t head = 0; head < both.effects.size(); ++head) {
    EXPECT_NEAR(both.effects[head].lost, target.effects[head].lost - distractor.effects[head].lost, 1e-12);
    EXPECT_EQ(both.effects[head].divergence, target.effects[head].divergence);
  }
}

}  // namespace
}  // namespace headlight
