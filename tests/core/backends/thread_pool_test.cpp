// Meant to be run under ThreadSanitizer too.
#include "core/backends/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "core/backends/backend.h"
#include "core/backends/cpu/rotation_table.h"
#include "tests/core/backends/random_values.h"
#include "tests/core/compare.h"

namespace headlight {
namespace {

TEST(ThreadPool, DoesEveryChunkOnce) {
  for (const int threads : {0, 1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), std::max(1, threads));
    for (const std::int64_t chunks : {0, 1, 2, 7, 300}) {
      std::vector<int> done(static_cast<std::size_t>(chunks),
                            0);  // plain ints: each chunk is one thread's own
      for (int repeat = 0; repeat < 20; ++repeat) {
        pool.parallel_for(chunks, [&](std::int64_t chunk, int thread) {
          EXPECT_TRUE(thread >= 0 && thread < pool.threads());
          ++done[static_cast<std::size_t>(chunk)];
        });
      }
      EXPECT_EQ(done, std::vector<int>(done.size(), 20));
    }
  }
}

TEST(ThreadPool, WakesThreadsThatSleep) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // longer than they watch
    std::atomic<int> done = 0;
    pool.parallel_for(50, [&](std::int64_t, int) { ++done; });
    EXPECT_EQ(done, 50);
  }
}

// Both chunks wait for each other: one thread alone would never finish.
TEST(ThreadPool, ReallyUsesAnotherThread) {
  ThreadPool pool(2);
  std::atomic<int> met = 0;
  pool.parallel_for(2, [&](std::int64_t, int) {
    ++met;
    while (met < 2) std::this_thread::yield();
  });
  EXPECT_EQ(met, 2);
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::vector<std::int64_t> sums(4, 0);
  int unguarded = 0;  // touched by chunk 0 alone; safe only if one loop runs at a time
  for (std::size_t caller = 0; caller < sums.size(); ++caller) {
    callers.emplace_back([&, caller] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::atomic<std::int64_t> sum = 0;
        pool.parallel_for(20, [&](std::int64_t chunk, int) {
          sum += chunk;
          if (chunk == 0) ++unguarded;
        });
        sums[caller] += sum;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sums, std::vector<std::int64_t>(4, 190 * 50));
  EXPECT_EQ(unguarded, 200);
}

TEST(ThreadPool, ThrowsWhatABodyThrowsAndWorksOn) {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    const auto fail = [](std::int64_t chunk, int) {
      if (chunk == 13) throw std::runtime_error("thirteen");
    };
    EXPECT_THROW(pool.parallel_for(1000, fail), std::runtime_error);
    std::atomic<int> done = 0;
    pool.parallel_for(10, [&](std::int64_t, int) { ++done; });
    EXPECT_EQ(done, 10);
  }
}

TEST(PhysicalCores, AtLeastOneAndNoMoreThanTheSystemHas) {
  EXPECT_GE(physical_cores(), 1);
  EXPECT_LE(physical_cores(), static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

TEST(RotationTables, KeepTheLastFewAndAnswerShorterRequests) {
  RotationTables tables;
  const auto first = tables.find(plain_rotation(1e4, 64), 0, 100);
  EXPECT_EQ(tables.find(plain_rotation(1e4, 64), 0, 50), first);
  EXPECT_NE(tables.find(plain_rotation(1e4, 64), 0, 101), first);
  EXPECT_NE(tables.find(plain_rotation(1e5, 64), 0, 100), first);
  EXPECT_NE(tables.find(plain_rotation(1e4, 32), 0, 100), first);
  EXPECT_NE(tables.find(plain_rotation(1e4, 64), 1, 100), first);
  EXPECT_EQ(first->cosines.size(), 3200U);  // still alive for who holds it
}

// One backend used from several threads at once gives each the right answer.
TEST(CpuBackend, IsSafeToShare) {
  const auto backend = make_cpu_backend(2);
  const auto reference = make_reference_backend();
  RandomValues random(5);
  const Weight weight = random.weight(NumberFormat::q4_1, 192, 576);
  const Tensor x = random.tensor({9, 576});
  const Tensor product = backend->linear(x, weight);
  const Tensor turned = backend->rotate(x.reshaped({9, 9, 64}), 3, plain_rotation(1e4, 64));
  EXPECT_TRUE(all_close(product, reference->linear(x, weight), 1e-4, 1e-5));
  std::vector<std::thread> users;
  std::atomic<int> wrong = 0;
  for (int user = 0; user < 3; ++user) {
    users.emplace_back([&, user] {
      for (int repeat = 0; repeat < 20; ++repeat) {
        if (!all_close(backend->linear(x, weight), product, 0, 0)) ++wrong;
        backend->rotate(x.reshaped({9, 9, 64}), user, plain_rotation(1e4 + repeat, 64));
        if (!all_close(backend->rotate(x.reshaped({9, 9, 64}), 3, plain_rotation(1e4, 64)), turned, 0, 0))
          ++wrong;
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace headlight
