// The derivatives of the operations in core/backends/backend.h, each for one text, on one thread. `d_x` is
// the derivative of the loss with respect to x. Functions that return nothing add to what is there.
#pragma once

#include <cstdint>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/cpu/kernels.h"
#include "core/backends/cpu/rotation_table.h"

namespace headlight {

class GradientOperations {
 public:
  explicit GradientOperations(const Kernels& kernels) : kernels_(kernels) {}

  // y = x·Wᵀ: d_x += d_y·W. d_y [pos, rows], weight [rows, columns] in float32, d_x [pos, columns].
  void linear_input(const Tensor& d_y, const Weight& weight, float* d_x);
  // y = x·Wᵀ + b: d_weight += d_yᵀ·x, d_bias += the sum of the rows of d_y; null where nothing is trained.
  void linear_weights(const Tensor& d_y, const Tensor& x, float* d_weight, float* d_bias);

  // y = (x - mean) / scale * gain + bias, or x / scale * gain. x, d_y [pos, width]; scale [pos, 1].
  // Source: Ba et al. 2016; Zhang & Sennrich 2019.
  void normalized(const Tensor& d_y, const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                  float* d_gain, float* d_bias, float* d_x);

  // The turn back: [pos, head, d_head] of texts that begin at position 0.
  Tensor rotated(const Tensor& d_y, const Rotation& rotation);

  // z = softmax(scale · q·kᵀ)·v, given the pattern [head, query, key]. d_z, q, d_q [query, head, d_head]; k,
  // v, d_k, d_v [key, kv_head, d_head]: several heads may add to one key head.
  struct Attention {
    Tensor d_q, d_k, d_v;
  };
  Attention attention(const Tensor& d_z, const Tensor& q, const Tensor& k, const Tensor& v,
                      const Tensor& pattern, double scale, bool causal);

  // d_y becomes d_y · activation'(x), element by element.
  void activation(const Tensor& x, Activation activation, float* d_y);
  void activated(const Tensor& x, Activation activation, float* y);
  void scale(float factor, std::int64_t count, float* x) { kernels_.multiply_by(x, factor, count, x); }
  void multiply(const float* a, const float* b, std::int64_t count, float* out) {
    kernels_.multiply(a, b, count, out);
  }
  void add(const float* a, std::int64_t count, float* to) { kernels_.add(to, a, count, to); }

  // Rows of d_y [pos, width] added to those of the table that `ids` name.
  void embed(const Tensor& d_y, std::span<const TokenId> ids, double scale, float* d_table);

 private:
  const Kernels& kernels_;
  RotationTables tables_;
  std::vector<float> panel_, d_pattern_;
};

// A tensor of zeros, to be added to.
Tensor zeros(Shape shape);

}  // namespace headlight
