// How fast the CPU backend is, beside what this machine can do, measured in the same run. Figures and their
// reading: README.md here. HEADLIGHT_ISA chooses the kernels; the first argument is the number of threads.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <exception>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"
#include "core/backends/cpu/machine_limits.h"
#include "tests/core/backends/random_values.h"

namespace headlight {
namespace {

constexpr NumberFormat formats[] = {
    NumberFormat::f32,  NumberFormat::f16,  NumberFormat::bf16, NumberFormat::q4_0,   NumberFormat::q4_1,
    NumberFormat::q5_0, NumberFormat::q5_1, NumberFormat::q8_0, NumberFormat::q2_k,   NumberFormat::q3_k,
    NumberFormat::q4_k, NumberFormat::q5_k, NumberFormat::q6_k, NumberFormat::iq4_nl, NumberFormat::iq4_xs};

// Super-blocks need whole blocks of 256.
std::int64_t columns_for(NumberFormat format) { return block_values(format) == 256 ? 768 : 576; }

// The products of a block as SmolLM2-135M has them: 1536 x 576 (super-blocks: x 768), over again and again as
// in a pass over its blocks.
void print_many_rows(Backend& backend, const ThreadPool& pool, double peak) {
  RandomValues random(1);
  fmt::print("\nlinear, 1536 rows of weights: GFLOP/s and percent of peak\n{:>8}", "rows");
  constexpr std::int64_t positions[] = {1, 2, 4, 6, 8, 16, 64, 256};
  for (const std::int64_t count : positions) fmt::print("{:>13}", count);
  for (const NumberFormat format : formats) {
    const Weight weight = random.weight(format, 1536, columns_for(format));
    fmt::print("\n{:>8}", number_format_name(format));
    for (const std::int64_t count : positions) {
      const Tensor x = random.tensor({count, weight.columns});
      const double seconds = best_seconds(pool, [&] { backend.linear(x, weight); });
      const double flops = 2.0 * static_cast<double>(count * weight.rows * weight.columns) / seconds;
      fmt::print("{:>7.1f} ({:>2.0f}%)", flops * 1e-9, 100.0 * flops / peak);
    }
  }
  fmt::print("\n");
}

// One row by a weight far larger than the caches: nothing but reading, if expanding keeps up.
void print_one_row(Backend& backend, const ThreadPool& pool, double bandwidth) {
  constexpr std::int64_t rows = 1 << 18, copied = 1 << 10;
  RandomValues random(2);
  fmt::print("\nlinear, one row by {} rows of weights\n{:>8}{:>12}{:>12}{:>22}\n", rows, "", "MB", "GB/s",
             "of reading");
  for (const NumberFormat format : formats) {
    const std::int64_t columns = columns_for(format);
    const Tensor x = random.tensor({1, columns});
    const Weight part = random.weight(format, copied, columns);
    const auto size = static_cast<std::size_t>(part.byte_size());
    const auto bytes = std::make_shared<std::vector<std::byte>>(size * (rows / copied));
    for (std::size_t at = 0; at < bytes->size(); at += size)
      std::memcpy(bytes->data() + at, part.bytes, size);
    const Weight weight = {format, rows, columns, bytes->data(), bytes};
    const double rate =
        static_cast<double>(weight.byte_size()) / best_seconds(pool, [&] { backend.linear(x, weight); });
    fmt::print("{:>8}{:>12.0f}{:>12.1f}{:>21.0f}%\n", number_format_name(format),
               static_cast<double>(weight.byte_size()) * 1e-6, rate * 1e-9, 100.0 * rate / bandwidth);
  }
}

void print_attention(Backend& backend, const ThreadPool& pool, double peak) {
  RandomValues random(3);
  fmt::print(
      "\nattention, 9 heads of 64, 3 key heads: milliseconds (GFLOP/s of the causal half as percent of "
      "peak)\n");
  fmt::print("{:>8}{:>18}{:>18}{:>18}{:>18}\n", "tokens", "scores", "softmax", "mix_values", "attend");
  for (const std::int64_t tokens : {16, 128, 1024}) {
    const Tensor q = random.tensor({tokens, 9, 64}, 3.0F), k = random.tensor({tokens, 3, 64}, 3.0F);
    const Tensor v = random.tensor({tokens, 3, 64});
    const Tensor scores = backend.attention_scores(q, k, {0.125, 0}), pattern = backend.softmax(scores);
    const double half = static_cast<double>(tokens * (tokens + 1) / 2 * 9 * 64) * 2.0;
    const auto column = [&](double seconds, double flops) {
      fmt::print("{:>12.3f} ({:>2.0f}%)", seconds * 1e3, 100.0 * flops / seconds / peak);
    };
    fmt::print("{:>8}", tokens);
    column(best_seconds(pool, [&] { backend.attention_scores(q, k, {0.125, 0}); }), half);
    fmt::print("{:>18.3f}", best_seconds(pool, [&] { backend.softmax(scores); }) * 1e3);
    column(best_seconds(pool, [&] { backend.mix_values(pattern, v); }), half);
    column(best_seconds(pool, [&] { backend.attend(q, k, v, {0.125, 0}); }), 2.0 * half);
    fmt::print("\n");
  }
}

void measure(int threads) {
  const Kernels& kernels = chosen_kernels();
  ThreadPool pool(threads > 0 ? threads : physical_cores());
  const double peak = peak_flops(kernels.name, pool);
  const double bandwidth = read_bandwidth(std::int64_t{1} << 28, pool);
  fmt::print(
      "kernels {}, {} threads; peak {:.1f} GFLOP/s in registers, reading {:.1f} GB/s (256 MiB), {:.1f} GB/s "
      "(8 MiB)\n",
      kernels.name, pool.threads(), peak * 1e-9, bandwidth * 1e-9,
      read_bandwidth(std::int64_t{1} << 23, pool) * 1e-9);
  const auto backend = make_cpu_backend(pool.threads(), kernels);
  print_many_rows(*backend, pool, peak);
  print_one_row(*backend, pool, bandwidth);
  print_attention(*backend, pool, peak);
}

}  // namespace
}  // namespace headlight

int main(int count, char** words) {
  try {
    headlight::measure(count > 1 ? std::atoi(words[1]) : 0);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
