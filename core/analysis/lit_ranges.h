// Which numbers of a trace one number was computed from, as ranges: what lights up in every view that shows
// them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/analysis/operands.h"

namespace headlight {

// The cells [first, last) along each axis of a hook; beyond axis_count [0, 1).
struct LitRange {
  Hook hook = Hook::embed;
  std::int64_t layer = 0;
  std::array<std::int64_t, 3> first{0, 0, 0};
  std::array<std::int64_t, 3> last{1, 1, 1};
  bool in_encoder = false;
  // 1: an operand itself. 2: what the operand of the same pair was made of, which views without a place for
  // the operand show (of a weight of attention, the query and the key behind its score).
  int step = 1;

  bool contains(const ValueReference& at) const;
  bool operator==(const LitRange&) const = default;
};

// The operands that operands_of() lists, all of them: where they fill a block of a tensor as one range, else
// cell by cell. What the mask hides is no operand, so that the causal triangle, windows and grouped heads are
// respected. Empty where operands_of() is nothing or unknown. Costs what opening the value costs: some
// microseconds a term.
std::vector<LitRange> lit_ranges(const Trace& trace, const ValueReference& at);

}  // namespace headlight
