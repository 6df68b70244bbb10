// What one number of the model is made of: the formula, its operands, and the result computed again in
// double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

enum class Formula {
  unknown,           // an input was not kept, or the model's weights are not there
  embedding,         // one number of a table: of tokens, positions or token types
  copied,            // the same number under another name
  sum,               // a + b, or a + b + c
  root_mean_square,  // sqrt(mean (x - mean)² + epsilon); mean 0 in an RMSNorm
  normalized,        // (x - mean) / scale · gain + bias
  linear,            // Σ x W + bias; of q and k with a norm of their own: that / scale · gain
  turned,            // a·cos ∓ b·sin: rotary position embedding
  dot_product,       // (q · k) · scale, capped, + bias of the distance
  masked,            // the query may not see this key: −∞, and no weight
  softmax,           // e^(s − largest) / Σ
  mixed,             // Σ weight · v
  gated,             // activation(gate) · linear
  activated,         // activation(x)
  pooled,            // mean over positions, or the first one, divided by the length of that vector
};

// One of the numbers that go in. `label` and `factor_label` are mathematics, the same in every language.
struct Operand {
  std::string label;                        // "x[12]"
  double value = 0.0;                       // of a softmax: the key's score
  std::optional<ValueReference> reference;  // where the value can be opened itself
  // What it is multiplied with: a weight of the model ("W_Q[76, 12]"), the other vector's number, cos or sin.
  // Empty label: nothing. Of a softmax: the key's weight.
  std::string factor_label;
  double factor = 1.0;
  std::optional<ValueReference> factor_reference;
  // Sums (linear, turned, dot_product, mixed, sum, …): what it adds. Products (normalized, gated):
  // what the others are multiplied with. Of a softmax: the key's weight.
  double contribution = 0.0;
};

struct Operands {
  ValueReference target;
  Formula formula = Formula::unknown;
  double value = 0.0;       // the model's own number
  bool captured = true;     // false: the trace did not keep this map, `value` is what was computed again
  double recomputed = 0.0;  // from the operands, in double; NaN when the formula is unknown
  // Σ |contribution| of a sum, else |recomputed|: what float32 rounding is relative to. Where terms cancel,
  // it is far above |value|.
  double magnitude = 0.0;
  std::vector<Operand> operands;  // of long sums the largest contributions, largest first
  std::int64_t count = 0;         // all terms, listed or not
  double rest = 0.0;              // Σ contribution of those that are not listed

  // Numbers of some formulas.
  std::optional<Operand> bias;  // linear, normalized, dot_product: added at the end, not among `operands`
  std::optional<Operand> norm_scale;  // linear of q or k with a norm of its own: what the sum is divided by
  std::optional<Operand> gain;        // … and then multiplied with
  // dot_product: what q · k is multiplied with; linear: what x was multiplied with before; embedding: what
  // the table's number is; pooled: what the mean is divided by.
  double scale = 1.0;
  double cap = 0.0;        // dot_product, linear: s becomes cap · tanh(s / cap); 0: no
  double mean = 0.0;       // root_mean_square, normalized: of x, which a LayerNorm takes off
  double epsilon = 0.0;    // root_mean_square
  double frequency = 0.0;  // turned, in radians a position
  double angle = 0.0;      // turned, in radians
  double largest = 0.0;    // softmax: of the scores
  // softmax: Σ e^(s − largest); dot_product: q · k; linear: Σ x W; root_mean_square: Σ (x − mean)²; pooled:
  // the mean.
  double total = 0.0;
};

// The model's own number; attention maps that the trace did not keep are computed from q and k. Places in the
// encoder are looked up in the trace's source.
// Nothing when it is not there (yet): not computed, or an index beyond its axis.
std::optional<double> value_of(const Trace& trace, const ValueReference& at);

// Nothing when value_of() is nothing. Of sums of many terms at most `most` are listed.
std::optional<Operands> operands_of(const Trace& trace, const ValueReference& at, std::size_t most = 12);

}  // namespace headlight
