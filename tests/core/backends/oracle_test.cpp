// Every operation of the CPU backend, on every instruction set of this machine, against the reference.
#include <gtest/gtest.h>

#include <limits>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"
#include "tests/core/backends/random_values.h"
#include "tests/core/compare.h"

namespace headlight {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// Tolerances are fractions of the largest magnitude in the reference's result. One rounding of float32 is at
// most 2^-24 = 6e-8 of a value.
//   exact        the same single rounding in both
//   few          two to four roundings, one after the other
//   functions    exp right within 1.5 ulp, then a sum in double and a division
//   sums         random signs: sqrt(n) roundings; n = 1536 / 4 lanes gives sqrt(384) * 6e-8 = 1.2e-6; times
//   three attention    as sums, but an error of a score, up to 30 nats here, becomes a relative error of exp
constexpr double exact = 0.0, few = 3e-7, functions = 4e-7, sums = 4e-6, attention = 1e-5;

struct BackendCase {
  std::string instruction_set;
  int threads;
};

std::vector<BackendCase> backend_cases() {
  std::vector<BackendCase> cases;
  for (const InstructionSet& set : instruction_sets()) {
    for (const int threads : {1, 3}) cases.push_back({set.name, threads});
  }
  return cases;
}

struct FormatCase {
  NumberFormat format;
  double tolerance;
};
// Expanding a weight is exact or rounds as the reference does: all formats share the bound of the sum.
constexpr FormatCase formats[] = {
    {NumberFormat::f32, sums},    {NumberFormat::f16, sums},  {NumberFormat::bf16, sums},
    {NumberFormat::q4_0, sums},   {NumberFormat::q4_1, sums}, {NumberFormat::q5_0, sums},
    {NumberFormat::q5_1, sums},   {NumberFormat::q8_0, sums}, {NumberFormat::f64, sums},
    {NumberFormat::q2_k, sums},   {NumberFormat::q3_k, sums}, {NumberFormat::q4_k, sums},
    {NumberFormat::q5_k, sums},   {NumberFormat::q6_k, sums}, {NumberFormat::iq4_nl, sums},
    {NumberFormat::iq4_xs, sums}, {NumberFormat::i8, sums}};

// A number of columns near `wanted` that is a whole number of blocks.
std::int64_t whole_blocks(NumberFormat format, std::int64_t wanted) {
  return (wanted + block_values(format) - 1) / block_values(format) * block_values(format);
}

double largest(const Tensor& t) {
  double result = 0.0;
  for (const float value : t.values()) {
    if (std::isfinite(value)) result = std::max(result, std::abs(static_cast<double>(value)));
  }
  return result;
}

::testing::AssertionResult agree(const Tensor& actual, const Tensor& expected, double tolerance) {
  return all_close(actual, expected, expected.empty() ? 0.0 : tolerance * largest(expected), 0.0);
}

// With random signs a sum is about as large as the root of its summed squares; a result that happens to be
// near zero is no more exact than that. The largest over the weight's rows, for the first row of x.
double typical_sum(const Tensor& x, const Weight& weight) {
  double result = 0.0;
  for (std::int64_t row = 0; row < weight.rows; ++row) {
    double squares = 0.0;
    const std::vector<float> values = weight_row(weight, row);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double product = static_cast<double>(values[i]) * static_cast<double>(x.data()[i]);
      squares += product * product;
    }
    result = std::max(result, std::sqrt(squares));
  }
  return result;
}

class Oracle : public ::testing::TestWithParam<BackendCase> {
 protected:
  void SetUp() override {
    const std::string wanted = GetParam().instruction_set;
    const InstructionSet* found = nullptr;
    for (const InstructionSet& set : instruction_sets()) {
      if (set.name == wanted) found = &set;
    }
    ASSERT_NE(found, nullptr) << wanted;
    if (!found->available) GTEST_SKIP() << wanted << ": " << found->reason;
    cpu = make_cpu_backend(GetParam().threads, *found->kernels);
    reference = make_reference_backend();
  }

  void expect_attention_agrees(std::int64_t queries, std::int64_t keys, std::int64_t heads,
                               std::int64_t kv_heads, std::int64_t width, std::int64_t first_position,
                               float magnitude) {
    SCOPED_TRACE(::testing::Message()
                 << queries << " queries from " << first_position << ", " << keys << " keys, " << heads << "/"
                 << kv_heads << " heads of " << width << ", magnitude " << magnitude);
    const Tensor q = random.tensor({queries, heads, width}, magnitude);
    const Tensor k = random.tensor({keys, kv_heads, width}, magnitude);
    const Tensor v = random.tensor({keys, kv_heads, width});
    const double scale = 1.0 / std::sqrt(static_cast<double>(width));
    const Tensor scores = reference->attention_scores(q, k, {scale, first_position});
    EXPECT_TRUE(agree(cpu->attention_scores(q, k, {scale, first_position}), scores, sums));
    const Tensor pattern = reference->softmax(scores);
    EXPECT_TRUE(agree(cpu->softmax(scores), pattern, functions));
    EXPECT_TRUE(agree(cpu->mix_values(pattern, v), reference->mix_values(pattern, v), sums));
    EXPECT_TRUE(agree(cpu->attend(q, k, v, {scale, first_position}),
                      reference->attend(q, k, v, {scale, first_position}),
                      attention * std::max(1.0, static_cast<double>(magnitude * magnitude) / 9.0)));
    expect_same_bits_in_pieces(q, k, v, {.scale = scale, .first_position = first_position});
    expect_same_bits_in_pieces(q, k, v, {.scale = scale, .first_position = first_position, .window = 3});
    expect_same_bits_in_pieces(
        q, k, v, {.scale = scale, .first_position = first_position, .causal = false, .soft_cap = 5.0});
  }

  // The operation that does all three steps gives the bits of the steps, and cutting keys and values into
  // pieces changes none.
  void expect_same_bits_in_pieces(const Tensor& q, const Tensor& k, const Tensor& v,
                                  const AttentionRule& rule) {
    const Tensor bias = random.tensor({q.axis(1), q.axis(0), k.axis(0)});
    const Tensor pattern = cpu->softmax(cpu->attention_scores(q, k, rule, bias));
    const Tensor z = cpu->mix_values(pattern, v), attended = cpu->attend(q, k, v, rule, bias);
    for (const std::int64_t first : {std::int64_t{0}, k.axis(0) / 3, k.axis(0) - 1}) {
      const auto cut = [first](const Tensor& rows) {
        return TensorRows(std::vector<Tensor>{rows.leading(first), rows.rows(first, rows.axis(0))});
      };
      EXPECT_TRUE(all_close(cpu->softmax(cpu->attention_scores(q, cut(k), rule, bias)), pattern, 0, 0));
      EXPECT_TRUE(all_close(cpu->mix_values(pattern, cut(v)), z, 0, 0));
      EXPECT_TRUE(all_close(cpu->attend(q, cut(k), cut(v), rule, bias), attended, 0, 0));
      const Backend::Attention both = cpu->attend_with_pattern(q, cut(k), cut(v), rule, bias);
      EXPECT_TRUE(all_close(both.pattern, pattern, 0, 0));
      EXPECT_TRUE(all_close(both.z, z, 0, 0));
    }
  }

  RandomValues random{20240607};
  std::unique_ptr<Backend> cpu, reference;
};

TEST_P(Oracle, LinearInEveryFormatAndSize) {
  for (const FormatCase& item : formats) {
    for (const std::int64_t positions : {1, 2, 3, 4, 5, 6, 7, 17, 40}) {
      for (const std::int64_t rows : {1, 3, 17, 130}) {
        for (const std::int64_t wanted : {32, 96, 576}) {
          const std::int64_t columns = whole_blocks(item.format, wanted);
          const Weight weight = random.weight(item.format, rows, columns);
          const Tensor x = random.tensor({positions, columns});
          const Tensor expected = reference->linear(x, weight);
          const double size = std::max(largest(expected), typical_sum(x, weight));
          EXPECT_TRUE(all_close(cpu->linear(x, weight), expected, item.tolerance * size, 0.0))
              << number_format_name(item.format) << " " << positions << "x" << columns << "x" << rows;
        }
      }
    }
  }
}

TEST_P(Oracle, LinearWithColumnsThatFillNoVector) {
  for (const NumberFormat format : {NumberFormat::f32, NumberFormat::f16, NumberFormat::bf16}) {
    for (const std::int64_t columns : {1, 3, 17, 31, 33, 1535}) {
      const Weight weight = random.weight(format, 5, columns);
      for (const std::int64_t positions : {1, 7}) {
        const Tensor x = random.tensor({positions, columns});
        EXPECT_TRUE(agree(cpu->linear(x, weight), reference->linear(x, weight), sums))
            << number_format_name(format) << " " << positions << "x" << columns;
      }
    }
  }
}

// In a safetensors file float32 may lie at any address.
TEST_P(Oracle, LinearAndEmbedOfFloatsAtAnOddAddress) {
  const Weight aligned = random.weight(NumberFormat::f32, 9, 96);
  const auto bytes =
      std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(aligned.byte_size()) + 1);
  std::copy_n(aligned.bytes, aligned.byte_size(), bytes->data() + 1);
  const Weight odd = {NumberFormat::f32, 9, 96, bytes->data() + 1, bytes};
  for (const std::int64_t positions : {1, 7, 40}) {
    const Tensor x = random.tensor({positions, 96});
    EXPECT_TRUE(all_close(cpu->linear(x, odd), cpu->linear(x, aligned), 0, 0));
  }
  const std::vector<TokenId> ids = {8, 0};
  EXPECT_TRUE(all_close(cpu->embed(odd, ids), cpu->embed(aligned, ids), 0, 0));
}

TEST_P(Oracle, LinearOfLargeAndSpecialNumbers) {
  for (const FormatCase& item : formats) {
    const std::int64_t columns = whole_blocks(item.format, 64);
    const Weight weight = random.weight(item.format, 19, columns);
    for (const std::int64_t positions : {3, 20}) {
      Tensor x = random.tensor({positions, columns}, 1e4F);
      EXPECT_TRUE(agree(cpu->linear(x, weight), reference->linear(x, weight), item.tolerance));
      std::fill_n(x.writable() + columns, columns, -0.0F);
      x.writable()[5] = nan;
      const Tensor result = cpu->linear(x, weight);
      EXPECT_TRUE(agree(result, reference->linear(x, weight), item.tolerance));
      EXPECT_TRUE(std::isnan(result.data()[0]) && !std::isnan(result.data()[19]));
    }
  }
}

// Later work re-uses rows of an earlier pass: how many rows are computed together must not matter.
TEST_P(Oracle, RowsOfLinearAndAttendAreTheSameBitsAloneAndTogether) {
  for (const FormatCase& item : formats) {
    const std::int64_t columns = whole_blocks(item.format, 576);
    const Weight weight = random.weight(item.format, 70, columns);
    const Tensor x = random.tensor({23, columns});
    const Tensor together = cpu->linear(x, weight);
    for (const std::int64_t first : {0, 1, 5, 22}) {
      for (const std::int64_t count : {1, 2, 3, 6, 8}) {
        if (first + count > 23) continue;
        EXPECT_TRUE(all_close(cpu->linear(x.rows(first, first + count), weight),
                              together.rows(first, first + count), 0, 0));
      }
    }
  }
  const Tensor q = random.tensor({150, 3, 64}), k = random.tensor({150, 3, 64}),
               v = random.tensor({150, 3, 64});
  const Tensor whole = cpu->attend(q, k, v, {0.125, 0});
  EXPECT_TRUE(all_close(cpu->attend(q.rows(137, 150), k, v, {0.125, 137}), whole.rows(137, 150), 0, 0));
}

TEST_P(Oracle, EmbedIsExact) {
  const std::vector<TokenId> ids = {6, 0, 6, 3, 1};
  for (const FormatCase& item : formats) {
    const Weight table = random.weight(item.format, 7, whole_blocks(item.format, 96));
    EXPECT_TRUE(agree(cpu->embed(table, ids), reference->embed(table, ids), exact))
        << number_format_name(item.format);
  }
}

TEST_P(Oracle, NormalisationAndElementwiseOperations) {
  for (const std::int64_t rows : {1, 3, 17, 200}) {
    for (const std::int64_t width : {1, 3, 17, 576}) {
      for (const float magnitude : {1e-4F, 1.0F, 1e4F}) {
        const Tensor a = random.tensor({rows, width}, magnitude), b = random.tensor({rows, width});
        const Tensor gain = random.tensor({width});
        const Tensor scale = reference->norm_scale(a, Norm::rms, 1e-5);
        EXPECT_TRUE(agree(cpu->norm_scale(a, Norm::rms, 1e-5), scale, few));
        EXPECT_TRUE(agree(cpu->normalized(a, scale, Norm::rms, gain, Tensor()),
                          reference->normalized(a, scale, Norm::rms, gain, Tensor()), few));
        EXPECT_TRUE(agree(cpu->add(a, b), reference->add(a, b), exact));
        EXPECT_TRUE(agree(cpu->multiply(a, b), reference->multiply(a, b), exact));
        EXPECT_TRUE(
            agree(cpu->activate(a, Activation::silu), reference->activate(a, Activation::silu), functions));
      }
    }
  }
}

TEST_P(Oracle, ElementwiseOperationsKeepSpecialNumbers) {
  const std::vector<float> values = {nan,    infinite, -infinite, 0.0F,   -0.0F,  1e30F,   -1e30F,
                                     1e-40F, -1e-40F,  88.0F,     -88.0F, 104.0F, -104.0F, 1e4F,
                                     -1e4F,  3e38F,    -3e38F,    1.0F,   -1.0F};
  const Tensor a({19}, values);
  std::vector<float> reversed(values.rbegin(), values.rend());
  const Tensor b({19}, reversed);
  // Largest magnitudes of 1e38 would forgive anything, so the bound is relative to each value here; below
  // 2^-126 float32 has fewer digits, and silu there is off by less than 1e-36.
  EXPECT_TRUE(all_close(cpu->add(a, b), reference->add(a, b), 0, 0));
  EXPECT_TRUE(all_close(cpu->multiply(a, b), reference->multiply(a, b), 0, 0));
  for (const Activation activation :
       {Activation::silu, Activation::gelu, Activation::relu, Activation::tanh}) {
    EXPECT_TRUE(all_close(cpu->activate(a, activation), reference->activate(a, activation), 1e-36, functions))
        << static_cast<int>(activation);
  }
}

TEST_P(Oracle, SiluIsRightAtEverySize) {
  Tensor x({40001});
  for (std::int64_t i = 0; i < x.size(); ++i) x.writable()[i] = static_cast<float>(i - 20000) * 0.005F;
  // Relative to each value: exp within 1.5 ulp, an addition and a division of half an ulp each.
  EXPECT_TRUE(all_close(cpu->activate(x, Activation::silu), reference->activate(x, Activation::silu), 1e-36,
                        functions));
}

TEST_P(Oracle, GeluAndTanhAreRightAtEverySize) {
  Tensor x({40001});
  for (std::int64_t i = 0; i < x.size(); ++i) x.writable()[i] = static_cast<float>(i - 20000) * 0.0005F;
  EXPECT_TRUE(
      all_close(cpu->activate(x, Activation::tanh), reference->activate(x, Activation::tanh), 0, functions));
  EXPECT_TRUE(all_close(cpu->soft_capped(x, 3.0), reference->soft_capped(x, 3.0), 0, functions));
  // exp within 1.5 ulp and some eight roundings more. Far out on the left, where values are below 1e-8, the
  // reference's own 1 + erf(x) has few digits left.
  EXPECT_TRUE(
      all_close(cpu->activate(x, Activation::gelu), reference->activate(x, Activation::gelu), 1e-14, 6e-7));
}

TEST_P(Oracle, Rotate) {
  for (const std::int64_t rows : {1, 3, 17}) {
    for (const std::int64_t dimensions : {0, 2, 6, 32, 64}) {
      for (const std::int64_t first : {0, 5, 8000}) {
        const Tensor x = random.tensor({rows, 9, 64});
        EXPECT_TRUE(agree(cpu->rotate(x, first, plain_rotation(1e5, dimensions)),
                          reference->rotate(x, first, plain_rotation(1e5, dimensions)), few))
            << rows << " rows, " << dimensions << " dimensions from " << first;
      }
    }
  }
}

TEST_P(Oracle, Attention) {
  expect_attention_agrees(1, 1, 1, 1, 64, 0, 1);
  expect_attention_agrees(3, 3, 9, 3, 64, 0, 1);
  expect_attention_agrees(17, 17, 9, 3, 64, 0, 3);
  expect_attention_agrees(17, 17, 4, 1, 7, 0, 3);
  expect_attention_agrees(13, 13, 2, 2, 80, 0, 3);
  expect_attention_agrees(300, 300, 3, 3, 64, 0, 3);
  expect_attention_agrees(1, 301, 9, 3, 64, 300, 3);
  expect_attention_agrees(5, 140, 9, 3, 33, 135, 3);
  expect_attention_agrees(4, 9, 2, 1, 16, 2, 3);      // keys that no query may see
  expect_attention_agrees(40, 40, 3, 1, 64, 0, 100);  // scores in the tens of thousands
}

TEST_P(Oracle, SoftmaxOfMaskedAndSpecialRows) {
  std::vector<float> values(6 * 19, -infinite);
  for (int i = 0; i < 19; ++i)
    values[static_cast<std::size_t>(19 + i)] = i % 3 ? -infinite : static_cast<float>(i);
  for (int i = 0; i < 19; ++i)
    values[static_cast<std::size_t>(2 * 19 + i)] = i < 4 ? 1e4F + static_cast<float>(i) : -1e4F;
  for (int i = 0; i < 18; ++i) values[static_cast<std::size_t>(3 * 19 + i)] = 1.0F;
  values[3 * 19 + 7] = nan;
  values[4 * 19 + 2] = infinite;
  values[4 * 19 + 3] = 5.0F;
  for (int i = 0; i < 19; ++i) values[static_cast<std::size_t>(5 * 19 + i)] = i % 2 ? 0.0F : -0.0F;
  const Tensor scores({1, 6, 19}, values);
  const Tensor pattern = cpu->softmax(scores);
  EXPECT_TRUE(agree(pattern, reference->softmax(scores), functions));
  for (int i = 0; i < 19; ++i) EXPECT_EQ(pattern.data()[i], 0.0F);  // a row of only masked keys
  EXPECT_EQ(pattern.data()[19 + 1], 0.0F);                          // exactly, not 3e-39
  EXPECT_TRUE(std::isnan(pattern.data()[3 * 19]));
}

TEST_P(Oracle, SoftmaxRowsSumToOne) {
  const Tensor pattern = cpu->softmax(random.tensor({2, 3, 5000}, 10.0F));
  for (std::int64_t row = 0; row < 6; ++row) {
    double sum = 0.0;
    for (std::int64_t key = 0; key < 5000; ++key)
      sum += static_cast<double>(pattern.data()[row * 5000 + key]);
    EXPECT_NEAR(sum, 1.0, 2e-7);  // each weight is within 2 ulp, with both signs
  }
}

TEST_P(Oracle, WhatStandsBehindTheMaskCannotMatter) {
  const Tensor q = random.tensor({30, 2, 64}), k = random.tensor({30, 2, 64});
  Tensor v = random.tensor({30, 2, 64}), spoiled_k = k.copy();
  for (const std::int64_t key : {7, 29}) {
    std::fill_n(v.writable() + key * 128, 128, nan);
    std::fill_n(spoiled_k.writable() + key * 128, 128, infinite);
  }
  const Tensor pattern = reference->softmax(reference->attention_scores(q, k, {0.125, 0}));
  const Tensor mixed = cpu->mix_values(pattern, v);
  EXPECT_TRUE(agree(mixed, reference->mix_values(pattern, v), sums));
  EXPECT_FALSE(std::isnan(mixed.data()[6 * 128]));
  EXPECT_TRUE(std::isnan(mixed.data()[7 * 128]));
  const Tensor attended = cpu->attend(q, spoiled_k, v, {0.125, 0});
  EXPECT_TRUE(
      agree(attended.rows(0, 7), reference->attend(q, spoiled_k, v, {0.125, 0}).rows(0, 7), attention));
  EXPECT_TRUE(std::isnan(attended.data()[7 * 128]));
}

// A removed edge: zeros in the middle of a row.
TEST_P(Oracle, MixOfAPatternWithZeros) {
  for (const std::int64_t width : {5, 16, 64, 80}) {
    Tensor pattern = random.tensor({4, 21, 21});
    for (std::int64_t i = 0; i < pattern.size(); i += 3) pattern.writable()[i] = 0.0F;
    const Tensor v = random.tensor({21, 2, width});
    EXPECT_TRUE(agree(cpu->mix_values(pattern, v), reference->mix_values(pattern, v), sums));
  }
}

TEST_P(Oracle, WrongShapesAreOurBug) {
  const Weight weight = random.weight(NumberFormat::q4_1, 3, 32);
  for (Backend* backend : {cpu.get(), reference.get()}) {
    EXPECT_THROW(backend->linear(random.tensor({2, 64}), weight), std::logic_error);
    EXPECT_THROW(backend->linear(Tensor(), weight), std::logic_error);
    EXPECT_THROW(backend->embed(weight, std::vector<TokenId>{3}), std::logic_error);
    EXPECT_THROW(backend->embed(weight, std::vector<TokenId>{-1}), std::logic_error);
    EXPECT_THROW(backend->add(random.tensor({2, 3}), random.tensor({3, 2})), std::logic_error);
    EXPECT_THROW(backend->rotate(random.tensor({1, 1, 4}), 0, plain_rotation(1e4, 6)), std::logic_error);
    EXPECT_THROW(backend->attention_scores(random.tensor({1, 4, 8}), random.tensor({1, 3, 8}), {1, 0}),
                 std::logic_error);
    EXPECT_THROW(backend->mix_values(random.tensor({2, 1, 3}), random.tensor({4, 2, 8})), std::logic_error);
    EXPECT_THROW(backend->normalized(random.tensor({2, 3}), random.tensor({2, 1}), Norm::rms,
                                     random.tensor({2}), Tensor()),
                 std::logic_error);
  }
}

TEST_P(Oracle, NoRowsAtAllGiveAnEmptyResult) {
  const Weight weight = random.weight(NumberFormat::q8_0, 3, 32);
  EXPECT_EQ(cpu->linear(random.tensor({0, 32}), weight).shape(), (Shape{0, 3}));
  EXPECT_EQ(cpu->add(random.tensor({0, 32}), random.tensor({0, 32})).shape(), (Shape{0, 32}));
  EXPECT_EQ(cpu->attend(random.tensor({0, 2, 8}), random.tensor({0, 2, 8}), random.tensor({0, 2, 8}), {1, 0})
                .shape(),
            (Shape{0, 2, 8}));
}

INSTANTIATE_TEST_SUITE_P(Cpu, Oracle, ::testing::ValuesIn(backend_cases()), [](const auto& item) {
  return item.param.instruction_set + "_threads_" + std::to_string(item.param.threads);
});

}  // namespace
}  // namespace headlight
