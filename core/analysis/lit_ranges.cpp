// Collects the places of a value's operands and joins them into blocks.
#include "core/analysis/lit_ranges.h"

#include <algorithm>
#include <limits>

namespace headlight {
namespace {

struct Places {
  LitRange box;  // around all of them
  std::vector<ValueReference> cells;
};

bool same_tensor(const LitRange& range, const ValueReference& at) {
  return range.hook == at.hook && range.layer == at.layer && range.in_encoder == at.in_encoder;
}

LitRange cell_range(const ValueReference& at, int step) {
  LitRange range{at.hook, at.layer, at.index, at.index, at.in_encoder, step};
  for (std::int64_t& end : range.last) ++end;
  return range;
}

void add_place(std::vector<Places>& all, const ValueReference& at, int step) {
  auto found =
      std::find_if(all.begin(), all.end(), [&](const Places& one) { return same_tensor(one.box, at); });
  if (found == all.end()) found = all.insert(all.end(), {cell_range(at, step), {}});
  for (std::size_t axis = 0; axis < at.index.size(); ++axis) {
    found->box.first[axis] = std::min(found->box.first[axis], at.index[axis]);
    found->box.last[axis] = std::max(found->box.last[axis], at.index[axis] + 1);
  }
  found->cells.push_back(at);
}

std::int64_t cells_of(const LitRange& range) {
  std::int64_t count = 1;
  for (std::size_t axis = 0; axis < range.first.size(); ++axis) count *= range.last[axis] - range.first[axis];
  return count;
}

void add_operands(std::vector<Places>& all, const Operands& o, int step) {
  for (const Operand& operand : o.operands) {
    if (operand.reference) add_place(all, *operand.reference, step);
    // Beside a score stands the weight that it became: a result, not an operand.
    if (operand.factor_reference && o.formula != Formula::softmax)
      add_place(all, *operand.factor_reference, step);
  }
  for (const auto* beside : {&o.bias, &o.norm_scale, &o.gain}) {
    if (*beside && (*beside)->reference) add_place(all, *(*beside)->reference, step);
  }
}

}  // namespace

bool LitRange::contains(const ValueReference& at) const {
  if (!same_tensor(*this, at)) return false;
  for (std::size_t axis = 0; axis < first.size(); ++axis) {
    if (at.index[axis] < first[axis] || at.index[axis] >= last[axis]) return false;
  }
  return true;
}

std::vector<LitRange> lit_ranges(const Trace& trace, const ValueReference& at) {
  constexpr std::size_t all_terms = std::numeric_limits<std::size_t>::max();
  const auto o = operands_of(trace, at, all_terms);
  if (!o || o->formula == Formula::unknown) return {};
  std::vector<Places> places;
  add_operands(places, *o, 1);
  if (o->formula == Formula::softmax) {
    ValueReference score = at;
    score.hook = at.hook == Hook::cross_pattern ? Hook::cross_attn_scores : Hook::attn_scores;
    if (const auto behind = operands_of(trace, score, all_terms)) add_operands(places, *behind, 2);
  }
  std::vector<LitRange> ranges;
  for (const Places& one : places) {
    std::vector<ValueReference> cells = one.cells;
    const auto by_index = [](const ValueReference& a, const ValueReference& b) { return a.index < b.index; };
    std::sort(cells.begin(), cells.end(), by_index);
    cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
    if (static_cast<std::int64_t>(cells.size()) == cells_of(one.box)) {
      ranges.push_back(one.box);
    } else {
      for (const ValueReference& cell : cells) ranges.push_back(cell_range(cell, one.box.step));
    }
  }
  return ranges;
}

}  // namespace headlight
