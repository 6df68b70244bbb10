// The inner loops of the CPU backend as a table of functions. kernels.cpp is compiled once for each
// instruction set and fills one table each; instruction_sets.cpp chooses at run time. Only plain types cross
// this border, so that no inline function compiled for a newer processor can end up in code that an older one
// runs.
#pragma once

#include <cstdint>

#include "core/model_files/number_formats.h"

namespace headlight {

// Rows of float32 in memory; strides count floats.
struct FloatRows {
  const float* data;
  std::int64_t stride;
  std::int64_t rows;
};

struct PackedRows {
  NumberFormat format;
  const unsigned char* data;  // no alignment
  std::int64_t stride;        // bytes
  std::int64_t rows;
};

// Floats of a panel: whole blocks of 32 columns of whole tiles of four rows.
constexpr std::int64_t panel_size(std::int64_t rows, std::int64_t columns) {
  return (rows + 3) / 4 * 4 * ((columns + 31) / 32 * 32);
}

// The formats that `product` and `decode` know: all in which the files of models hold weights but F64.
constexpr bool has_kernels(NumberFormat format) {
  return static_cast<int>(format) <= static_cast<int>(NumberFormat::iq4_xs) && format != NumberFormat::f64;
}

struct Kernels {
  const char* name;  // "avx512"

  // Rows of x that `product` takes without a panel.
  std::int64_t tile_rows;

  // out[p * out_stride + r] = sum over c < count of x[p][c] * w[r][c], in float32 with one running sum a
  // vector lane. The order of summing depends on count alone: a row's result is the same bits however many
  // rows are computed with it. Weights are packed, in every format that has_kernels; count is a whole number
  // of blocks. More rows of x than tile_rows need a panel, in which the expanded weights are left:
  // panel_size(w.rows, count) floats, best at a multiple of 64 bytes.
  void (*product)(FloatRows x, PackedRows w, std::int64_t count, float* panel, float* out,
                  std::int64_t out_stride);

  // One row of the same formats to float32, the same bits as decode_row in number_formats.h.
  void (*decode)(NumberFormat format, const unsigned char* row, std::int64_t columns, float* out);

  // `count` <= key_lanes keys of `width` dimensions to out [width][key_lanes]; zeros where there is no key.
  std::int64_t key_lanes;
  void (*turn_keys)(const float* const* keys, std::int64_t count, std::int64_t width, float* out);
  // out[p * out_stride + k] = factor * sum over d < width of q[p][d] * key k's d, in float32, one d after the
  // other: the same bits whatever is computed beside it. keys: groups of key_lanes, turned; count of them
  // exist.
  void (*score)(FloatRows q, const float* keys, std::int64_t count, std::int64_t width, float factor,
                float* out, std::int64_t out_stride);

  // out[p * out_stride + c] += sum over k < v.rows of weights[p][k] * v[k][c], c < width. A weight of exactly
  // 0 leaves its v unread, so that what stands behind a mask cannot matter.
  void (*mix)(FloatRows weights, FloatRows v, std::int64_t width, float* out, std::int64_t out_stride);

  // The largest value that is not NaN; -inf when there is none.
  float (*maximum)(const float* values, std::int64_t count);
  // out[i] = exp(values[i] - shift), exactly 0 for -inf; returns the sum. exp is right within 1.5 ulp.
  double (*exponentials)(const float* values, std::int64_t count, float shift, float* out);

  // sqrt(mean((x - middle)^2) + epsilon), summed in double; an RMSNorm's middle is 0.
  float (*deviation)(const float* x, std::int64_t count, double middle, double epsilon);
  double (*mean)(const float* x, std::int64_t count);
  // (x - middle) / scale * gain + bias; without bias where that is null.
  void (*normalized)(const float* x, std::int64_t count, float middle, float scale, const float* gain,
                     const float* bias, float* out);
  // Pairs (i, i + half) turned by the angles with these cosines and sines.
  void (*rotate)(const float* x, std::int64_t half, const float* cosines, const float* sines, float* out);
  void (*add)(const float* a, const float* b, std::int64_t count, float* out);
  void (*multiply)(const float* a, const float* b, std::int64_t count, float* out);
  void (*multiply_by)(const float* a, float factor, std::int64_t count, float* out);
  void (*silu)(const float* x, std::int64_t count, float* out);
  void (*gelu)(const float* x, std::int64_t count, float* out);       // with erf
  void (*gelu_tanh)(const float* x, std::int64_t count, float* out);  // its approximation
  void (*relu)(const float* x, std::int64_t count, float* out);
  void (*tanh)(const float* x, std::int64_t count, float factor, float* out);  // factor * tanh(x / factor)

  // For training. out[r * out_stride + c] += sum over k < b.rows of a[r * a_row + k * a_step] * b[k][c], for
  // r < rows and c < width, in float32, 256 terms at a time: with the steps exchanged, a transposed.
  void (*add_product)(const float* a, std::int64_t a_row, std::int64_t a_step, FloatRows b, std::int64_t rows,
                      std::int64_t width, float* out, std::int64_t out_stride);
  // out[i] *= the slope of the activation at x[i].
  void (*silu_slope)(const float* x, std::int64_t count, float* out);
  void (*gelu_slope)(const float* x, std::int64_t count, float* out);
  void (*gelu_tanh_slope)(const float* x, std::int64_t count, float* out);
  void (*relu_slope)(const float* x, std::int64_t count, float* out);
  void (*tanh_slope)(const float* x, std::int64_t count, float* out);
};

}  // namespace headlight
