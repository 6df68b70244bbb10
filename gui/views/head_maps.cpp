// One head at a time, from what the trace kept.
#include "gui/views/head_maps.h"

#include "core/analysis/operands.h"
#include "core/forward/derived_values.h"

namespace headlight {

const float* HeadMaps::pattern(const std::shared_ptr<const Trace>& trace, std::int64_t layer,
                               std::int64_t head, bool cross) {
  if (!trace || !has_attention(*trace, layer, cross)) return nullptr;
  if (trace != trace_ || layer != layer_ || head != head_ || cross != cross_) {
    map_ = head_pattern(*trace, layer, head, cross);
    trace_ = trace;
    layer_ = layer;
    head_ = head;
    cross_ = cross;
  }
  return map_.data();
}

std::optional<double> pair_score(const Trace& trace, std::int64_t layer, std::int64_t head,
                                 std::int64_t query, std::int64_t key, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  const KeyRange seen = visible_keys(attention_rule(a, layer, cross), query, attention_keys(trace, cross));
  if (key < seen.first || key >= seen.last) return std::nullopt;
  return value_of(trace, {attention_hooks(a, cross).scores, layer, {head, query, key}});
}

}  // namespace headlight
