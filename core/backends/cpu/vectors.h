// Vectors as wide as the instruction set has them, for kernels.cpp and its parts alone, compiled once for
// each. Everything is in its unnamed namespace: see there why nothing may be shared with other files.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE4_1__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace headlight::HEADLIGHT_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
constexpr int parts = 32 / lanes;  // vectors in a block of 32 values

using Int64 = std::int64_t;
using Byte = unsigned char;
typedef float Floats __attribute__((vector_size(lanes * 4)));
typedef std::int32_t Ints __attribute__((vector_size(lanes * 4)));
typedef std::uint8_t Bytes __attribute__((vector_size(lanes)));
typedef std::int8_t SignedBytes __attribute__((vector_size(lanes)));
typedef std::uint16_t Shorts __attribute__((vector_size(lanes * 2)));
typedef float Four __attribute__((vector_size(16)));

template <class Vector>
ALWAYS_INLINE Vector load(const void* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

template <class Vector>
ALWAYS_INLINE void store(void* to, Vector vector) {
  __builtin_memcpy(to, &vector, sizeof vector);
}

// The first `count` < lanes values, then zeros.
ALWAYS_INLINE Floats load_some(const float* from, Int64 count) {
  Floats vector = {};
  __builtin_memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(float));
  return vector;
}

// Lanes at or past `count` are zeros; count may be anything.
ALWAYS_INLINE Floats load_part(const float* from, Int64 count) {
  if (count >= lanes) return load<Floats>(from);
  return count > 0 ? load_some(from, count) : Floats{};
}

ALWAYS_INLINE Floats all(float value) { return value - Floats{}; }
ALWAYS_INLINE Ints all(std::int32_t value) { return value - Ints{}; }

// 0, 1, 2, ...
ALWAYS_INLINE Floats counting() {
  Floats numbers;
  for (int lane = 0; lane < lanes; ++lane) numbers[lane] = static_cast<float>(lane);
  return numbers;
}

template <class To, class From>
ALWAYS_INLINE To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

// Both keep the compiler from being clever: what is held has been loaded into a register once, and what is
// in memory is loaded again rather than spilled.
ALWAYS_INLINE void hold(Floats& vector) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(vector));
#elif defined(__SSE__)
  __asm__("" : "+x"(vector));
#elif defined(__aarch64__)
  __asm__("" : "+w"(vector));
#else
  (void)vector;
#endif
}
ALWAYS_INLINE void forget_memory() { __asm__ volatile("" : : : "memory"); }

// ---- Horizontal sums. One tree for all of them: the halves are added until four lanes a, b, c, d are left,
// then (a + c) + (b + d). ----

#if defined(__AVX2__)
typedef float Eight __attribute__((vector_size(32)));

ALWAYS_INLINE Eight half(Floats v) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
         __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#else
  return v;
#endif
}

// Two vectors of eight to their quarters: a's, then b's.
ALWAYS_INLINE Eight quarters(Eight a, Eight b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 12, 13, 14, 15) +
         __builtin_shufflevector(a, b, 4, 5, 6, 7, 8, 9, 10, 11);
}
#endif

ALWAYS_INLINE Four quarter(Floats v) {
#if defined(__AVX2__)
  const Eight e = half(v);
  return __builtin_shufflevector(e, e, 0, 1, 2, 3) + __builtin_shufflevector(e, e, 4, 5, 6, 7);
#else
  return v;
#endif
}

// Four vectors to their four sums.
ALWAYS_INLINE Four sums(const Floats* v) {
  const Four a = quarter(v[0]), b = quarter(v[1]), c = quarter(v[2]), d = quarter(v[3]);
  const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

struct TwoFours {
  Four first, second;
};

// Twice four vectors to their sums: the same sums, in a third fewer instructions.
ALWAYS_INLINE TwoFours two_sums(const Floats* v, const Floats* w) {
#if defined(__AVX2__)
  const Eight a = quarters(half(v[0]), half(w[0])), b = quarters(half(v[1]), half(w[1]));
  const Eight c = quarters(half(v[2]), half(w[2])), d = quarters(half(v[3]), half(w[3]));
  const Eight ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
                   __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  const Eight cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13) +
                   __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
  const Eight all_sums = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
                         __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
  return {__builtin_shufflevector(all_sums, all_sums, 0, 1, 2, 3),
          __builtin_shufflevector(all_sums, all_sums, 4, 5, 6, 7)};
#else
  return {sums(v), sums(w)};
#endif
}

ALWAYS_INLINE float sum(Floats v) {
  const Four a = quarter(v);
  return (a[0] + a[2]) + (a[1] + a[3]);
}

// ---- Small integers to wider ones. GCC 12 takes __builtin_convertvector apart into single bytes here, so
// the instructions are named where they exist. Masks of all ones: the plain forms warn of an undefined
// register. ----

#if defined(__AVX512F__)
ALWAYS_INLINE Ints widened_bytes(const Byte* at) {
  return bits_as<Ints>(_mm512_maskz_cvtepu8_epi32(0xffff, load<__m128i>(at)));
}
ALWAYS_INLINE Ints widened_signed_bytes(const Byte* at) {
  return bits_as<Ints>(_mm512_maskz_cvtepi8_epi32(0xffff, load<__m128i>(at)));
}
ALWAYS_INLINE Ints widened_shorts(const Byte* at) {
  return bits_as<Ints>(_mm512_maskz_cvtepu16_epi32(0xffff, load<__m256i>(at)));
}
#elif defined(__AVX2__)
ALWAYS_INLINE Ints widened_bytes(const Byte* at) {
  return bits_as<Ints>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}
ALWAYS_INLINE Ints widened_signed_bytes(const Byte* at) {
  return bits_as<Ints>(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}
ALWAYS_INLINE Ints widened_shorts(const Byte* at) {
  return bits_as<Ints>(_mm256_cvtepu16_epi32(load<__m128i>(at)));
}
#elif defined(__SSE4_1__)
ALWAYS_INLINE Ints widened_bytes(const Byte* at) {
  return bits_as<Ints>(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(load<std::int32_t>(at))));
}
ALWAYS_INLINE Ints widened_signed_bytes(const Byte* at) {
  return bits_as<Ints>(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(load<std::int32_t>(at))));
}
ALWAYS_INLINE Ints widened_shorts(const Byte* at) {
  return bits_as<Ints>(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}
#elif defined(__aarch64__)
ALWAYS_INLINE Ints widened_bytes(const Byte* at) {
  const uint16x8_t shorts = vmovl_u8(bits_as<uint8x8_t>(vdup_n_u32(load<std::uint32_t>(at))));
  return bits_as<Ints>(vmovl_u16(vget_low_u16(shorts)));
}
ALWAYS_INLINE Ints widened_signed_bytes(const Byte* at) {
  const int16x8_t shorts = vmovl_s8(bits_as<int8x8_t>(vdup_n_u32(load<std::uint32_t>(at))));
  return bits_as<Ints>(vmovl_s16(vget_low_s16(shorts)));
}
ALWAYS_INLINE Ints widened_shorts(const Byte* at) { return bits_as<Ints>(vmovl_u16(load<uint16x4_t>(at))); }
#else
ALWAYS_INLINE Ints widened_bytes(const Byte* at) { return __builtin_convertvector(load<Bytes>(at), Ints); }
ALWAYS_INLINE Ints widened_signed_bytes(const Byte* at) {
  return __builtin_convertvector(load<SignedBytes>(at), Ints);
}
ALWAYS_INLINE Ints widened_shorts(const Byte* at) { return __builtin_convertvector(load<Shorts>(at), Ints); }
#endif

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA
