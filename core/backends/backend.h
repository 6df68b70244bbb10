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

// Which keys a query may see, and how a score is made of their product. Query row i stands at position
// first_position + i; keys stand at 0, 1, ... What it may not see is -inf.
struct AttentionRule {
  double scale = 1.0;
  std::int64_t first_position = 0;
  bool causal = true;       // no later key
  std::int64_t window = 0;  // no key this far back or farther; 0: no limit
  double soft_cap = 0.0;    // scores s become soft_cap * tanh(s / soft_cap); 0: they stay
};

// The keys [first, last) that the query at this position sees, of `keys`.
struct KeyRange {
  std::int64_t first = 0, last = 0;
};
KeyRange visible_keys(const AttentionRule& rule, std::int64_t position, std::int64_t keys);

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  // "cpu", "cuda", "cuda-tf32", "reference", "checked"
  // Whether the device behind it stopped answering: values that nobody had read yet are NaN then.
  virtual bool gave_up() const { return false; }
  // Waits until everything that was asked for is computed: a device answers before it is. Throws DeviceError.
  virtual void finish() {}
  // The one to compute with what was read: values that lie here are not worth sending again.
  virtual Backend& host() { return *this; }
  // How much of the weights' bytes it computes with itself; the rest did not fit, and is left to the CPU.
  virtual double share_of_weights() const { return 1.0; }

  // table [vocabulary, d_model], ids -> [pos, d_model]
  virtual Tensor embed(const Weight& table, std::span<const TokenId> ids) = 0;

  // x [pos, columns], weight [rows, columns], bias [rows] or empty -> [pos, rows]: x times the transposed
  // weight, plus the bias.
  virtual Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) = 0;
  Tensor linear(const Tensor& x, const Weight& weight) { return linear(x, weight, Tensor()); }

  // What a norm divides each row by: sqrt(variance + epsilon), or sqrt(mean(x^2) + epsilon) of an RMSNorm.
  // x [pos, width] -> [pos, 1]
  virtual Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) = 0;
  // (x - mean) / scale * gain + bias, or x / scale * gain: [pos, width], [pos, 1], [width], [width] or empty
  virtual Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                            const Tensor& bias) = 0;

  // Rotary positions (Su et al. 2021), pairs (i, i + dimensions/2) as Hugging Face stores them:
  // x [pos, head, d_head]; row p turns by (first_position + p) * frequencies[i].
  virtual Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) = 0;

  // Scores before softmax, in nats: q [query, head, d_head], k [key, kv_head, d_head] -> [head, query, key].
  // Keys and values may lie in several pieces, which changes no bit of the result.
  // bias [head, query, key] or empty is added after scale and cap.
  // Source: Vaswani et al. 2017, eq. 1; grouped heads: Ainslie et al. 2023, section 2.2; bias: Raffel et al.
  // 2020, section 2.1; windows: Beltagy et al. 2020; cap: Gemma Team 2024, section 2.
  virtual Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                                  const Tensor& bias) = 0;
  Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule) {
    return attention_scores(q, k, rule, Tensor());
  }
  // Softmax over the last axis; -inf becomes exactly 0. [head, query, key] -> same. A row of only -inf
  // becomes zeros.
  virtual Tensor softmax(const Tensor& scores) = 0;
  // pattern [head, query, key], v [key, kv_head, d_head] -> z [query, head, d_head]
  virtual Tensor mix_values(const Tensor& pattern, const TensorRows& v) = 0;
  // The three above in one, bit for bit, without ever holding the scores: [head, query, key] and z.
  struct Attention {
    Tensor pattern, z;
  };
  virtual Attention attend_with_pattern(const Tensor& q, const TensorRows& k, const TensorRows& v,
                                        const AttentionRule& rule, const Tensor& bias) {
    Tensor pattern = softmax(attention_scores(q, k, rule, bias));
    Tensor z = mix_values(pattern, v);
    return {std::move(pattern), std::move(z)};
  }
  // z alone, without ever holding [head, query, key]: for long texts whose patterns nobody asked for.
  virtual Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                        const Tensor& bias) = 0;
  Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule) {
    return attend(q, k, v, rule, Tensor());
  }

  // Element by element, same shapes.
  virtual Tensor add(const Tensor& a, const Tensor& b) = 0;
  virtual Tensor multiply(const Tensor& a, const Tensor& b) = 0;
  virtual Tensor scaled(const Tensor& x, double factor) = 0;
  virtual Tensor soft_capped(const Tensor& x, double cap) = 0;  // cap * tanh(x / cap)
  virtual Tensor activate(const Tensor& x, Activation activation) = 0;

  // The rows [first, last), where they are computed with: what lies on a device stays there.
  virtual Tensor rows(const Tensor& x, std::int64_t first, std::int64_t last) { return x.rows(first, last); }
  // The mean over all rows: [pos, width] -> [1, width]
  virtual Tensor mean_row(const Tensor& x) = 0;
};

std::unique_ptr<Backend> make_reference_backend();
// The fast one. threads <= 0: one a physical core. Kernels are chosen at run time by what the processor has.
std::unique_ptr<Backend> make_cpu_backend(int threads);
// Runs both and throws std::logic_error naming the first operation whose results differ by more than
// `tolerance` times the largest magnitude in the reference's result; returns the first one's results.
std::unique_ptr<Backend> make_checked_backend(std::unique_ptr<Backend> tested,
                                              std::unique_ptr<Backend> reference, double tolerance);

}  // namespace headlight
