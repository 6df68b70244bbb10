// The derivatives of the operations in core/backends/backend.h, each for one text, on one thread. `d_x` is
// the derivative of the loss with respect to x. Functions that return nothing add to what is there.
//
// Where they compute, the CPU or a device, there lie the sums that they add to: a float* is an address there,
// which a device's operations alone can read. Tensors may lie anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/backends/backend.h"
#include "core/backends/cpu/kernels.h"

namespace headlight {

class GradientOperations {
 public:
  virtual ~GradientOperations() = default;

  // Where a text's gradients are added up, all zeros: `values` itself, or as many numbers on the device.
  virtual float* begin_sums(std::span<float> values) = 0;
  // Those sums become `values`.
  virtual void finish_sums(std::span<float> values) = 0;

  // Tensors to be added to, at address().
  virtual Tensor zeros(Shape shape) = 0;
  virtual Tensor copy(const Tensor& x) = 0;
  virtual float* address(Tensor& sum) = 0;
  // The same values where these compute, for what is read several times.
  virtual Tensor brought(const Tensor& x) = 0;
  // Of x [pos, width] the rows at these positions: [positions, width], x itself when these are all.
  virtual Tensor some_rows(const Tensor& x, std::span<const std::int64_t> positions) = 0;

  // y = x·Wᵀ: d_x += d_y·W. d_y [pos, rows], weight [rows, columns] in float32, d_x [pos, columns].
  virtual void linear_input(const Tensor& d_y, const Weight& weight, float* d_x) = 0;
  // y = x·Wᵀ + b: d_weight += d_yᵀ·x, d_bias += the sum of the rows of d_y; null where nothing is trained.
  virtual void linear_weights(const Tensor& d_y, const Tensor& x, float* d_weight, float* d_bias) = 0;

  // y = (x - mean) / scale * gain + bias, or x / scale * gain. x, d_y [pos, width]; scale [pos, 1].
  // Source: Ba et al. 2016; Zhang & Sennrich 2019.
  virtual void normalized(const Tensor& d_y, const Tensor& x, const Tensor& scale, Norm norm,
                          const Tensor& gain, float* d_gain, float* d_bias, float* d_x) = 0;

  // The turn back: [pos, head, d_head] of texts that begin at position 0.
  virtual Tensor rotated(const Tensor& d_y, const Rotation& rotation) = 0;

  // z = softmax(scale · q·kᵀ)·v, given the pattern [head, query, key]. d_z, q, d_q [query, head, d_head]; k,
  // v, d_k, d_v [key, kv_head, d_head]: several heads may add to one key head.
  struct Attention {
    Tensor d_q, d_k, d_v;
  };
  virtual Attention attention(const Tensor& d_z, const Tensor& q, const Tensor& k, const Tensor& v,
                              const Tensor& pattern, double scale, bool causal) = 0;

  // d_y becomes d_y · activation'(x), element by element.
  virtual void activation(const Tensor& x, Activation activation, float* d_y) = 0;
  virtual Tensor activated(const Tensor& x, Activation activation) = 0;
  virtual void scale(float factor, std::int64_t count, float* x) = 0;
  virtual void multiply(const Tensor& by, float* x) = 0;
  virtual void add(const Tensor& a, float* to) = 0;

  // Rows of d_y [pos, width], times scale, added to those of the table that `ids` name.
  virtual void embed(const Tensor& d_y, std::span<const TokenId> ids, double scale, float* d_table) = 0;
};

std::unique_ptr<GradientOperations> make_cpu_gradient_operations(const Kernels& kernels);

// A tensor of zeros in the memory of the host.
Tensor zeros(Shape shape);

}  // namespace headlight
