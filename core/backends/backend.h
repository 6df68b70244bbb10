// The operations that a forward pass is made of. Shapes in comments; pos = rows that are computed now.
// Results are float32; how an operation sums inside is the backend's own (the reference sums in double).
// Wrong shapes are our bug: std::logic_error.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/base/tensor.h"
#include "core/model/architecture.h"
#include "core/model/weight.h"
#include "core/text/tokenizer.h"

namespace headlight {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  // "cpu", "reference", "checked"

  // table [vocabulary, d_model], ids -> [pos, d_model]
  virtual Tensor embed(const Weight& table, std::span<const TokenId> ids) = 0;

  // x [pos, columns], weight [rows, columns] -> [pos, rows]: x times the transposed weight.
  virtual Tensor linear(const Tensor& x, const Weight& weight) = 0;

  // sqrt(mean(x^2) + epsilon) of each row: x [pos, d_model] -> [pos, 1]
  virtual Tensor rms_scale(const Tensor& x, double epsilon) = 0;
  // x / scale * gain: [pos, d_model], [pos, 1], [d_model] -> [pos, d_model]
  virtual Tensor scaled_by(const Tensor& x, const Tensor& scale, const Tensor& gain) = 0;

  // Rotary positions (Su et al. 2021), pairs (i, i + dimensions/2) as Hugging Face stores them:
  // x [pos, head, d_head], row p turned by the angle (first_position + p) * base^(-2i/dimensions).
  virtual Tensor rotate(const Tensor& x, std::int64_t first_position, double base,
                        std::int64_t dimensions) = 0;

  // Scores before softmax, in nats: q [query, head, d_head], k [key, kv_head, d_head] -> [head, query, key].
  // Query row i stands at position first_position + i; keys stand at 0, 1, ...; later keys are -inf.
  // Source: Vaswani et al. 2017, eq. 1; grouped heads: Ainslie et al. 2023, section 2.2.
  virtual Tensor attention_scores(const Tensor& q, const Tensor& k, double scale,
                                  std::int64_t first_position) = 0;
  // Softmax over the last axis; -inf becomes exactly 0. [head, query, key] -> same. A row of only -inf
  // becomes zeros.
  virtual Tensor softmax(const Tensor& scores) = 0;
  // pattern [head, query, key], v [key, kv_head, d_head] -> z [query, head, d_head]
  virtual Tensor mix_values(const Tensor& pattern, const Tensor& v) = 0;
  // The three above in one, without ever holding [head, query, key]: for long texts whose patterns nobody
  // asked for.
  virtual Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, double scale,
                        std::int64_t first_position) = 0;

  // Element by element, same shapes.
  virtual Tensor add(const Tensor& a, const Tensor& b) = 0;
  virtual Tensor multiply(const Tensor& a, const Tensor& b) = 0;
  virtual Tensor activate(const Tensor& x, Activation activation) = 0;
};

std::unique_ptr<Backend> make_reference_backend();
// The fast one. threads <= 0: one a physical core. Kernels are chosen at run time by what the processor has.
std::unique_ptr<Backend> make_cpu_backend(int threads);
// Runs both and throws std::logic_error naming the first operation whose results differ by more than
// `tolerance` times the largest magnitude in the reference's result; returns the first one's results.
std::unique_ptr<Backend> make_checked_backend(std::unique_ptr<Backend> tested,
                                              std::unique_ptr<Backend> reference, double tolerance);

}  // namespace headlight
