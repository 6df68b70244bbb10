// Values made in the background: the newest key wins, failures and cancelling are seen.
#include "core/session/background.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace headlight {
namespace {

using namespace std::chrono_literals;

template <class Job>
void wait_for(const Job& job) {
  for (int i = 0; i < 2000 && job.pending(); ++i) std::this_thread::sleep_for(1ms);
  ASSERT_FALSE(job.pending()) << "nothing came in two seconds";
}

TEST(Background, MakesTheValueOfTheNewestKey) {
  Background<int, int> square([](const int& key, const Progress&) { return key * key; });
  EXPECT_EQ(square.done(), nullptr);
  EXPECT_FALSE(square.pending());
  for (int key = 1; key <= 50; ++key) square.want(key);
  wait_for(square);
  EXPECT_EQ(square.done()->key, 50);
  EXPECT_EQ(*square.done()->value, 2500);
}

TEST(Background, MakesAKeyOnce) {
  std::atomic<int> made{0};
  Background<int, int> job([&](const int&, const Progress&) { return ++made; });
  job.want(7);
  wait_for(job);
  job.want(7);
  wait_for(job);
  EXPECT_EQ(made, 1);
  job.again();
  job.want(7);
  for (int i = 0; i < 2000 && made < 2; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(made, 2);
}

TEST(Background, SaysWhyThereIsNoValue) {
  Background<int, int> job([](const int&, const Progress&) -> int { throw std::runtime_error("no room"); });
  job.want(1);
  wait_for(job);
  EXPECT_EQ(job.done()->value, nullptr);
  EXPECT_EQ(job.done()->error.en, "no room");
}

TEST(Background, StopsWhenNobodyWatchesAndIsMadeWhenItIsWantedAgain) {
  std::atomic<int> stopped{0};
  std::atomic<bool> patient{true};
  Background<int, int> job(
      [&](const int& key, const Progress& progress) {
        try {
          while (patient) {
            progress.report(0.5F);
            std::this_thread::sleep_for(1ms);
          }
        } catch (const Progress::Cancelled&) {
          ++stopped;
          throw;
        }
        return key;
      },
      100ms, 50ms);
  for (int i = 0; i < 100; ++i) {  // watched for longer than that
    job.want(3);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(stopped, 0);
  EXPECT_TRUE(job.pending());
  for (int i = 0; i < 2000 && stopped == 0; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(stopped, 1);
  for (int i = 0; i < 2000 && job.pending(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(job.pending());
  patient = false;
  job.want(3);
  wait_for(job);
  EXPECT_EQ(*job.done()->value, 3);
}

TEST(Background, StopsWhenItIsCalledOff) {
  std::atomic<bool> started{false}, stopped{false};
  Background<int, int> job([&](const int&, const Progress& progress) {
    try {
      for (int i = 0;; ++i) {
        started = true;
        progress.report(0.5F);
        std::this_thread::sleep_for(1ms);
      }
    } catch (const Progress::Cancelled&) {
      stopped = true;
      throw;
    }
    return 0;
  });
  job.want(1);
  for (int i = 0; i < 2000 && !started; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(job.pending());
  EXPECT_EQ(job.fraction(), 0.5F);
  job.cancel();
  EXPECT_FALSE(job.pending());
  for (int i = 0; i < 2000 && !stopped; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(job.done(), nullptr);
}

}  // namespace
}  // namespace headlight
