// Blocks of 32 packed weights to vectors of float32, for products.h and kernels.cpp. The layouts are those of
// core/model_files/number_formats.cpp, which a test compares with this bit for bit.
#pragma once

#include "core/backends/cpu/vectors.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

ALWAYS_INLINE std::uint16_t half_at(const Byte* at) { return load<std::uint16_t>(at); }

// Exact for every 16-bit float. Without an instruction for it: the exponent is re-biased by a multiplication,
// which is exact and also right for subnormal numbers; infinities and NaN get their exponent set.
ALWAYS_INLINE float float_of_half(std::uint16_t half) {
#if defined(__F16C__)
  return _cvtsh_ss(half);
#elif defined(__aarch64__)
  return static_cast<float>(bits_as<__fp16>(half));
#else
  const std::uint32_t magnitude = half & 0x7fffU;
  std::uint32_t bits = bits_as<std::uint32_t>(bits_as<float>(magnitude << 13) * 0x1p112F);
  if (magnitude >= 0x7c00U) bits = (magnitude << 13) | 0x7f800000U;
  return bits_as<float>(bits | (static_cast<std::uint32_t>(half & 0x8000U) << 16));
#endif
}

ALWAYS_INLINE Floats floats_of_halves(const Byte* at) {
#if defined(__AVX512F__)
  return bits_as<Floats>(_mm512_maskz_cvtph_ps(0xffff, load<__m256i>(at)));
#elif defined(__F16C__)
  return bits_as<Floats>(_mm256_cvtph_ps(load<__m128i>(at)));
#elif defined(__aarch64__)
  return bits_as<Floats>(vcvt_f32_f16(load<float16x4_t>(at)));
#else
  const Ints wide = widened_shorts(at);
  const Ints magnitude = wide & 0x7fff;
  const Ints finite = bits_as<Ints>(bits_as<Floats>(magnitude << 13) * 0x1p112F);
  const Ints special = magnitude >= 0x7c00;  // -1 or 0
  const Ints bits = (finite & ~special) | (((magnitude << 13) | 0x7f800000) & special);
  return bits_as<Floats>(bits | ((wide & 0x8000) << 16));
#endif
}

ALWAYS_INLINE Floats floats_of_ints(Ints v) { return __builtin_convertvector(v, Floats); }

// Two halves side by side, each in every lane.
struct ScaleAndMinimum {
  Floats scale, minimum;
};
ALWAYS_INLINE ScaleAndMinimum scale_and_minimum(const Byte* at) {
#if defined(__F16C__)
  const __m128 both = _mm_cvtph_ps(_mm_cvtsi32_si128(load<std::int32_t>(at)));
  return {all(both[0]), all(both[1])};
#else
  return {all(float_of_half(half_at(at))), all(float_of_half(half_at(at + 2)))};
#endif
}

// 16 bytes of two four-bit numbers each: numbers 0-15 of the block are the low ones, 16-31 the high ones.
// value_of turns numbers into weights. With 16 lanes, that is done once for every number there is, and the
// bytes then look up the results (of an index, only the low four bits count).
template <class ValueOf>
ALWAYS_INLINE void expand_nibbles(const Byte* packed, Floats* out, const ValueOf& value_of) {
#if defined(__AVX512F__)
  const __m512 values = bits_as<__m512>(value_of(counting()));
  const Ints low = widened_bytes(packed), high = low >> 4;
  out[0] = bits_as<Floats>(_mm512_maskz_permutexvar_ps(0xffff, bits_as<__m512i>(low), values));
  out[1] = bits_as<Floats>(_mm512_maskz_permutexvar_ps(0xffff, bits_as<__m512i>(high), values));
#else
  for (int part = 0; part < parts / 2; ++part) {
    const Ints both = widened_bytes(packed + part * lanes);
    out[part] = value_of(floats_of_ints(both & 15));
    out[part + parts / 2] = value_of(floats_of_ints(both >> 4));
  }
#endif
}

// 16 added where bit `part * lanes + lane` of `bits` is set.
ALWAYS_INLINE Ints with_fifth_bits(Ints numbers, std::uint32_t bits, int part) {
#if defined(__AVX512F__)
  const auto set = static_cast<__mmask16>(bits >> (part * lanes));
  const __m512i plain = bits_as<__m512i>(numbers);
  return bits_as<Ints>(_mm512_mask_or_epi32(plain, set, plain, bits_as<__m512i>(all(16))));
#else
  Ints lane_bit;
  for (int lane = 0; lane < lanes; ++lane) lane_bit[lane] = 1 << lane;
  return numbers | (((all(static_cast<std::int32_t>(bits >> (part * lanes))) & lane_bit) != 0) & 16);
#endif
}

template <class ValueOf>
ALWAYS_INLINE void expand_five_bits(const Byte* packed, std::uint32_t fifth_bits, Floats* out,
                                    const ValueOf& value_of) {
  for (int part = 0; part < parts / 2; ++part) {
    const int above = part + parts / 2;
    const Ints both = widened_bytes(packed + part * lanes);
    out[part] = value_of(floats_of_ints(with_fifth_bits(both & 15, fifth_bits, part)));
    out[above] = value_of(floats_of_ints(with_fifth_bits(both >> 4, fifth_bits, above)));
  }
}

// Each format as a type: values and bytes a block, and a block of 32 as `parts` vectors. any_count: a row may
// end anywhere, with bytes / 32 bytes a value.
// scale * number is exact in float32 (11 + at most 8 bits), so a fused multiply-add changes nothing.
struct SmallBlock {
  static constexpr Int64 values = 32;
  static constexpr bool any_count = false;
  struct Scales {};
};
struct F32 : SmallBlock {
  static constexpr Int64 bytes = 128;
  static constexpr bool any_count = true;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    for (int part = 0; part < parts; ++part) out[part] = load<Floats>(block + part * lanes * 4);
  }
};
struct F16 : SmallBlock {
  static constexpr Int64 bytes = 64;
  static constexpr bool any_count = true;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    for (int part = 0; part < parts; ++part) out[part] = floats_of_halves(block + part * lanes * 2);
  }
};
struct Bf16 : SmallBlock {
  static constexpr Int64 bytes = 64;
  static constexpr bool any_count = true;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    for (int part = 0; part < parts; ++part) {
      out[part] = bits_as<Floats>(widened_shorts(block + part * lanes * 2) << 16);
    }
  }
};
struct Q4_0 : SmallBlock {
  static constexpr Int64 bytes = 18;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    expand_nibbles(block + 2, out, [&](Floats number) { return (number - 8.0F) * scale; });
  }
};
struct Q4_1 : SmallBlock {
  static constexpr Int64 bytes = 20;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const ScaleAndMinimum of = scale_and_minimum(block);
    expand_nibbles(block + 4, out, [&](Floats number) { return number * of.scale + of.minimum; });
  }
};
struct Q5_0 : SmallBlock {
  static constexpr Int64 bytes = 22;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    expand_five_bits(block + 6, load<std::uint32_t>(block + 2), out,
                     [&](Floats number) { return (number - 16.0F) * scale; });
  }
};
struct Q5_1 : SmallBlock {
  static constexpr Int64 bytes = 24;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const ScaleAndMinimum of = scale_and_minimum(block);
    expand_five_bits(block + 8, load<std::uint32_t>(block + 4), out,
                     [&](Floats number) { return number * of.scale + of.minimum; });
  }
};
struct Q8_0 : SmallBlock {
  static constexpr Int64 bytes = 34;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    for (int part = 0; part < parts; ++part) {
      out[part] = floats_of_ints(widened_signed_bytes(block + 2 + part * lanes)) * scale;
    }
  }
};

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA
