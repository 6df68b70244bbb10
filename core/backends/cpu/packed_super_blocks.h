// Super-blocks of 256 packed weights to vectors of float32, for products.h and kernels.cpp: eight groups of
// 32. The scales of a super-block are expanded once, then the groups one after the other. The layouts are
// those of core/model_files/super_blocks.cpp, which a test compares with this bit for bit.
#pragma once

#include "core/backends/cpu/packed_blocks.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

// One for each 16 or 32 values, by which the numbers are multiplied, and what is then taken off.
struct SuperScales {
  float scale[16], minimum[16];
};

// Eight bytes, less `middle`, times a factor. The bytes come in a register: reading them back from memory
// that was written in smaller pieces would stall.
ALWAYS_INLINE void scale_eight(std::uint64_t bytes, int middle, float factor, float* out) {
#if defined(__AVX2__)
  const __m256i wide = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<std::int64_t>(bytes)));
  const __m256 numbers = _mm256_cvtepi32_ps(_mm256_sub_epi32(wide, _mm256_set1_epi32(middle)));
  _mm256_storeu_ps(out, _mm256_mul_ps(numbers, _mm256_set1_ps(factor)));
#else
  for (int i = 0; i < 8; ++i) {
    out[i] = static_cast<float>(static_cast<int>((bytes >> (8 * i)) & 255) - middle) * factor;
  }
#endif
}

// Eight bytes at once: two or four bits of each.
ALWAYS_INLINE std::uint64_t two_of_each(std::uint64_t bytes, int first) {
  return (bytes >> first) & 0x0303030303030303U;
}
ALWAYS_INLINE std::uint64_t four_of_each(std::uint64_t bytes, int first) {
  return (bytes >> first) & 0x0f0f0f0f0f0f0f0fU;
}

// The 32 numbers of a group as bytes, so that bits are put together for many at once before they are widened.
// (Vectors wider than the processor's are not passed alike by all compilers.)
#if defined(__AVX2__)
constexpr int pieces = 1;
#else
constexpr int pieces = 2;
#endif
typedef std::uint16_t Words __attribute__((vector_size(32 / pieces)));
typedef std::int8_t Chars __attribute__((vector_size(32 / pieces)));
struct Numbers {
  Words piece[pieces];
};

// `count` bits of each byte, from bit `first`, moved to bit `place`. Shifted in pairs: there is no
// instruction for single bytes.
ALWAYS_INLINE void add_bits(const Byte* bytes, int first, int count, int place, Numbers& numbers) {
  const auto mask = static_cast<std::uint16_t>(0x0101 * ((1 << count) - 1));
  for (int i = 0; i < pieces; ++i) {
    const Words shifted = load<Words>(bytes + i * 32 / pieces) >> static_cast<std::uint16_t>(first);
    numbers.piece[i] |= (shifted & mask) << static_cast<std::uint16_t>(place);
  }
}

// Numbers less `middle`, through memory that a part is read from.
ALWAYS_INLINE void spread(const Numbers& numbers, int middle, Floats* out) {
  alignas(32) Byte bytes[32];
  for (int i = 0; i < pieces; ++i) {
    store(bytes + i * 32 / pieces, bits_as<Chars>(numbers.piece[i]) - static_cast<std::int8_t>(middle));
  }
  for (int part = 0; part < parts; ++part) {
    out[part] = floats_of_ints(widened_signed_bytes(bytes + part * lanes));
  }
}

// 16 values share a scale: the index of that of this part of a group.
ALWAYS_INLINE int small_group(int group, int part) { return group * 2 + part * lanes / 16; }

struct SuperBlock {
  static constexpr Int64 values = 256;
  static constexpr bool any_count = false;
  using Scales = SuperScales;
};

struct Q2_K : SuperBlock {
  static constexpr Int64 bytes = 84;
  static ALWAYS_INLINE void prepare(const Byte* block, Scales& of) {
    const float scale = float_of_half(half_at(block + 80)), minimum = float_of_half(half_at(block + 82));
    for (int i = 0; i < 16; i += 8) {
      const auto both = load<std::uint64_t>(block + i);
      scale_eight(four_of_each(both, 0), 0, scale, of.scale + i);
      scale_eight(four_of_each(both, 4), 0, minimum, of.minimum + i);
    }
  }
  static ALWAYS_INLINE void expand(const Byte* block, const Scales& of, int group, Floats* out) {
    Numbers numbers = {};
    add_bits(block + 16 + group / 4 * 32, group % 4 * 2, 2, 0, numbers);
    spread(numbers, 0, out);
    for (int part = 0; part < parts; ++part) {
      const int small = small_group(group, part);
      out[part] = out[part] * of.scale[small] - of.minimum[small];
    }
  }
};

struct Q3_K : SuperBlock {
  static constexpr Int64 bytes = 110;
  static ALWAYS_INLINE void prepare(const Byte* block, Scales& of) {
    const float scale = float_of_half(half_at(block + 108));
    const auto low = load<std::uint64_t>(block + 96);
    const std::uint64_t high = load<std::uint32_t>(block + 104);
    scale_eight(four_of_each(low, 0) | two_of_each(high | high << 30, 0) << 4, 32, scale, of.scale);
    scale_eight(four_of_each(low, 4) | two_of_each(high >> 4 | high << 26, 0) << 4, 32, scale, of.scale + 8);
  }
  static ALWAYS_INLINE void expand(const Byte* block, const Scales& of, int group, Floats* out) {
    Numbers numbers = {};
    add_bits(block + 32 + group / 4 * 32, group % 4 * 2, 2, 0, numbers);
    add_bits(block, group, 1, 2, numbers);
    spread(numbers, 4, out);
    for (int part = 0; part < parts; ++part) out[part] *= of.scale[small_group(group, part)];
  }
};

// Eight pairs of six bits in 12 bytes, of Q4_K and Q5_K: scales, then minima.
ALWAYS_INLINE void prepare_pairs(const Byte* block, SuperScales& of) {
  const std::uint64_t a = load<std::uint32_t>(block + 4), b = load<std::uint32_t>(block + 8);
  const std::uint64_t c = load<std::uint32_t>(block + 12);
  const std::uint64_t scales = (a & 0x3f3f3f3fU) | (four_of_each(c, 0) | two_of_each(a, 6) << 4) << 32;
  const std::uint64_t minima = (b & 0x3f3f3f3fU) | (four_of_each(c, 4) | two_of_each(b, 6) << 4) << 32;
  scale_eight(scales, 0, float_of_half(half_at(block)), of.scale);
  scale_eight(minima, 0, float_of_half(half_at(block + 2)), of.minimum);
}

struct Q4_K : SuperBlock {
  static constexpr Int64 bytes = 144;
  static ALWAYS_INLINE void prepare(const Byte* block, Scales& of) { prepare_pairs(block, of); }
  static ALWAYS_INLINE void expand(const Byte* block, const Scales& of, int group, Floats* out) {
    const Floats scale = all(of.scale[group]), minimum = all(of.minimum[group]);
    const Byte* packed = block + 16 + group / 2 * 32;
#if defined(__AVX512F__)
    const __m512 values = bits_as<__m512>(counting() * scale - minimum);  // as in expand_nibbles
    for (int part = 0; part < parts; ++part) {
      const Ints numbers = widened_bytes(packed + part * lanes) >> (group % 2 * 4);
      out[part] = bits_as<Floats>(_mm512_maskz_permutexvar_ps(0xffff, bits_as<__m512i>(numbers), values));
    }
#else
    Numbers numbers = {};
    add_bits(packed, group % 2 * 4, 4, 0, numbers);
    spread(numbers, 0, out);
    for (int part = 0; part < parts; ++part) out[part] = out[part] * scale - minimum;
#endif
  }
};

struct Q5_K : SuperBlock {
  static constexpr Int64 bytes = 176;
  static ALWAYS_INLINE void prepare(const Byte* block, Scales& of) { prepare_pairs(block, of); }
  static ALWAYS_INLINE void expand(const Byte* block, const Scales& of, int group, Floats* out) {
    const Floats scale = all(of.scale[group]), minimum = all(of.minimum[group]);
    Numbers numbers = {};
    add_bits(block + 48 + group / 2 * 32, group % 2 * 4, 4, 0, numbers);
    add_bits(block + 16, group, 1, 4, numbers);
    spread(numbers, 0, out);
    for (int part = 0; part < parts; ++part) out[part] = out[part] * scale - minimum;
  }
};

struct Q6_K : SuperBlock {
  static constexpr Int64 bytes = 210;
  static ALWAYS_INLINE void prepare(const Byte* block, Scales& of) {
    const float scale = float_of_half(half_at(block + 208));
    for (int i = 0; i < 16; i += lanes) {
      store(of.scale + i, floats_of_ints(widened_signed_bytes(block + 192 + i)) * scale);
    }
  }
  static ALWAYS_INLINE void expand(const Byte* block, const Scales& of, int group, Floats* out) {
    Numbers numbers = {};
    add_bits(block + group / 4 * 64 + group % 2 * 32, group % 4 / 2 * 4, 4, 0, numbers);
    add_bits(block + 128 + group / 4 * 32, group % 4 * 2, 2, 4, numbers);
    spread(numbers, 32, out);
    for (int part = 0; part < parts; ++part) out[part] *= of.scale[small_group(group, part)];
  }
};

// ---- Four-bit numbers that stand for values which are not evenly spaced ----

ALWAYS_INLINE void look_up(const Byte* packed, Floats scale, Floats* out) {
  alignas(16) constexpr std::int8_t table[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                 1,    13,   25,  38,  53,  69,  89,  113};
#if defined(__AVX512F__)
  const Floats values = floats_of_ints(widened_signed_bytes(reinterpret_cast<const Byte*>(table)));
  expand_nibbles(packed, out, [&](Floats) { return values * scale; });
#elif defined(__SSE4_1__)
  alignas(16) Byte values[32];
  const __m128i all_values = load<__m128i>(table), both = load<__m128i>(packed), mask = _mm_set1_epi8(15);
  store(values, _mm_shuffle_epi8(all_values, _mm_and_si128(both, mask)));
  store(values + 16, _mm_shuffle_epi8(all_values, _mm_and_si128(_mm_srli_epi16(both, 4), mask)));
  for (int part = 0; part < parts; ++part) {
    out[part] = floats_of_ints(widened_signed_bytes(values + part * lanes)) * scale;
  }
#else
  for (int i = 0; i < 32; ++i) {
    const int number = i < 16 ? packed[i] & 15 : packed[i - 16] >> 4;
    out[i / lanes][i % lanes] = static_cast<float>(table[number]) * scale[0];
  }
#endif
}

struct Iq4_Nl : SmallBlock {
  static constexpr Int64 bytes = 18;
  static ALWAYS_INLINE void expand(const Byte* block, Floats* out) {
    look_up(block + 2, all(float_of_half(half_at(block))), out);
  }
};

struct Iq4_Xs : SuperBlock {
  static constexpr Int64 bytes = 136;
  static ALWAYS_INLINE void prepare(const Byte* block, Scales& of) {
    const std::uint64_t high = load<std::uint16_t>(block + 2), low = load<std::uint32_t>(block + 4);
    std::uint64_t small = 0;
    for (int group = 0; group < 8; ++group) {
      small |= ((low >> (4 * group) & 15) | (high >> (2 * group) & 3) << 4) << (8 * group);
    }
    scale_eight(small, 32, float_of_half(half_at(block)), of.scale);
  }
  static ALWAYS_INLINE void expand(const Byte* block, const Scales& of, int group, Floats* out) {
    look_up(block + 8 + group * 16, all(of.scale[group]), out);
  }
};

// ---- Both kinds of blocks alike ----

template <class Format>
ALWAYS_INLINE void prepare(const Byte* block, typename Format::Scales& scales) {
  if constexpr (Format::values == 256) Format::prepare(block, scales);
}

// Values [32 * group, 32 * group + 32) of a block.
template <class Format>
ALWAYS_INLINE void expand(const Byte* block, const typename Format::Scales& scales, int group, Floats* out) {
  if constexpr (Format::values == 256) {
    Format::expand(block, scales, group, out);
  } else {
    Format::expand(block, out);
  }
}

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA
