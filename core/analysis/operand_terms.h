// What the formulas of operands.cpp are built with: one value of a trace, the numbers that it reads, and sums
// of which the largest terms are listed.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/analysis/operands.h"

namespace headlight {

// One value of a pass, and what is needed to find its inputs.
struct OperandCell {
  const Trace& root;   // the pass that was asked; of an encoder-decoder the decoder's
  const Trace& trace;  // the one in which the value lies: `root`, or the encoder's pass below it
  const ArchitectureDescription& a;
  ValueReference at;
  std::size_t most;  // operands to list

  std::int64_t layer() const { return at.layer; }
  // A place in the pass in which the value lies.
  ValueReference place(Hook hook, std::int64_t layer, std::int64_t i, std::int64_t j = 0,
                       std::int64_t k = 0) const {
    return {hook, layer, {i, j, k}, at.in_encoder};
  }
  bool has(const ValueReference& place) const;
  bool has(Hook hook) const { return has(place(hook, at.layer, 0)); }
  std::int64_t kv_head(std::int64_t head) const {
    return head / std::max<std::int64_t>(1, a.heads / std::max<std::int64_t>(1, a.kv_heads));
  }
  const Model& model() const { return trace.model(); }
  const BlockWeights* block() const {
    const auto layer = static_cast<std::size_t>(at.layer);
    return layer < model().blocks.size() ? &model().blocks[layer] : nullptr;
  }
};

// The pass in which a value lies; null when there is none.
const Trace* trace_of(const Trace& root, const ValueReference& at);
// The captured number; nothing when the hook or the index is not there.
std::optional<double> captured_number(const Trace& root, const ValueReference& at);
// The same for inputs that are there in every trace of a real pass; NaN stands for a hole in a made-up one.
double input_number(const OperandCell& cell, const ValueReference& at);

Operand single_operand(const OperandCell& cell, std::string label, const ValueReference& from);
// A number of the model itself, which lies in no trace.
Operand weight_operand(std::string label, double value);
Operands result_with(const OperandCell& cell, Formula formula, std::vector<Operand> operands,
                     double recomputed);
Operands unknown_operands(const OperandCell& cell);
Operands copied_operands(const OperandCell& cell, const std::string& label, const ValueReference& from);

// A term of a long sum before it has words: most terms never get any.
struct OperandTerm {
  std::int64_t index = 0;
  double value = 0.0;
  double factor = 1.0;
  double contribution = 0.0;
};

// Adds all contributions up, in the order of the terms. The largest become operands, NaN before all, and
// `describe(index, operand)` gives them their words.
template <typename Describe>
Operands sum_of(const OperandCell& cell, Formula formula, std::vector<OperandTerm> terms,
                const Describe& describe) {
  Operands result = result_with(cell, formula, {}, 0.0);
  for (const OperandTerm& term : terms) {
    result.recomputed += term.contribution;
    result.magnitude += std::abs(term.contribution);
  }
  const std::size_t kept = std::min(cell.most, terms.size());
  const auto size = [](const OperandTerm& term) {
    return std::isnan(term.contribution) ? std::numeric_limits<double>::infinity()
                                         : std::abs(term.contribution);
  };
  std::partial_sort(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(kept), terms.end(),
                    [size](const OperandTerm& one, const OperandTerm& other) {
                      return size(one) != size(other) ? size(one) > size(other) : one.index < other.index;
                    });
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i >= kept) {
      result.rest += terms[i].contribution;
      continue;
    }
    Operand operand;
    operand.value = terms[i].value;
    operand.factor = terms[i].factor;
    operand.contribution = terms[i].contribution;
    describe(terms[i].index, operand);
    result.operands.push_back(std::move(operand));
  }
  result.count = static_cast<std::int64_t>(terms.size());
  result.total = result.recomputed;
  return result;
}

// One row of a weight, and what its result is called.
struct LinearRow {
  const Weight* weight;
  std::int64_t row;
  const char* name;    // "W_Q"
  const Tensor* bias;  // empty or null: none
  const char* bias_name;
};

// Σ over the columns of one row of a weight, plus its bias; `place` says where the number that a column
// multiplies lies, `label` what it is called. `factor` multiplies what the row reads.
template <typename Place, typename Label>
Operands linear_operands(const OperandCell& cell, const LinearRow& linear, const Place& place,
                         const Label& label, double factor = 1.0) {
  const ValueReference first = place(0);
  const Weight* weight = linear.weight;
  if (weight == nullptr || weight->bytes == nullptr || linear.row < 0 || linear.row >= weight->rows ||
      !cell.has(first)) {
    return unknown_operands(cell);
  }
  const std::vector<float> weights = weight_row(*weight, linear.row);
  std::vector<OperandTerm> terms;
  for (std::int64_t column = 0; column < weight->columns; ++column) {
    const double x = input_number(cell, place(column));
    const auto w = static_cast<double>(weights[static_cast<std::size_t>(column)]) * factor;
    terms.push_back({column, x, w, x * w});
  }
  Operands result =
      sum_of(cell, Formula::linear, std::move(terms), [&](std::int64_t column, Operand& operand) {
        operand.label = label(column);
        operand.reference = place(column);
        operand.factor_label = fmt::format("{}[{}, {}]", linear.name, linear.row, column);
      });
  result.scale = factor;
  if (linear.bias != nullptr && linear.row < linear.bias->size()) {
    result.bias = weight_operand(fmt::format("{}[{}]", linear.bias_name, linear.row),
                                 static_cast<double>(linear.bias->data()[linear.row]));
    result.recomputed += result.bias->value;
    result.magnitude += std::abs(result.bias->value);
  }
  return result;
}

// The weight reads a row of the trace as it is: [position, column].
Operands linear_operands_of(const OperandCell& cell, const LinearRow& linear, const ValueReference& row,
                            const char* letter, double factor = 1.0);

// What stands at the end of the blocks and is read by the output: [position, d_model].
ValueReference last_state_place(const OperandCell& cell, std::int64_t position);
// What attention, cross-attention and MLP read: the norm before them, or the stream itself.
ValueReference attention_input_place(const OperandCell& cell, std::int64_t position);
ValueReference cross_input_place(const OperandCell& cell, std::int64_t position);
ValueReference mlp_input_place(const OperandCell& cell, std::int64_t position);

// The formulas of each group of hooks; a hook of another group is a logic error.
Operands stream_operands(const OperandCell& cell);     // embeddings, the stream and its norms
Operands attention_operands(const OperandCell& cell);  // q … z, attn_out, and the same to the encoder's text
Operands mlp_operands(const OperandCell& cell);
Operands output_operands(const OperandCell& cell);      // heads, logits, sentence embeddings
Operands normalized_operands(const OperandCell& cell);  // x / scale · gain (+ bias), of every norm

}  // namespace headlight
