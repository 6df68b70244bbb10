// The inner loops, written with the vector extension that GCC and clang share: the same text serves SSE,
// AVX2, AVX-512 and others, by the width below. CMake compiles this file once for each instruction set, with
// HEADLIGHT_ISA as the namespace. Nothing here may have external linkage but the table at the end: a template
// or inline function shared with other files would be compiled for AVX-512 here and then be linked into code
// that runs on every processor (cmake/check_kernel_symbols.cmake watches this).
#include "core/backends/cpu/kernels.h"

#include "core/backends/cpu/functions.h"
#include "core/backends/cpu/gradient_loops.h"
#include "core/backends/cpu/packed_super_blocks.h"
#include "core/backends/cpu/products.h"
#include "core/backends/cpu/scores.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

template <class Format>
void decode_blocks(const Byte* row, Int64 columns, float* out) {
  typename Format::Scales scales;
  Floats values[parts];
  Int64 column = 0;
  for (; column + 32 <= columns; row += Format::bytes) {
    prepare<Format>(row, scales);
    for (int group = 0; group < Format::values / 32; ++group, column += 32) {
      expand<Format>(row, scales, group, values);
      __builtin_memcpy(out + column, values, sizeof values);
    }
  }
  if (Format::any_count && column < columns) {
    Byte padded[Format::bytes] = {};
    __builtin_memcpy(padded, row, static_cast<std::size_t>((columns - column) * (Format::bytes / 32)));
    expand<Format>(padded, scales, 0, values);
    __builtin_memcpy(out + column, values, static_cast<std::size_t>(columns - column) * sizeof(float));
  }
}

// body(Format) for the formats that kernels.h names.
template <class Body>
ALWAYS_INLINE void with_format(NumberFormat format, const Body& body) {
  switch (format) {
    case NumberFormat::f32:
      return body(F32{});
    case NumberFormat::f16:
      return body(F16{});
    case NumberFormat::bf16:
      return body(Bf16{});
    case NumberFormat::q4_0:
      return body(Q4_0{});
    case NumberFormat::q4_1:
      return body(Q4_1{});
    case NumberFormat::q5_0:
      return body(Q5_0{});
    case NumberFormat::q5_1:
      return body(Q5_1{});
    case NumberFormat::q8_0:
      return body(Q8_0{});
    case NumberFormat::q2_k:
      return body(Q2_K{});
    case NumberFormat::q3_k:
      return body(Q3_K{});
    case NumberFormat::q4_k:
      return body(Q4_K{});
    case NumberFormat::q5_k:
      return body(Q5_K{});
    case NumberFormat::q6_k:
      return body(Q6_K{});
    case NumberFormat::iq4_nl:
      return body(Iq4_Nl{});
    case NumberFormat::iq4_xs:
      return body(Iq4_Xs{});
    default:
      __builtin_trap();
  }
}

void decode(NumberFormat format, const Byte* row, Int64 columns, float* out) {
  with_format(format, [&](auto type) { decode_blocks<decltype(type)>(row, columns, out); });
}

void product(FloatRows x, PackedRows w, Int64 count, float* panel, float* out, Int64 out_stride) {
  with_format(w.format,
              [&](auto type) { packed_product<decltype(type)>(x, w, count, panel, out, out_stride); });
}

// ---- Sums of rows with weights: P rows of weights by V vectors of width ----

constexpr Int64 rows_ahead = 8;

template <int P, int V>
void mix_tile(FloatRows weights, FloatRows v, float* out, Int64 out_stride) {
  Floats acc[P][V];
  for (int p = 0; p < P; ++p) {
    for (int i = 0; i < V; ++i) acc[p][i] = load<Floats>(out + p * out_stride + i * lanes);
  }
  for (Int64 k = 0; k < v.rows; ++k) {
    bool any_zero = false;
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) any_zero |= weights.data[p * weights.stride + k] == 0.0F;
    Floats value[V];
#pragma GCC unroll 4
    for (int i = 0; i < V; ++i) {
      const float* at = v.data + k * v.stride + i * lanes;
      value[i] = load<Floats>(at);
      __builtin_prefetch(at + rows_ahead * v.stride);  // rows lie far apart; past the end it does nothing
    }
    if (__builtin_expect(any_zero, 0)) {
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) {
        const float weight = weights.data[p * weights.stride + k];
        if (weight == 0.0F) continue;
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) acc[p][i] += weight * value[i];
      }
      continue;
    }
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) {
      const Floats weight = all(weights.data[p * weights.stride + k]);
#pragma GCC unroll 4
      for (int i = 0; i < V; ++i) acc[p][i] += weight * value[i];
    }
  }
  for (int p = 0; p < P; ++p) {
    for (int i = 0; i < V; ++i) store(out + p * out_stride + i * lanes, acc[p][i]);
  }
}

// What is left of the width when no whole vector is.
void mix_narrow(FloatRows weights, FloatRows v, Int64 width, float* out, Int64 out_stride) {
  for (Int64 p = 0; p < weights.rows; ++p) {
    for (Int64 k = 0; k < v.rows; ++k) {
      const float weight = weights.data[p * weights.stride + k];
      if (weight == 0.0F) continue;
      for (Int64 c = 0; c < width; ++c) out[p * out_stride + c] += weight * v.data[k * v.stride + c];
    }
  }
}

template <int V>
void mix_columns(FloatRows weights, FloatRows v, float* out, Int64 out_stride) {
  constexpr Int64 p_tile = 4 / (lanes == 16 ? 1 : 2);  // 16 or 8 running sums
  for (Int64 p = 0; p < weights.rows;) {
    const FloatRows some = {weights.data + p * weights.stride, weights.stride, weights.rows - p};
    if (some.rows >= p_tile) {
      mix_tile<p_tile, V>(some, v, out + p * out_stride, out_stride);
      p += p_tile;
    } else {
      mix_tile<1, V>(some, v, out + p * out_stride, out_stride);
      p += 1;
    }
  }
}

void mix(FloatRows weights, FloatRows v, Int64 width, float* out, Int64 out_stride) {
  Int64 c = 0;
  for (; c + 4 * lanes <= width; c += 4 * lanes) {
    mix_columns<4>(weights, {v.data + c, v.stride, v.rows}, out + c, out_stride);
  }
  for (; c + lanes <= width; c += lanes) {
    mix_columns<1>(weights, {v.data + c, v.stride, v.rows}, out + c, out_stride);
  }
  if (c < width) mix_narrow(weights, {v.data + c, v.stride, v.rows}, width - c, out + c, out_stride);
}

// ---- Functions ----

float maximum(const float* values, Int64 count) {
  const float lowest = -__builtin_inff();
  Floats best = all(lowest);
  Int64 i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Floats v = load<Floats>(values + i);
    best = v > best ? v : best;
  }
  float result = lowest;
  for (int lane = 0; lane < lanes; ++lane) result = best[lane] > result ? best[lane] : result;
  for (; i < count; ++i) result = values[i] > result ? values[i] : result;
  return result;
}

ALWAYS_INLINE Floats masked_exponential(Floats value, float shift) {
  const Ints masked = value == all(-__builtin_inff());
  return bits_as<Floats>(bits_as<Ints>(exponential(value - shift)) & ~masked);
}

double exponentials(const float* values, Int64 count, float shift, float* out) {
  double total = 0.0;
  for (Int64 i = 0; i < count;) {
    // A few values a lane in float32, then on in double: long rows lose nothing.
    const Int64 end = count - i < 64 ? count : i + 64;
    Floats partial = {};
    for (; i + lanes <= end; i += lanes) {
      const Floats e = masked_exponential(load<Floats>(values + i), shift);
      store(out + i, e);
      partial += e;
    }
    if (i < end) {
      const auto rest = static_cast<std::size_t>(end - i) * sizeof(float);
      Floats padded = all(-__builtin_inff());
      __builtin_memcpy(&padded, values + i, rest);
      const Floats e = masked_exponential(padded, shift);
      __builtin_memcpy(out + i, &e, rest);
      partial += e;
      i = end;
    }
    total += static_cast<double>(sum(partial));
  }
  return total;
}

template <class Function>
ALWAYS_INLINE void each(const float* x, Int64 count, float* out, const Function& function) {
  Int64 i = 0;
  for (; i + lanes <= count; i += lanes) store(out + i, function(load<Floats>(x + i)));
  if (i < count) {
    const Floats rest = function(load_some(x + i, count - i));
    __builtin_memcpy(out + i, &rest, static_cast<std::size_t>(count - i) * sizeof(float));
  }
}

void silu(const float* x, Int64 count, float* out) {
  each(x, count, out, [](Floats v) { return silu_of(v); });
}

void gelu_tanh(const float* x, Int64 count, float* out) {
  each(x, count, out, [](Floats v) { return gelu_tanh_of(v); });
}

void relu(const float* x, Int64 count, float* out) {
  each(x, count, out, [](Floats v) { return relu_of(v); });
}

void gelu(const float* x, Int64 count, float* out) {
  each(x, count, out, [](Floats v) { return gelu_of(v); });
}

void tanh(const float* x, Int64 count, float factor, float* out) {
  each(x, count, out, [factor](Floats v) { return tanh_of(v / factor) * factor; });
}

double mean(const float* x, Int64 count) {
  double acc[8] = {};  // independent sums, so that the compiler can put them side by side
  Int64 i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int j = 0; j < 8; ++j) acc[j] += static_cast<double>(x[i + j]);
  }
  for (; i < count; ++i) acc[0] += static_cast<double>(x[i]);
  double total = 0.0;
  for (const double part : acc) total += part;
  return total / static_cast<double>(count);
}

float deviation(const float* x, Int64 count, double middle, double epsilon) {
  double acc[8] = {};
  Int64 i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int j = 0; j < 8; ++j) {
      const double distance = static_cast<double>(x[i + j]) - middle;
      acc[j] += distance * distance;
    }
  }
  for (; i < count; ++i)
    acc[0] += (static_cast<double>(x[i]) - middle) * (static_cast<double>(x[i]) - middle);
  double total = 0.0;
  for (const double part : acc) total += part;
  return static_cast<float>(__builtin_sqrt(total / static_cast<double>(count) + epsilon));
}

// ---- Element by element: plain loops, which both compilers turn into vectors ----

void normalized(const float* x, Int64 count, float middle, float scale, const float* gain, const float* bias,
                float* out) {
  if (bias == nullptr) {
    for (Int64 i = 0; i < count; ++i) out[i] = (x[i] - middle) / scale * gain[i];
    return;
  }
  for (Int64 i = 0; i < count; ++i) out[i] = (x[i] - middle) / scale * gain[i] + bias[i];
}

void rotate(const float* x, Int64 half, const float* cosines, const float* sines, float* out) {
  for (Int64 i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    out[i] = a * cosines[i] - b * sines[i];
    out[i + half] = a * sines[i] + b * cosines[i];
  }
}

void add(const float* a, const float* b, Int64 count, float* out) {
  for (Int64 i = 0; i < count; ++i) out[i] = a[i] + b[i];
}

void multiply(const float* a, const float* b, Int64 count, float* out) {
  for (Int64 i = 0; i < count; ++i) out[i] = a[i] * b[i];
}

void multiply_by(const float* a, float factor, Int64 count, float* out) {
  for (Int64 i = 0; i < count; ++i) out[i] = a[i] * factor;
}

#define NAME_OF(isa) #isa
#define NAME(isa) NAME_OF(isa)

}  // namespace

extern const Kernels table;
const Kernels table = {.name = NAME(HEADLIGHT_ISA),
                       .tile_rows = x_tile,
                       .product = product,
                       .decode = decode,
                       .key_lanes = lanes,
                       .turn_keys = turn_keys,
                       .score = score,
                       .mix = mix,
                       .maximum = maximum,
                       .exponentials = exponentials,
                       .deviation = deviation,
                       .mean = mean,
                       .normalized = normalized,
                       .rotate = rotate,
                       .add = add,
                       .multiply = multiply,
                       .multiply_by = multiply_by,
                       .silu = silu,
                       .gelu = gelu,
                       .gelu_tanh = gelu_tanh,
                       .relu = relu,
                       .tanh = tanh,
                       .add_product = add_product,
                       .silu_slope = silu_slope,
                       .gelu_slope = gelu_slope,
                       .gelu_tanh_slope = gelu_tanh_slope,
                       .relu_slope = relu_slope,
                       .tanh_slope = tanh_slope};

}  // namespace headlight::HEADLIGHT_ISA
