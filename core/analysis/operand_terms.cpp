// Where a number of a trace lies, operands of one number, and which value each part of a block reads.
#include "core/analysis/operand_terms.h"

namespace headlight {
namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

bool norms_behind(const OperandCell& cell) { return cell.a.wiring == Wiring::post_norm; }

}  // namespace

const Trace* trace_of(const Trace& root, const ValueReference& at) {
  return at.in_encoder ? root.source().get() : &root;
}

bool OperandCell::has(const ValueReference& place) const {
  const Trace* in = trace_of(root, place);
  if (in == nullptr || place.layer < 0) return false;
  return place.layer < std::max<std::int64_t>(1, in->model().architecture.layers) &&
         in->has(place.hook, place.layer);
}

std::optional<double> captured_number(const Trace& root, const ValueReference& at) {
  const Trace* trace = trace_of(root, at);
  if (trace == nullptr || at.layer < 0 ||
      at.layer >= std::max<std::int64_t>(1, trace->model().architecture.layers) ||
      !trace->has(at.hook, at.layer)) {
    return std::nullopt;
  }
  const std::optional<float> number = trace->number(at.hook, at.layer, at.index);
  return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
}

double input_number(const OperandCell& cell, const ValueReference& at) {
  return captured_number(cell.root, at).value_or(no_number);
}

Operand single_operand(const OperandCell& cell, std::string label, const ValueReference& from) {
  Operand operand;
  operand.label = std::move(label);
  operand.value = input_number(cell, from);
  operand.reference = from;
  operand.contribution = operand.value;
  return operand;
}

Operand weight_operand(std::string label, double value) {
  Operand operand;
  operand.label = std::move(label);
  operand.value = value;
  operand.contribution = value;
  return operand;
}

Operands result_with(const OperandCell& cell, Formula formula, std::vector<Operand> operands,
                     double recomputed) {
  Operands result;
  result.target = cell.at;
  result.formula = formula;
  result.recomputed = recomputed;
  result.magnitude = std::abs(recomputed);
  result.count = static_cast<std::int64_t>(operands.size());
  result.operands = std::move(operands);
  return result;
}

Operands unknown_operands(const OperandCell& cell) {
  return result_with(cell, Formula::unknown, {}, no_number);
}

Operands copied_operands(const OperandCell& cell, const std::string& label, const ValueReference& from) {
  if (!cell.has(from)) return unknown_operands(cell);
  const Operand operand = single_operand(cell, label, from);
  return result_with(cell, Formula::copied, {operand}, operand.value);
}

Operands linear_operands_of(const OperandCell& cell, const LinearRow& linear, const ValueReference& row,
                            const char* letter, double factor) {
  const auto place = [&](std::int64_t column) {
    ValueReference at = row;
    at.index[1] = column;
    return at;
  };
  const auto label = [&](std::int64_t column) { return fmt::format("{}[{}]", letter, column); };
  return linear_operands(cell, linear, place, label, factor);
}

ValueReference last_state_place(const OperandCell& cell, std::int64_t position) {
  if (cell.a.final_norm) return cell.place(Hook::ln_final_normalized, 0, position);
  return cell.place(norms_behind(cell) ? Hook::ln2_normalized : Hook::resid_post, cell.a.layers - 1,
                    position);
}

ValueReference attention_input_place(const OperandCell& cell, std::int64_t position) {
  return cell.place(norms_behind(cell) ? Hook::resid_pre : Hook::ln1_normalized, cell.layer(), position);
}

ValueReference cross_input_place(const OperandCell& cell, std::int64_t position) {
  return cell.place(norms_behind(cell) ? Hook::ln1_normalized : Hook::ln_cross_normalized, cell.layer(),
                    position);
}

ValueReference mlp_input_place(const OperandCell& cell, std::int64_t position) {
  if (!norms_behind(cell)) return cell.place(Hook::ln2_normalized, cell.layer(), position);
  return cell.place(cell.a.cross_attention ? Hook::ln_cross_normalized : Hook::ln1_normalized, cell.layer(),
                    position);
}

}  // namespace headlight
