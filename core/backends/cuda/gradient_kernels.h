// What the blocks of a GPU do in training and nowhere else, in the manner of kernels.h. `d_x` is the
// derivative of the loss with respect to x. No two blocks add to one number, and each adds in one order: the
// same numbers every time. Formulas: core/training/gradient_operations.cpp.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/backends/cuda/device_code.h"
#include "core/model/architecture.h"

namespace headlight::kernels {

// Blocks of `per_block` numbers: zeros.
struct Clear {
  static constexpr int threads = 256;
  static constexpr std::int64_t per_block = 4096;
  std::int64_t count;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int64_t begin = block * per_block;
    team.each(count - begin < per_block ? count - begin : per_block,
              [&](std::int64_t i) { out[begin + i] = 0.0F; });
  }
};

// A block for `per_block` columns: a and b [rows, width], b null for all ones -> out [width] += the sum over
// the rows of a · b.
struct AddColumns {
  static constexpr int threads = 64;
  static constexpr std::int64_t per_block = threads;
  const float *a, *b;
  std::int64_t rows, width;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int64_t begin = block * per_block;
    team.each(width - begin < per_block ? width - begin : per_block, [&](std::int64_t i) {
      const std::int64_t column = begin + i;
      float sum = out[column];
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t at = row * width + column;
        sum += b != nullptr ? a[at] * b[at] : a[at];
      }
      out[column] = sum;
    });
  }
};

// A block for each row: x, d_y [rows, width], scale [rows], gain [width] -> unit [rows, width], which is
// (x - mean) / scale, and d_x [rows, width], which is added to.
struct NormBackward {
  static constexpr int threads = 256;
  const float *x, *scale, *gain, *d_y;
  std::int64_t width;
  bool rms;
  float *unit, *d_x;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const float* row = x + block * width;
    const float* d = d_y + block * width;
    float* n = unit + block * width;
    const float each = static_cast<float>(width), inverse = 1.0F / scale[block];
    const float mean = rms ? 0.0F : team.sum(width, [&](std::int64_t i) { return row[i]; }) / each;
    team.each(width, [&](std::int64_t i) { n[i] = (row[i] - mean) * inverse; });
    team.together();
    const float along = team.sum(width, [&](std::int64_t i) { return d[i] * gain[i] * n[i]; }) / each;
    const float middle = rms ? 0.0F : team.sum(width, [&](std::int64_t i) { return d[i] * gain[i]; }) / each;
    team.each(width, [&](std::int64_t i) {
      d_x[block * width + i] += (d[i] * gain[i] - middle - n[i] * along) * inverse;
    });
  }
};

// A block for each query of each head: pattern and d [rows, keys]; d, the derivative of the pattern, becomes
// that of the scores before they were multiplied by `scale`.
struct SoftmaxBackward {
  static constexpr int threads = 128;
  const float* pattern;
  std::int64_t keys;
  float scale;
  float* d;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const float* weights = pattern + block * keys;
    float* row = d + block * keys;
    const float sum = team.sum(keys, [&](std::int64_t key) { return weights[key] * row[key]; });
    team.each(keys, [&](std::int64_t key) { row[key] = weights[key] * (row[key] - sum) * scale; });
  }
};

HEADLIGHT_DEVICE inline float slope(float x, Activation activation) {
  constexpr float root_of_two_over_pi = 0.79788456080286536F;
  switch (activation) {
    case Activation::silu: {
      const float share = 1.0F / (1.0F + expf(-x));
      return share * (1.0F + x * (1.0F - share));
    }
    case Activation::gelu:
      return 0.5F * erfcf(-x * 0.70710678118654752F) + x * expf(-0.5F * x * x) * 0.39894228040143268F;
    case Activation::gelu_tanh: {
      const float t = tanhf(root_of_two_over_pi * (x + 0.044715F * x * x * x));
      return 0.5F * (1.0F + t) +
             0.5F * x * (1.0F - t * t) * root_of_two_over_pi * (1.0F + 3.0F * 0.044715F * x * x);
    }
    case Activation::relu:
      return x > 0.0F ? 1.0F : 0.0F;
    case Activation::tanh: {
      const float t = tanhf(x);
      return 1.0F - t * t;
    }
  }
  return 1.0F;
}

// Blocks of `per_block` elements: d_i becomes d_i · activation'(x_i).
struct Slopes {
  static constexpr int threads = 256;
  static constexpr std::int64_t per_block = 1024;
  Activation activation;
  const float* x;
  std::int64_t count;
  float* d;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int64_t begin = block * per_block;
    team.each(count - begin < per_block ? count - begin : per_block,
              [&](std::int64_t i) { d[begin + i] *= slope(x[begin + i], activation); });
  }
};

// A block for each position: d [positions, width], ids [positions]; row ids[p] of the table [any, width] +=
// scale · row p of d. The first position with its id adds the rows of all of them, in their order.
struct AddRows {
  static constexpr int threads = 128;
  const float* d;
  const std::int32_t* ids;
  std::int64_t positions, width;
  float scale;
  float* table;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int32_t id = ids[block];
    for (std::int64_t before = 0; before < block; ++before) {
      if (ids[before] == id) return;
    }
    team.each(width, [&](std::int64_t i) {
      float* to = table + id * width + i;
      float sum = *to;
      for (std::int64_t position = block; position < positions; ++position) {
        if (ids[position] == id) sum += scale * d[position * width + i];
      }
      *to = sum;
    });
  }
};

}  // namespace headlight::kernels
