// The loops do nothing but what they measure; the asm statements keep the compiler from removing or folding
// them.
#include "core/backends/cpu/machine_limits.h"

#include <algorithm>
#include <vector>

#include "core/base/clocks.h"

namespace headlight {
namespace {

constexpr int chains = 10;  // independent multiply-adds: more than latency times units, fewer than registers

#if defined(__x86_64__)
#define VECTOR_REGISTER "+x"
#else
#define VECTOR_REGISTER "+w"
#endif

// A macro and no template: clang checks the register's width where the text stands, under that function's
// target.
#define MULTIPLY_ADD(lanes)                                           \
  typedef float Vector __attribute__((vector_size(4 * (lanes))));     \
  Vector sums[chains] = {};                                           \
  const Vector factor = 0.999F - Vector{}, addend = 1e-3F - Vector{}; \
  for (std::int64_t round = 0; round < rounds; ++round) {             \
    _Pragma("GCC unroll 10") for (int i = 0; i < chains; ++i) {       \
      sums[i] = sums[i] * factor + addend;                            \
      __asm__ volatile("" : VECTOR_REGISTER(sums[i]));                \
    }                                                                 \
  }

__attribute__((noinline)) void multiply_add_baseline(std::int64_t rounds) { MULTIPLY_ADD(4) }
#if defined(__x86_64__)
__attribute__((target("avx2,fma"), noinline)) void multiply_add_avx2(std::int64_t rounds) { MULTIPLY_ADD(8) }
__attribute__((target("avx512f,fma"), noinline)) void multiply_add_avx512(std::int64_t rounds) {
  MULTIPLY_ADD(16)
}
#endif

}  // namespace

double best_seconds(const ThreadPool& pool, const std::function<void()>& run) {
  const SecondsClock now = pool.threads() == 1 ? processor_seconds : wall_seconds;
  double best = 1e9, total = 0.0;
  for (int repeat = 0; repeat < 5 || (total < 0.2 && repeat < 1000); ++repeat) {
    const double start = now();
    run();
    const double seconds = now() - start;
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

double peak_flops([[maybe_unused]] const std::string& instruction_set, ThreadPool& pool) {
  void (*loop)(std::int64_t) = multiply_add_baseline;
  double lanes = 4.0;
#if defined(__x86_64__)
  if (instruction_set.starts_with("avx2")) loop = multiply_add_avx2, lanes = 8.0;
  if (instruction_set.starts_with("avx512")) loop = multiply_add_avx512, lanes = 16.0;
#endif
  constexpr std::int64_t rounds = 50000, pieces = 8;
  const double seconds = best_seconds(
      pool, [&] { pool.parallel_for(pieces * pool.threads(), [&](std::int64_t, int) { loop(rounds); }); });
  return 2.0 * lanes * chains * static_cast<double>(rounds * pieces * pool.threads()) / seconds;
}

double read_bandwidth(std::int64_t bytes, ThreadPool& pool) {
  constexpr std::int64_t piece = 1 << 15;  // 64-bit words in a chunk
  const std::int64_t chunks = std::max(std::int64_t{1}, bytes / 8 / piece);
  std::vector<std::uint64_t> buffer(static_cast<std::size_t>(chunks * piece), 1);
  const double seconds = best_seconds(pool, [&] {
    pool.parallel_for(chunks, [&](std::int64_t chunk, int) {
      const std::uint64_t* at = buffer.data() + chunk * piece;
      std::uint64_t sum[8] = {};
      for (std::int64_t i = 0; i < piece; i += 8) {
        for (int j = 0; j < 8; ++j) sum[j] += at[i + j];
      }
      for (std::uint64_t part : sum) __asm__ volatile("" : : "r"(part));
    });
  });
  return static_cast<double>(chunks * piece * 8) / seconds;
}

}  // namespace headlight
