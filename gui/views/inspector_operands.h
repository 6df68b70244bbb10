// The operands of a value, a line each: every number of the trace can be clicked.
#pragma once

#include <cstddef>
#include <optional>

#include "core/analysis/operands.h"
#include "gui/frame.h"

namespace headlight {

struct OperandsAnswer {
  std::optional<ValueReference> opened;  // what was clicked
  bool more = false;                     // the line of what is not listed was clicked
};

// The line that the keyboard stands on: the operands first, then bias, scale and gain.
struct OperandChoice {
  std::optional<std::size_t> line;
  bool moved = false;  // in this frame: bring it into sight
};
std::size_t operand_lines(const Operands& operands);
// What Enter or the right arrow opens there: the number itself, else what it is multiplied with.
std::optional<ValueReference> opened_by(const Operands& operands, std::size_t line);

OperandsAnswer draw_operands(const Frame& frame, Commands& commands, const Operands& operands,
                             const OperandChoice& choice = {});

}  // namespace headlight
