// What only training needs, part of kernels.cpp: products that sum over rows, and slopes of the activations.
#pragma once

#include "core/backends/cpu/functions.h"
#include "core/backends/cpu/kernels.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

// ---- out[r][c] += sum over k of a[r][k] * b[k][c] ----

constexpr int gradient_rows = 6;                       // of out in one tile
constexpr int gradient_vectors = lanes == 16 ? 4 : 2;  // of its columns: 24 or 12 running sums
constexpr Int64 gradient_terms = 256;                  // of k at a time: their b stays in the second cache
constexpr Int64 gradient_block = 8 * gradient_rows;    // rows of a that are copied together
constexpr Int64 copied_ahead = 8;  // of them: 24 cache lines, about what memory serves at once

// a[r * a_row + k * a_step]: a matrix or, with the steps exchanged, its transpose.
struct SteppedFloats {
  const float* data;
  Int64 row, step;
};

template <int P, int V>
void sum_tile(SteppedFloats a, const float* b, Int64 b_stride, Int64 terms, float* out, Int64 out_stride) {
  Floats acc[P][V] = {};
  const float* from = a.data;
  for (Int64 k = 0; k < terms; ++k, from += a.step, b += b_stride) {
    Floats value[V];
#pragma GCC unroll 4
    for (int i = 0; i < V; ++i) value[i] = load<Floats>(b + i * lanes);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
      const Floats factor = all(from[p * a.row]);
#pragma GCC unroll 4
      for (int i = 0; i < V; ++i) acc[p][i] += factor * value[i];
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 4
    for (int i = 0; i < V; ++i) {
      float* to = out + p * out_stride + i * lanes;
      store(to, load<Floats>(to) + acc[p][i]);
    }
  }
}

template <int P>
void sum_narrow(SteppedFloats a, const float* b, Int64 b_stride, Int64 terms, Int64 width, float* out,
                Int64 out_stride) {
  Floats acc[P] = {};
  const float* from = a.data;
  for (Int64 k = 0; k < terms; ++k, from += a.step, b += b_stride) {
    const Floats value = load_some(b, width);
    for (int p = 0; p < P; ++p) acc[p] += all(from[p * a.row]) * value;
  }
  for (int p = 0; p < P; ++p) {
    float* to = out + p * out_stride;
    const Floats sum = load_some(to, width) + acc[p];
    __builtin_memcpy(to, &sum, static_cast<std::size_t>(width) * sizeof(float));
  }
}

template <int P>
void sum_rows(SteppedFloats a, const float* b, Int64 b_stride, Int64 terms, Int64 width, float* out,
              Int64 out_stride) {
  Int64 c = 0;
  for (; c + gradient_vectors * lanes <= width; c += gradient_vectors * lanes) {
    sum_tile<P, gradient_vectors>(a, b + c, b_stride, terms, out + c, out_stride);
  }
  for (; c + lanes <= width; c += lanes) sum_tile<P, 1>(a, b + c, b_stride, terms, out + c, out_stride);
  if (c < width) sum_narrow<P>(a, b + c, b_stride, terms, width - c, out + c, out_stride);
}

// Rows of one block, in tiles as even as possible.
void sum_block(SteppedFloats a, Int64 rows, const float* b, Int64 b_stride, Int64 terms, Int64 width,
               float* out, Int64 out_stride) {
  for (Int64 tiles = (rows + gradient_rows - 1) / gradient_rows, r = 0; tiles > 0; --tiles) {
    const Int64 length = (rows - r + tiles - 1) / tiles;
    const SteppedFloats some = {a.data + r * a.row, a.row, a.step};
    float* to = out + r * out_stride;
    switch (length) {
      case 1:
        sum_rows<1>(some, b, b_stride, terms, width, to, out_stride);
        break;
      case 2:
        sum_rows<2>(some, b, b_stride, terms, width, to, out_stride);
        break;
      case 3:
        sum_rows<3>(some, b, b_stride, terms, width, to, out_stride);
        break;
      case 4:
        sum_rows<4>(some, b, b_stride, terms, width, to, out_stride);
        break;
      case 5:
        sum_rows<5>(some, b, b_stride, terms, width, to, out_stride);
        break;
      default:
        sum_rows<gradient_rows>(some, b, b_stride, terms, width, to, out_stride);
        break;
    }
    r += length;
  }
}

// A transposed a would be read a few numbers from each page: such blocks are copied first.
void add_product(const float* a, Int64 a_row, Int64 a_step, FloatRows b, Int64 rows, Int64 width, float* out,
                 Int64 out_stride) {
  alignas(64) float copied[gradient_terms * gradient_block];
  for (Int64 k = 0; k < b.rows; k += gradient_terms) {
    const Int64 terms = b.rows - k < gradient_terms ? b.rows - k : gradient_terms;
    for (Int64 r = 0; r < rows; r += gradient_block) {
      const Int64 length = rows - r < gradient_block ? rows - r : gradient_block;
      SteppedFloats some = {a + r * a_row + k * a_step, a_row, a_step};
      if (a_row == 1 && a_step > gradient_block) {
        for (Int64 i = 0; i < terms; ++i) {
          const float* ahead = some.data + (i + copied_ahead) * a_step;  // no prefetcher follows such strides
          for (Int64 line = 0; line < gradient_block; line += 16) __builtin_prefetch(ahead + line);
          __builtin_memcpy(copied + i * gradient_block, some.data + i * a_step,
                           static_cast<std::size_t>(length) * sizeof(float));
        }
        some = {copied, 1, gradient_block};
      }
      sum_block(some, length, b.data + k * b.stride, b.stride, terms, width, out + r * out_stride,
                out_stride);
    }
  }
}

// ---- Slopes: out[i] *= d activation(x) / dx at x[i] ----

ALWAYS_INLINE Floats silu_slope_of(Floats x) {
  const Floats share = 1.0F / (1.0F + exponential(-x));
  return share + x * share * (1.0F - share);
}

// The normal distribution's share below x, plus x times its density.
ALWAYS_INLINE Floats gelu_slope_of(Floats x) {
  const Floats size = magnitude(x);
  const Floats share = size < all(1e-3F) ? 0.5F + 0.398942280401F * x : gelu_of(x) / x;
  return share + x * 0.398942280401F * exponential(-0.5F * x * x);
}

ALWAYS_INLINE Floats gelu_tanh_slope_of(Floats x) {
  const Floats square = x * x;
  const Floats twice = x * (1.5957691216057308F + 0.07135481627159942F * square);
  const Floats share = 1.0F / (1.0F + exponential(-twice));  // (1 + tanh(u)) / 2, twice = 2u
  return share + x * share * (1.0F - share) * (1.5957691216057308F + 0.21406444881477826F * square);
}

ALWAYS_INLINE Floats relu_slope_of(Floats x) {
  return bits_as<Floats>(bits_as<Ints>(all(1.0F)) & (x > Floats{}));
}

ALWAYS_INLINE Floats tanh_slope_of(Floats x) {
  const Floats value = tanh_of(x);
  return 1.0F - value * value;
}

template <class Slope>
ALWAYS_INLINE void times_slope(const float* x, Int64 count, float* out, const Slope& slope) {
  Int64 i = 0;
  for (; i + lanes <= count; i += lanes) store(out + i, load<Floats>(out + i) * slope(load<Floats>(x + i)));
  if (i < count) {
    const Floats rest = load_some(out + i, count - i) * slope(load_some(x + i, count - i));
    __builtin_memcpy(out + i, &rest, static_cast<std::size_t>(count - i) * sizeof(float));
  }
}

void silu_slope(const float* x, Int64 count, float* out) {
  times_slope(x, count, out, [](Floats v) { return silu_slope_of(v); });
}
void gelu_slope(const float* x, Int64 count, float* out) {
  times_slope(x, count, out, [](Floats v) { return gelu_slope_of(v); });
}
void gelu_tanh_slope(const float* x, Int64 count, float* out) {
  times_slope(x, count, out, [](Floats v) { return gelu_tanh_slope_of(v); });
}
void relu_slope(const float* x, Int64 count, float* out) {
  times_slope(x, count, out, [](Floats v) { return relu_slope_of(v); });
}
void tanh_slope(const float* x, Int64 count, float* out) {
  times_slope(x, count, out, [](Floats v) { return tanh_slope_of(v); });
}

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA
