// Dot products of queries with keys, for kernels.cpp alone. Keys are turned first, so that a vector holds one
// dimension of several keys: a score is one running sum over the dimensions, whatever is computed beside it.
#pragma once

#include "core/backends/cpu/kernels.h"
#include "core/backends/cpu/vectors.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

// The lower or upper halves of both, taken in turn.
ALWAYS_INLINE Floats low_in_turn(Floats a, Floats b) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#elif defined(__AVX2__)
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#else
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}
ALWAYS_INLINE Floats high_in_turn(Floats a, Floats b) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif defined(__AVX2__)
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}

// Rows become columns. Each round moves the highest bit of a value's column to the lowest of its row, and the
// other way round.
ALWAYS_INLINE void turn(Floats (&rows)[lanes]) {
  for (int bit = 1; bit < lanes; bit *= 2) {
    Floats next[lanes];
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; ++i) {
      next[2 * i] = low_in_turn(rows[i], rows[i + lanes / 2]);
      next[2 * i + 1] = high_in_turn(rows[i], rows[i + lanes / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) rows[i] = next[i];
  }
}

// `count` <= lanes keys of `width` dimensions to out [width][lanes]; zeros where there is no key.
void turn_keys(const float* const* keys, Int64 count, Int64 width, float* out) {
  for (Int64 d = 0; d < width; d += lanes) {
    const Int64 left = width - d < lanes ? width - d : lanes;
    Floats block[lanes];
    for (Int64 key = 0; key < lanes; ++key) {
      block[key] = key >= count    ? Floats{}
                   : left == lanes ? load<Floats>(keys[key] + d)
                                   : load_some(keys[key] + d, left);
    }
    turn(block);
    for (Int64 i = 0; i < left; ++i) store(out + (d + i) * lanes, block[i]);
  }
}

// P queries by G groups of keys, of which `count` exist.
template <int P, int G>
ALWAYS_INLINE void score_tile(const float* q, Int64 q_stride, const float* keys, Int64 count, Int64 width,
                              float factor, float* out, Int64 out_stride) {
  Floats acc[P][G] = {};
  for (Int64 d = 0; d < width; ++d) {
    Floats key[G];
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) key[g] = load<Floats>(keys + (g * width + d) * lanes);
#pragma GCC unroll 12
    for (int p = 0; p < P; ++p) {
      const Floats value = all(q[p * q_stride + d]);
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) acc[p][g] += value * key[g];
    }
  }
#pragma GCC unroll 12
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) {
      const Floats scores = acc[p][g] * factor;
      const Int64 left = count - g * lanes;
      float* to = out + p * out_stride + g * lanes;
      if (left >= lanes) {
        store(to, scores);
      } else {
        __builtin_memcpy(to, &scores, static_cast<std::size_t>(left) * sizeof(float));
      }
    }
  }
}

template <int P, int G>
void score_queries(const float* q, Int64 q_stride, const float* keys, Int64 count, Int64 width, float factor,
                   float* out, Int64 out_stride) {
  Int64 key = 0;
  for (; key + (G - 1) * lanes < count; key += G * lanes) {
    score_tile<P, G>(q, q_stride, keys + key * width, count - key, width, factor, out + key, out_stride);
  }
  for (; key < count; key += lanes) {
    score_tile<P, 1>(q, q_stride, keys + key * width, count - key, width, factor, out + key, out_stride);
  }
}

// Running sums a tile: as many as the registers hold.
constexpr int groups_of_three = lanes == 16 ? 4 : 3;
constexpr int groups_of_one = lanes == 16 ? 8 : 4;

void score(FloatRows q, const float* keys, Int64 count, Int64 width, float factor, float* out,
           Int64 out_stride) {
  for (Int64 p = 0; p < q.rows;) {
    const float* from = q.data + p * q.stride;
    float* to = out + p * out_stride;
    const Int64 left = q.rows - p;
#if defined(__AVX512F__)
    if (left >= 12) {
      score_queries<12, 2>(from, q.stride, keys, count, width, factor, to, out_stride);
      p += 12;
      continue;
    }
#endif
    if (left >= 6) {
      score_queries<6, 2>(from, q.stride, keys, count, width, factor, to, out_stride);
      p += 6;
    } else if (left >= 3) {
      score_queries<3, groups_of_three>(from, q.stride, keys, count, width, factor, to, out_stride);
      p += 3;
    } else {
      score_queries<1, groups_of_one>(from, q.stride, keys, count, width, factor, to, out_stride);
      p += 1;
    }
  }
}

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA
