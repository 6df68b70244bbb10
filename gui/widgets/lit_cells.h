// The cells that the value under the mouse (else the chosen one) was computed from, lit alike in every view.
//   const auto& lit = lit_cells(frame);
//   if (const auto span = lit_span(lit, {Hook::v, layer, {position, head, 0}}, 2)) add_lit_frame(...);
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/lit_ranges.h"
#include "gui/frame.h"
#include "imgui.h"

namespace headlight {

// Made again only when trace or value change. Valid until the next call.
const std::vector<LitRange>& lit_cells(const Frame& frame);

// The part of one row that is lit: the cells along `axis` of the tensor in which `row` lies, at `row`'s other
// indices.
struct LitSpan {
  std::int64_t first = 0, last = 0;
  int step = 1;  // as in LitRange
};
std::optional<LitSpan> lit_span(const std::vector<LitRange>& lit, const ValueReference& row,
                                std::size_t axis);
bool is_lit(const std::vector<LitRange>& lit, const ValueReference& cell);

// How lit cells look: a soft light and a frame; of step 2 a paler one.
void add_lit_frame(ImDrawList& list, ImVec2 min, ImVec2 max, int step);

}  // namespace headlight
