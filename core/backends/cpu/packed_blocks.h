// Blocks of 32 packed weights to vectors of float32, for kernels.cpp alone. The layouts are those of
// core/model_files/number_formats.cpp, which a test compares with this bit for bit.
#pragma once

#include "core/backends/cpu/vectors.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

ALWAYS_INLINE std::uint16_t half_at(const Byte* at) { return load<std::uint16_t>(at); }

// Exact for every 16-bit float. Without F16C: the exponent is re-biased by a multiplication, which is exact
// and also right for subnormal numbers; infinities and NaN get their exponent set.
ALWAYS_INLINE float float_of_half(std::uint16_t half) {
#if defined(__F16C__)
  return _cvtsh_ss(half);
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

// The 16 bytes of two nibbles each: values 0-15 of the block are the low ones, 16-31 the high ones.
ALWAYS_INLINE Ints nibbles(const Byte* packed, int part) {
  if (part < parts / 2) return widened_bytes(packed + part * lanes) & 15;
  return widened_bytes(packed + (part - parts / 2) * lanes) >> 4;
}

// 16 where bit `part * lanes + lane` of `bits` is set.
ALWAYS_INLINE Ints fifth_bits(std::uint32_t bits, int part) {
  Ints lane_bit;
  for (int lane = 0; lane < lanes; ++lane) lane_bit[lane] = 1 << lane;
  return ((all(static_cast<std::int32_t>(bits >> (part * lanes))) & lane_bit) != 0) & 16;
}

// Each packed format as a type: bytes a block of 32 values, and the block as `parts` vectors.
// scale * integer is exact in float32 (11 + at most 8 bits), so a fused multiply-add changes nothing.
struct F16 {
  static constexpr Int64 bytes = 64;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    for (int part = 0; part < parts; ++part) out[part] = floats_of_halves(block + part * lanes * 2);
  }
};
struct Bf16 {
  static constexpr Int64 bytes = 64;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    for (int part = 0; part < parts; ++part) {
      out[part] = bits_as<Floats>(widened_shorts(block + part * lanes * 2) << 16);
    }
  }
};
struct Q4_0 {
  static constexpr Int64 bytes = 18;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    for (int part = 0; part < parts; ++part) out[part] = floats_of_ints(nibbles(block + 2, part) - 8) * scale;
  }
};
struct Q4_1 {
  static constexpr Int64 bytes = 20;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    const Floats minimum = all(float_of_half(half_at(block + 2)));
    for (int part = 0; part < parts; ++part) {
      out[part] = floats_of_ints(nibbles(block + 4, part)) * scale + minimum;
    }
  }
};
struct Q5_0 {
  static constexpr Int64 bytes = 22;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    const auto high = load<std::uint32_t>(block + 2);
    for (int part = 0; part < parts; ++part) {
      out[part] = floats_of_ints((nibbles(block + 6, part) | fifth_bits(high, part)) - 16) * scale;
    }
  }
};
struct Q5_1 {
  static constexpr Int64 bytes = 24;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    const Floats scale = all(float_of_half(half_at(block)));
    const Floats minimum = all(float_of_half(half_at(block + 2)));
    const auto high = load<std::uint32_t>(block + 4);
    for (int part = 0; part < parts; ++part) {
      out[part] = floats_of_ints(nibbles(block + 8, part) | fifth_bits(high, part)) * scale + minimum;
    }
  }
};
struct Q8_0 {
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
