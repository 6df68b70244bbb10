// Points into the trace where it kept the maps, and derives one head where it did not.
#include "gui/views/head_maps.h"

#include "core/analysis/attention_row.h"
#include "core/forward/derived_values.h"

namespace headlight {

const float* HeadMaps::pattern(const std::shared_ptr<const Trace>& trace, std::int64_t layer,
                               std::int64_t head) {
  if (!trace) return nullptr;
  if (trace->has(Hook::pattern, layer)) {
    const Tensor& maps = trace->at(Hook::pattern, layer);
    return maps.data() + head * maps.axis(1) * maps.axis(2);
  }
  if (!trace->has(Hook::rot_q, layer) || !trace->has(Hook::rot_k, layer)) return nullptr;
  if (trace != trace_ || layer != layer_ || head != head_) {
    derived_ = head_pattern(*trace, layer, head);
    trace_ = trace;
    layer_ = layer;
    head_ = head;
  }
  return derived_.data();
}

std::optional<double> pair_score(const Trace& trace, std::int64_t layer, std::int64_t head,
                                 std::int64_t query, std::int64_t key) {
  if (key > query) return std::nullopt;
  if (trace.has(Hook::attn_scores, layer)) {
    const Tensor& scores = trace.at(Hook::attn_scores, layer);
    return static_cast<double>(scores.data()[(head * scores.axis(1) + query) * scores.axis(2) + key]);
  }
  if (!trace.has(Hook::rot_q, layer) || !trace.has(Hook::rot_k, layer)) return std::nullopt;
  return query_key_product(trace, layer, head, query, key).running.back() *
         trace.model().architecture.attention_scale;
}

}  // namespace headlight
