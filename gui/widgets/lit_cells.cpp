// Keeps the lit cells of the value that was asked for last, for all views of a frame.
#include "gui/widgets/lit_cells.h"

#include <algorithm>
#include <memory>

#include "gui/theme.h"

namespace headlight {
namespace {

struct Kept {
  std::weak_ptr<const Trace> trace;  // not held: a long one has gigabytes
  std::optional<ValueReference> value;
  std::vector<LitRange> lit;
};

}  // namespace

const std::vector<LitRange>& lit_cells(const Frame& frame) {
  static Kept kept;  // drawing happens in one thread
  const std::optional<ValueReference> value = frame.hover.value ? frame.hover.value : frame.document.value;
  const std::shared_ptr<const Trace>& trace = frame.result.trace;
  if (kept.value == value && kept.trace.lock() == trace) return kept.lit;
  kept = {trace, value, {}};
  if (value && trace) kept.lit = lit_ranges(*trace, *value);
  return kept.lit;
}

std::optional<LitSpan> lit_span(const std::vector<LitRange>& lit, const ValueReference& row,
                                std::size_t axis) {
  std::optional<LitSpan> span;
  for (const LitRange& range : lit) {
    ValueReference first = row;
    first.index[axis] = range.first[axis];
    if (!range.contains(first)) continue;
    if (!span) span = LitSpan{range.first[axis], range.last[axis], range.step};
    span->first = std::min(span->first, range.first[axis]);
    span->last = std::max(span->last, range.last[axis]);
    span->step = std::min(span->step, range.step);
  }
  return span;
}

bool is_lit(const std::vector<LitRange>& lit, const ValueReference& cell) {
  return std::any_of(lit.begin(), lit.end(), [&](const LitRange& range) { return range.contains(cell); });
}

void add_lit_frame(ImDrawList& list, ImVec2 min, ImVec2 max, int step) {
  const float line = std::max(1.0F, ImGui::GetFontSize() * 0.08F);
  const float strength = step == 1 ? 1.0F : 0.6F;
  const ImVec2 from(min.x - line, min.y - line);
  const ImVec2 to(std::max(max.x, min.x + line) + line, max.y + line);
  list.AddRectFilled(from, to, with_alpha(palette().hover, 0.10F * strength));
  list.AddRect(from, to, with_alpha(palette().lock, 0.95F * strength), line, line);
}

}  // namespace headlight
