// The worker: newest wins, a grace period, errors stay inside. Also run under ThreadSanitizer.
#include "core/session/latest_wins.h"

#include <gtest/gtest.h>

#include <atomic>

namespace headlight {
namespace {

using namespace std::chrono_literals;
using Worker = LatestWins<int>;

TEST(LatestWins, TheNewestRequestIsAlwaysRun) {
  std::atomic<int> last{0};
  std::atomic<int> runs{0};
  Worker worker(
      [&](int request, const Worker::Cancelled&) {
        last = request;
        ++runs;
      },
      [](const Bilingual&) {}, 0ms);
  for (int i = 1; i <= 1000; ++i) worker.submit(i);
  worker.wait_idle();
  EXPECT_EQ(last, 1000);
  EXPECT_LE(runs, 1000);
  EXPECT_FALSE(worker.busy());
}

// Waits until the worker says so, or one minute: never a matter of the machine's speed.
bool eventually(const std::atomic<bool>& condition) {
  for (int i = 0; i < 60000 && !condition; ++i) std::this_thread::sleep_for(1ms);
  return condition;
}

TEST(LatestWins, AnOvertakenJobIsCancelledAfterTheGrace) {
  std::atomic<bool> started{false};
  std::atomic<bool> was_cancelled{false};
  std::atomic<int> done{0};
  Worker worker(
      [&](int request, const Worker::Cancelled& cancelled) {
        if (request == 2) {
          done = request;
          return;
        }
        started = true;
        EXPECT_FALSE(cancelled());  // nothing newer yet
        while (!cancelled()) std::this_thread::sleep_for(1ms);
        was_cancelled = true;
      },
      [](const Bilingual&) {}, 20ms);
  worker.submit(1);
  ASSERT_TRUE(eventually(started));
  const auto overtaken = std::chrono::steady_clock::now();
  worker.submit(2);
  worker.wait_idle();
  EXPECT_TRUE(was_cancelled);
  EXPECT_EQ(done, 2);
  EXPECT_GE(std::chrono::steady_clock::now() - overtaken, 20ms);
}

TEST(LatestWins, AJobThatEndsWithinTheGraceIsNotCancelled) {
  std::atomic<bool> started{false};
  std::atomic<bool> let_go{false};
  std::atomic<bool> saw_cancel{false};
  Worker worker(
      [&](int request, const Worker::Cancelled& cancelled) {
        if (request == 2) return;
        started = true;
        while (!let_go) std::this_thread::sleep_for(1ms);
        saw_cancel = cancelled();
      },
      [](const Bilingual&) {}, 10min);
  worker.submit(1);
  ASSERT_TRUE(eventually(started));
  worker.submit(2);
  let_go = true;
  worker.wait_idle();
  EXPECT_FALSE(saw_cancel);
}

TEST(LatestWins, ErrorsAreTextAndTheWorkerGoesOn) {
  std::mutex mutex;
  std::vector<std::string> errors;
  std::atomic<int> done{0};
  Worker worker(
      [&](int request, const Worker::Cancelled&) {
        if (request == 1) throw std::runtime_error("found x");
        if (request == 2) throw 5;
        done = request;
      },
      [&](const Bilingual& words) {
        const std::lock_guard lock(mutex);
        errors.push_back(words.en);
      },
      0ms);
  for (const int request : {1, 2, 3}) {
    worker.submit(request);
    worker.wait_idle();
  }
  EXPECT_EQ(errors, (std::vector<std::string>{"found x", "an unknown error"}));
  EXPECT_EQ(done, 3);
}

TEST(LatestWins, DestructionCancelsWhatRuns) {
  std::atomic<bool> started{false};
  {
    Worker worker(
        [&](int, const Worker::Cancelled& cancelled) {
          started = true;
          while (!cancelled()) std::this_thread::sleep_for(1ms);
        },
        [](const Bilingual&) {}, 10min);
    worker.submit(1);
    ASSERT_TRUE(eventually(started));
  }
  SUCCEED();
}

}  // namespace
}  // namespace headlight
