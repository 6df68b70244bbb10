// Pools vectors into cells and measures the stream.
#include "gui/views/flow_values.h"

#include <algorithm>
#include <cmath>

#include "core/forward/derived_values.h"

namespace headlight {
namespace {

// The residual stream on its way into layer l; after the last block it has another name.
std::span<const float> stream(const Trace& trace, std::int64_t layer, std::int64_t position) {
  const ArchitectureDescription& a = trace.model().architecture;
  if (layer < a.layers) return flow_vector(trace, Hook::resid_pre, layer, 0, position);
  const HookPlace end = stream_place(a, a.layers);
  return flow_vector(trace, end.hook, end.layer, 0, position);
}

}  // namespace

PooledStrip pooled_strip(std::span<const float> vector, int cells) {
  PooledStrip strip;
  strip.length = static_cast<std::int64_t>(vector.size());
  if (vector.empty() || cells <= 0) return strip;
  const std::size_t count = std::min(vector.size(), static_cast<std::size_t>(cells));
  double squares = 0;
  std::size_t finite = 0;
  for (std::size_t cell = 0; cell < count; ++cell) {
    const std::size_t end = (cell + 1) * vector.size() / count;
    std::size_t best = cell * vector.size() / count;
    for (std::size_t i = best; i < end; ++i) {
      const float value = vector[i];
      if (std::isfinite(value)) {
        squares += static_cast<double>(value) * static_cast<double>(value);
        ++finite;
      }
      if (std::isnan(vector[best])) continue;
      if (std::isnan(value) || std::abs(value) > std::abs(vector[best])) best = i;
    }
    strip.values.push_back(vector[best]);
    strip.indices.push_back(static_cast<std::int64_t>(best));
  }
  if (finite > 0) strip.rms = static_cast<float>(std::sqrt(squares / static_cast<double>(finite)));
  return strip;
}

std::int64_t key_value_head(const ArchitectureDescription& architecture, std::int64_t head) {
  return head /
         std::max<std::int64_t>(1, architecture.heads / std::max<std::int64_t>(1, architecture.kv_heads));
}

std::span<const float> flow_vector(const Trace& trace, Hook hook, std::int64_t layer, std::int64_t head,
                                   std::int64_t position) {
  const HookInfo& info = hook_info(hook);
  const std::int64_t place = info.in_block ? layer : 0;
  if (!trace.has(hook, place)) return {};
  if (info.axes[0] == Axis::head) return trace.map_row(hook, place, head, position);
  const std::span<const float> row = trace.row(hook, place, position);
  if (info.axis_count == 2) return row;
  const ArchitectureDescription& a = trace.model().architecture;
  const bool is_shared = info.axes[1] == Axis::kv_head;
  const auto width = row.size() / static_cast<std::size_t>(is_shared ? a.kv_heads : a.heads);
  return row.subspan(static_cast<std::size_t>(is_shared ? key_value_head(a, head) : head) * width, width);
}

void FlowValues::show(const std::shared_ptr<const Trace>& trace, std::int64_t layer, std::int64_t head,
                      std::int64_t first, std::int64_t last) {
  live_ = trace.get();
  const bool same_rows = trace == trace_.lock() && first == first_ && last == last_;
  if (same_rows && layer == layer_ && head == head_) return;
  trace_ = trace;
  layer_ = layer;
  head_ = head;
  first_ = first;
  last_ = last;
  for (auto& strips : strips_) strips.clear();
  if (!same_rows) measure_norms();
}

const PooledStrip& FlowValues::strip(Hook hook, std::int64_t position, int cells) {
  auto& strips = strips_[static_cast<std::size_t>(hook)];
  const auto rows = static_cast<std::size_t>(last_ - first_);
  const auto row = static_cast<std::size_t>(position - first_);
  const bool sized = strips.size() == rows &&
                     (strips[row].length == 0 || static_cast<std::int64_t>(strips[row].values.size()) ==
                                                     std::min<std::int64_t>(cells, strips[row].length));
  if (!sized) {
    strips.clear();
    for (std::int64_t i = first_; i < last_; ++i) {
      strips.push_back(pooled_strip(flow_vector(*live_, hook, layer_, head_, i), cells));
    }
  }
  return strips[row];
}

void FlowValues::measure_norms() {
  const std::int64_t layers = live_->model().architecture.layers;
  norms_.clear();
  least_norm_ = INFINITY;
  largest_norm_ = 0;
  for (std::int64_t layer = 0; layer <= layers; ++layer) {
    for (std::int64_t position = first_; position < last_; ++position) {
      const std::span<const float> vector = stream(*live_, layer, position);
      double squares = 0;
      for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
      const float norm = vector.empty() ? -1.0F : static_cast<float>(std::sqrt(squares));
      norms_.push_back(norm);
      if (!std::isfinite(norm) || norm <= 0) continue;
      least_norm_ = std::min(least_norm_, norm);
      largest_norm_ = std::max(largest_norm_, norm);
    }
  }
}

float FlowValues::stream_norm(std::int64_t layer, std::int64_t position) const {
  if (position < first_ || position >= last_ || layer < 0) return -1;
  const auto index = static_cast<std::size_t>(layer * (last_ - first_) + position - first_);
  return index < norms_.size() ? norms_[index] : -1.0F;
}

float FlowValues::norm_position(float norm) const {
  if (!std::isfinite(norm) || norm <= 0 || largest_norm_ <= least_norm_) return 0;
  return std::clamp(std::log(norm / least_norm_) / std::log(largest_norm_ / least_norm_), 0.0F, 1.0F);
}

}  // namespace headlight
