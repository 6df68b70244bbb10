// Cuts queries and keys to what is asked for, and lets the backend do the rest.
#include "core/forward/derived_pattern.h"

#include <algorithm>

#include "core/forward/derived_values.h"
#include "core/forward/relative_bias.h"

namespace headlight {
namespace {

// [pos, 1, d_head] of one head, of `rows` rows that may lie in many pieces.
Tensor one_head(const Trace& trace, Hook hook, std::int64_t layer, std::int64_t head, std::int64_t rows) {
  const std::int64_t width = trace.model().architecture.d_head;
  Tensor one({rows, 1, width});
  float* out = one.writable();
  for (std::int64_t row = 0; row < rows; ++row) {
    out = std::copy_n(trace.row(hook, layer, row).data() + head * width, width, out);
  }
  return one;
}

}  // namespace

DerivedPattern::DerivedPattern(const Trace& trace, Backend& backend, std::int64_t layer,
                               std::optional<std::int64_t> head, bool cross)
    : backend_(backend),
      model_(trace.shared_model()),
      head_(head),
      cross_(cross),
      rule_(attention_rule(trace.model().architecture, layer, cross)) {
  const ArchitectureDescription& a = trace.model().architecture;
  const AttentionHooks hooks = attention_hooks(a, cross);
  if (head) {
    q_ = one_head(trace, hooks.q, layer, *head, trace.positions());
    k_ = one_head(trace, hooks.k, layer, *head / (a.heads / a.kv_heads), attention_keys(trace, cross));
  } else {
    q_ = trace.at(hooks.q, layer);
    k_ = trace.at(hooks.k, layer);
  }
}

Tensor DerivedPattern::rows(std::int64_t first, std::int64_t last) const {
  AttentionRule rule = rule_;
  rule.first_position = first;
  const std::int64_t keys = rule.causal ? std::min(last, k_.axis(0)) : k_.axis(0);
  Tensor bias;
  if (!cross_) bias = relative_position_bias(*model_, first, last - first, keys);
  if (head_ && !bias.empty()) {
    bias = bias.rows(*head_, *head_ + 1);
  }
  return backend_.softmax(backend_.attention_scores(q_.rows(first, last), k_.leading(keys), rule, bias));
}

}  // namespace headlight
