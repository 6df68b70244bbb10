// The operands of a value, a line each: every number of the trace can be clicked.
#pragma once

#include <optional>

#include "core/analysis/operands.h"
#include "gui/frame.h"

namespace headlight {

struct OperandsAnswer {
  std::optional<ValueReference> opened;  // what was clicked
  bool more = false;                     // the line of what is not listed was clicked
};

OperandsAnswer draw_operands(const Frame& frame, Commands& commands, const Operands& operands);

}  // namespace headlight
