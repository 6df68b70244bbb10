// Rows of weights, merged and rescaled as a map wants them.
#include "core/analysis/drawn_map.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/row_numbers.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

// What the keys but the first have together; in double, and a float32 as the wall's is.
float rest_beside_first(const float* weights, const KeyRange& seen) {
  return static_cast<float>(sum_of(weights + std::max<std::int64_t>(seen.first, 1), weights + seen.last));
}

// W_Oᵀ W_O of the columns of one head, [d_head, d_head]: ‖v W_O‖² is v · that · v.
std::vector<double> output_gram(const Weight& w_o, std::int64_t head, std::int64_t width) {
  const auto size = static_cast<std::size_t>(width);
  std::vector<double> gram(size * size, 0.0);
  std::vector<double> part(size);
  for (std::int64_t row = 0; row < w_o.rows; ++row) {
    const std::vector<float> whole = weight_row(w_o, row);
    std::copy_n(whole.begin() + head * width, width, part.begin());
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j <= i; ++j) gram[i * size + j] += part[i] * part[j];
    }
  }
  return gram;  // its lower half
}

}  // namespace

std::vector<double> value_lengths(const Trace& trace, std::int64_t layer, std::int64_t head, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  const BlockWeights& block = trace.model().blocks.at(static_cast<std::size_t>(layer));
  const Hook hook = attention_hooks(a, cross).v;
  const auto width = static_cast<std::size_t>(a.d_head);
  const std::vector<double> gram = output_gram(cross ? block.cross.w_o : block.attention.w_o, head, a.d_head);
  const std::int64_t kv_head = head / (a.heads / a.kv_heads);
  std::vector<double> lengths;
  for (std::int64_t key = 0; key < attention_keys(trace, cross); ++key) {
    const float* v = trace.row(hook, layer, key).data() + kv_head * a.d_head;
    double square = 0.0;
    for (std::size_t i = 0; i < width; ++i) {
      double sum = 0.0;  // of the half below the diagonal, which counts twice
      for (std::size_t j = 0; j < i; ++j) sum += gram[i * width + j] * static_cast<double>(v[j]);
      const auto at = static_cast<double>(v[i]);
      square += at * (2.0 * sum + gram[i * width + i] * at);
    }
    lengths.push_back(std::sqrt(std::max(square, 0.0)));
    if (std::isnan(square)) lengths.back() = square;
  }
  return lengths;
}

DrawnRows::DrawnRows(const std::shared_ptr<const Trace>& trace, Backend& backend, const DrawnMap& map)
    : trace_(trace),
      kept_(attention_hooks(trace->model().architecture, map.cross).pattern),
      map_(map),
      queries_(trace->positions()),
      keys_(attention_keys(*trace, map.cross)) {
  add_side(*trace, backend, map.layer, map.head);
  if (map.other) add_side(*trace, backend, map.other->first, map.other->second);
  if (!map.value_weighted) return;
  most_ = 0.0;
  for (const Side& side : sides_) {
    for (const std::vector<double>& lengths : side.lengths) {
      for (const double length : lengths) most_ = std::max(most_, length);
    }
  }
}

void DrawnRows::add_side(const Trace& trace, Backend& backend, std::int64_t layer, std::int64_t head) {
  const ArchitectureDescription& a = trace.model().architecture;
  Side side;
  side.layer = layer;
  side.rule = attention_rule(a, layer, map_.cross);
  if (map_.merge == HeadMerge::one) {
    side.heads = {head};
  } else {
    side.heads.resize(static_cast<std::size_t>(a.heads));
    std::iota(side.heads.begin(), side.heads.end(), 0);
  }
  if (!trace.has(kept_, layer)) {
    const bool one = map_.merge == HeadMerge::one;
    side.derived.emplace(trace, backend, layer, one ? std::optional(head) : std::nullopt, map_.cross);
  }
  for (std::size_t i = 0; map_.value_weighted && i < side.heads.size(); ++i)
    side.lengths.push_back(value_lengths(trace, layer, side.heads[i], map_.cross));
  sides_.push_back(std::move(side));
}

KeyRange DrawnRows::shown(std::int64_t query) const {
  KeyRange range = visible_keys(sides_.front().rule, query, keys_);
  for (const Side& side : sides_) {  // of two heads, what either of them sees
    const KeyRange seen = visible_keys(side.rule, query, keys_);
    range = {std::min(range.first, seen.first), std::max(range.last, seen.last)};
  }
  if (map_.hide_sink) range.first = std::max<std::int64_t>(range.first, 1);
  range.last = std::max(range.last, range.first);
  return range;
}

const float* DrawnRows::weights_of(const Side& side, const Trace* trace, std::size_t head,
                                   std::int64_t query) const {
  if (!side.derived) return trace->map_row(kept_, side.layer, side.heads[head], query).data();
  const std::int64_t rows = side.block.axis(1);
  return side.block.data() +
         (static_cast<std::int64_t>(head) * rows + query - side.block_first) * side.block.axis(2);
}

// `out` [keys]: 0 where the mask hides a key.
void DrawnRows::merge_heads(const Side& side, const Trace* trace, std::int64_t query,
                            std::vector<float>& out) const {
  const KeyRange seen = visible_keys(side.rule, query, keys_);
  std::fill(out.begin(), out.end(), 0.0F);
  const float share = map_.merge == HeadMerge::mean ? 1.0F / static_cast<float>(side.heads.size()) : 1.0F;
  for (std::size_t head = 0; head < side.heads.size(); ++head) {
    const float* weights = weights_of(side, trace, head, query);
    const float rest = map_.hide_sink ? rest_beside_first(weights, seen) : 1.0F;
    for (std::int64_t key = seen.first; key < seen.last; ++key) {
      const auto at = static_cast<std::size_t>(key);
      float value = weights[key];
      if (map_.hide_sink) value = rest == 0.0F ? 0.0F : value / rest;
      if (!side.lengths.empty())
        value = static_cast<float>(static_cast<double>(value) * side.lengths[head][at]);
      if (map_.merge == HeadMerge::mean) {
        out[at] += value * share;
      } else if (value > out[at] || std::isnan(value)) {
        out[at] = value;
      }
    }
  }
}

const float* DrawnRows::scaled_row(const Trace* trace, std::int64_t query) {
  const bool as_it_is = sides_.size() == 1 && map_.merge == HeadMerge::one && !map_.value_weighted &&
                        !map_.hide_sink && !map_.per_row;
  if (as_it_is) return weights_of(sides_.front(), trace, 0, query);
  row_.resize(static_cast<std::size_t>(keys_));
  merge_heads(sides_.front(), trace, query, row_);
  const KeyRange range = shown(query);
  if (sides_.size() > 1) {
    other_row_.resize(row_.size());
    merge_heads(sides_.back(), trace, query, other_row_);
    for (std::size_t key = 0; key < row_.size(); ++key) row_[key] = other_row_[key] - row_[key];
  } else if (map_.per_row) {
    float largest = 0.0F;
    for (std::int64_t key = range.first; key < range.last; ++key)
      largest = std::max(largest, row_[static_cast<std::size_t>(key)]);
    for (std::int64_t key = range.first; largest > 0.0F && key < range.last; ++key)
      row_[static_cast<std::size_t>(key)] /= largest;
  }
  return row_.data();
}

bool DrawnRows::rows(std::int64_t first, std::int64_t last, const Take& take) {
  const std::shared_ptr<const Trace> trace = trace_.lock();
  for (Side& side : sides_) {
    if (!side.derived && !trace) return false;
    if (!side.derived) continue;
    side.block = side.derived->rows(first, last);
    side.block_first = first;
  }
  for (std::int64_t query = first; query < last; ++query) take(query, scaled_row(trace.get(), query));
  return true;
}

}  // namespace headlight
