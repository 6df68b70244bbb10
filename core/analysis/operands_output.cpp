// The MLP, and what stands behind the last block: heads, logits, sentence embeddings.
#include <stdexcept>

#include "core/analysis/operand_terms.h"
#include "core/model/activation.h"

namespace headlight {
namespace {

Operands gated(const OperandCell& cell) {
  const std::int64_t position = cell.at.index[0], neuron = cell.at.index[1];
  const ValueReference gate_place = cell.place(Hook::mlp_pre, cell.layer(), position, neuron);
  const ValueReference linear_place = cell.place(Hook::mlp_pre_linear, cell.layer(), position, neuron);
  if (!cell.has(gate_place) || !cell.has(linear_place)) return unknown_operands(cell);
  Operand gate = single_operand(cell, "g", gate_place);
  gate.contribution = activated(gate.value, cell.a.activation);
  const Operand linear = single_operand(cell, "u", linear_place);
  return result_with(cell, Formula::gated, {gate, linear}, gate.contribution * linear.contribution);
}

Operands activated(const OperandCell& cell, Hook before, Activation activation) {
  ValueReference place = cell.at;
  place.hook = before;
  if (!cell.has(place)) return unknown_operands(cell);
  Operand x = single_operand(cell, "x", place);
  x.contribution = activated(x.value, activation);
  return result_with(cell, Formula::activated, {x}, x.contribution);
}

Operands logits(const OperandCell& cell) {
  const Model& model = cell.model();
  const std::int64_t position = cell.at.index[0];
  const ValueReference reads = cell.a.head == OutputHead::masked_lm
                                   ? cell.place(Hook::mlm_head_normalized, 0, position)
                                   : last_state_place(cell, position);
  Operands result =
      linear_operands_of(cell, {&model.unembedding, cell.at.index[1], "W_U", &model.output_bias, "b_U"},
                         reads, "x", cell.a.output_scale);
  if (cell.a.logit_soft_cap > 0.0 && result.formula != Formula::unknown) {
    result.cap = cell.a.logit_soft_cap;
    result.recomputed = result.cap * std::tanh(result.recomputed / result.cap);
  }
  return result;
}

// One dimension of the first row or of the mean of all rows of the last state.
double pooled_number(const OperandCell& cell, std::int64_t dimension) {
  ValueReference place = last_state_place(cell, 0);
  place.index[1] = dimension;
  if (cell.a.pooling != Pooling::mean) return input_number(cell, place);
  double sum = 0.0;
  for (std::int64_t position = 0; position < cell.trace.positions(); ++position) {
    place.index[0] = position;
    sum += input_number(cell, place);
  }
  return sum / static_cast<double>(cell.trace.positions());
}

Operands sentence_embedding(const OperandCell& cell) {
  const std::int64_t dimension = cell.at.index[1];
  if (!cell.has(last_state_place(cell, 0))) return unknown_operands(cell);
  const std::int64_t rows = cell.a.pooling == Pooling::mean ? cell.trace.positions() : 1;
  const auto place = [&](std::int64_t position) {
    ValueReference at = last_state_place(cell, position);
    at.index[1] = dimension;
    return at;
  };
  std::vector<OperandTerm> terms;
  for (std::int64_t position = 0; position < rows; ++position) {
    const double x = input_number(cell, place(position));
    const double share = 1.0 / static_cast<double>(rows);
    terms.push_back({position, x, share, x * share});
  }
  Operands result = sum_of(cell, Formula::pooled, std::move(terms), [&](std::int64_t p, Operand& operand) {
    operand.label = fmt::format("x[{}, {}]", p, dimension);
    operand.reference = place(p);
    operand.factor_label = fmt::format("1/{}", rows);
  });
  if (!cell.a.unit_embedding) return result;
  double squares = 0.0;
  for (std::int64_t i = 0; i < cell.a.d_model; ++i) {
    const double x = pooled_number(cell, i);
    squares += x * x;
  }
  result.scale = std::sqrt(squares);
  result.recomputed /= result.scale;
  result.magnitude /= result.scale;
  return result;
}

}  // namespace

Operands mlp_operands(const OperandCell& cell) {
  const BlockWeights* block = cell.block();
  const std::int64_t position = cell.at.index[0], row = cell.at.index[1];
  const ValueReference reads = mlp_input_place(cell, position);
  const bool gates = cell.a.gated;
  switch (cell.at.hook) {
    case Hook::mlp_pre:
      if (gates) {
        return linear_operands_of(
            cell,
            {block ? &block->w_gate : nullptr, row, "W_gate", block ? &block->b_gate : nullptr, "b_gate"},
            reads, "x");
      }
      [[fallthrough]];
    case Hook::mlp_pre_linear:
      return linear_operands_of(
          cell, {block ? &block->w_in : nullptr, row, "W_in", block ? &block->b_in : nullptr, "b_in"}, reads,
          "x");
    case Hook::mlp_post:
      return gates ? gated(cell) : activated(cell, Hook::mlp_pre, cell.a.activation);
    case Hook::mlp_out:
      if (cell.a.sandwich_norms) return normalized_operands(cell);
      [[fallthrough]];
    case Hook::mlp_out_raw:
      return linear_operands_of(
          cell, {block ? &block->w_out : nullptr, row, "W_out", block ? &block->b_out : nullptr, "b_out"},
          cell.place(Hook::mlp_post, cell.layer(), position), "h");
    default:
      throw std::logic_error("not of the MLP: " + hook_name(cell.at.hook, cell.layer()));
  }
}

Operands output_operands(const OperandCell& cell) {
  const Model& model = cell.model();
  const std::int64_t position = cell.at.index[0], row = cell.at.index[1];
  switch (cell.at.hook) {
    case Hook::mlm_head_pre:
      return linear_operands_of(cell, {&model.head_dense, row, "W_head", &model.head_bias, "b_head"},
                                last_state_place(cell, position), "x");
    case Hook::mlm_head_post:
      return activated(cell, Hook::mlm_head_pre, cell.a.head_activation);
    case Hook::logits:
      return logits(cell);
    case Hook::pooler_pre:
      return linear_operands_of(cell, {&model.head_dense, row, "W_pool", &model.head_bias, "b_pool"},
                                last_state_place(cell, 0), "x");
    case Hook::pooler_post:
      return activated(cell, Hook::pooler_pre, cell.a.head_activation);
    case Hook::class_logits:
      return linear_operands_of(cell, {&model.unembedding, row, "W_class", &model.output_bias, "b_class"},
                                cell.place(Hook::pooler_post, 0, 0), "x");
    case Hook::sentence_embedding:
      return sentence_embedding(cell);
    default:
      throw std::logic_error("not of the output: " + hook_name(cell.at.hook, cell.layer()));
  }
}

}  // namespace headlight
