// Blocks come back, and what is kept never exceeds what was once in use.
#include "core/base/float_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace headlight {
namespace {

TEST(FloatPool, ABlockThatWasGivenBackIsHandedOutAgain) {
  constexpr std::size_t count = 123457;  // no other test asks for this size
  const float* first = nullptr;
  {
    const auto block = pooled_floats(count);
    first = block.get();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0U);
  }
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "under AddressSanitizer nothing is kept, so that it sees who uses a block too late";
#endif
  EXPECT_EQ(pooled_floats(count).get(), first);
  EXPECT_EQ(pooled_floats(count - 100).get(), first);  // of the same class
}

TEST(FloatPool, OtherSizesDoNotPileUp) {
  pooled_floats(std::size_t{1} << 24);  // 64 MiB were in use at once, and 200 other sizes come to 800 MiB
  const std::size_t before = kept_pool_bytes();
  for (std::size_t count = 1 << 16; count < (1 << 21); count += 9973) {
    const auto block = pooled_floats(count);
    block[0] = 1.0F;
    block.get()[count - 1] = 1.0F;
  }
  EXPECT_LE(kept_pool_bytes(), before + (std::size_t{64} << 20) / 8 + (std::size_t{16} << 20) + (8U << 20));
}

TEST(FloatPool, ThreadsMayTakeAndGiveBack) {
  std::vector<std::shared_ptr<float[]>> handed(64);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&handed, thread] {
      for (int round = 0; round < 200; ++round) {
        const std::size_t slot = thread * 16 + static_cast<std::size_t>(round % 16);
        handed[slot] = pooled_floats(10000 + static_cast<std::size_t>(round) * 97);
        handed[slot][0] = static_cast<float>(thread);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t slot = 0; slot < handed.size(); ++slot) {
    EXPECT_EQ(handed[slot][0], static_cast<float>(slot / 16));
  }
}

TEST(FloatPool, NothingIsATensorToo) { EXPECT_NE(pooled_floats(0), nullptr); }

}  // namespace
}  // namespace headlight
