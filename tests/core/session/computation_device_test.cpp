// The worker on a device that gives up, and on one that is chosen while it runs. Also run under
// ThreadSanitizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <span>
#include <thread>

#include "core/backends/backend.h"
#include "core/backends/cuda/device_backend.h"
#include "core/session/computation.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/compare.h"
#include "tests/core/session/document_with.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

// All that the views need of a text, from the CPU.
Result expected_result(const std::string& text) {
  Computation computation("cpu", 1, [] {});
  computation.open_model(golden_path("tiny_llama_q.gguf"));
  computation.wait_idle();
  computation.request(document_with(text));
  computation.wait_idle();
  return computation.result();
}

void expect_same_numbers(const Result& actual, const Result& expected) {
  ASSERT_TRUE(actual.trace && actual.trace->complete() && actual.next && actual.wall);
  EXPECT_EQ(actual.trace->tokens(), expected.trace->tokens());
  for (const Hook hook : {Hook::pattern, Hook::resid_post, Hook::logits}) {
    EXPECT_TRUE(all_close(actual.trace->at(hook), expected.trace->at(hook), 1e-4, 1e-4))
        << hook_name(hook, 0);
  }
  EXPECT_EQ(actual.next->ranked.front().id, expected.next->ranked.front().id);
}

TEST(ComputationDevice, GivesUpAndTheCpuGoesOnWithTheSameText) {
  const Result expected = expected_result("hello world, again");
  for (const DeviceStatus failure : {HostDeviceLog::out_of_memory, HostDeviceLog::lost}) {
    for (const std::int64_t later : {0, 7, 40}) {
      HostDeviceLog log;
      log.failure = failure;
      log.for_good = true;
      {
        auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
        Computation computation(make_device_backend(std::move(memory), make_cpu_backend(1)), 1, [] {});
        EXPECT_EQ(computation.device_name(), "CUDA");
        computation.open_model(golden_path("tiny_llama_q.gguf"));
        computation.wait_idle();
        computation.request(document_with("hello"));
        computation.wait_idle();
        EXPECT_TRUE(computation.take_notice().empty());
        log.fail_at = log.calls + later;
        computation.request(document_with("hello world, again"));
        computation.wait_idle();
        EXPECT_TRUE(computation.error().empty()) << computation.error().en;
        expect_same_numbers(computation.result(), expected);
        const Bilingual notice = computation.take_notice();
        EXPECT_EQ(computation.device_name(), "CPU") << later;
        EXPECT_NE(notice.en.find("The CPU goes on"), std::string::npos) << notice.en;
        EXPECT_NE(notice.ko.find("CPU로 계산"), std::string::npos) << notice.ko;
        EXPECT_TRUE(computation.take_notice().empty());
      }
      EXPECT_EQ(log.used, 0);
      EXPECT_EQ(log.strangers, 0);
    }
  }
}

TEST(ComputationDevice, SaysHowMuchOfAModelLiesOnIt) {
  HostDeviceLog log;
  log.memory = std::size_t{64} << 20;
  const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
  std::shared_ptr<void> others;  // that have the rest of the device
  const auto share_with = [&](std::size_t free) {
    others = memory->allocate(log.memory / 8 * 7 - free, "a test");
    Computation computation(make_device_backend(memory, make_cpu_backend(1)), 1, [] {});
    computation.open_model(golden_path("tiny_llama_q.gguf"));
    computation.wait_idle();
    computation.request(document_with("hello world"));
    computation.wait_idle();
    return computation.result().share_of_weights;
  };
  const double none = share_with(0);
  others.reset();
  const double some = share_with(40'000);
  others.reset();
  const double all = share_with(log.memory / 4);
  EXPECT_EQ(none, 0.0);
  EXPECT_GT(some, 0.1);
  EXPECT_LT(some, 0.9);
  EXPECT_EQ(all, 1.0);
}

// Rows come to the host for a view while the worker writes the next ones behind them.
TEST(ComputationDevice, ViewsReadWhileATextGrows) {
  HostDeviceLog log;
  auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
  Computation computation(make_device_backend(std::move(memory), make_cpu_backend(1)), 1, [] {});
  computation.open_model(golden_path("tiny_llama_q.gguf"));
  computation.wait_idle();
  std::atomic<bool> typing{true};
  std::int64_t not_finite = 0, read = 0;
  std::thread view([&] {
    while (typing) {
      const Result shown = computation.result();
      if (!shown.trace || !shown.trace->complete()) continue;
      const std::int64_t last = shown.trace->positions() - 1;
      for (const std::span<const float> values :
           {shown.trace->row(Hook::logits, 0, last), shown.trace->row(Hook::resid_post, 1, last / 2),
            shown.trace->map_row(Hook::pattern, 1, 0, last)}) {
        not_finite += std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
      }
      ++read;
    }
  });
  std::string text = "hello";
  for (const char letter : std::string(" world, again and again and once more")) {
    text += letter;
    computation.request(document_with(text));
    if (text.size() % 4 == 0) computation.wait_idle();
  }
  computation.wait_idle();
  typing = false;
  view.join();
  EXPECT_EQ(not_finite, 0);
  EXPECT_GT(read, 0);
  expect_same_numbers(computation.result(), expected_result(text));
}

TEST(ComputationDevice, AnotherDeviceKeepsTheText) {
  const Result expected = expected_result("hello world");
  HostDeviceLog log;
  auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
  Computation computation(make_device_backend(std::move(memory), make_cpu_backend(1)), 1, [] {});
  computation.open_model(golden_path("tiny_llama_q.gguf"));
  computation.wait_idle();
  computation.request(document_with("hello world"));
  computation.wait_idle();
  expect_same_numbers(computation.result(), expected);
  computation.use_device("reference");
  computation.wait_idle();
  EXPECT_EQ(computation.device_name(), "reference");
  expect_same_numbers(computation.result(), expected);
  computation.use_device("abacus");
  computation.wait_idle();
  EXPECT_NE(computation.error().en.find("abacus"), std::string::npos) << computation.error().en;
  EXPECT_EQ(computation.device_name(), "reference");
  expect_same_numbers(computation.result(), expected);
}

}  // namespace
}  // namespace headlight
