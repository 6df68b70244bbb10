// One head at a time, from what the trace kept.
#include "gui/views/head_maps.h"

#include "core/analysis/operands.h"
#include "core/forward/derived_values.h"
#include "core/session/devices.h"
#include "imgui.h"

namespace headlight {
namespace {

// Of 4,096 keys 8 MB; more than any view shows at once.
constexpr std::size_t most_made_rows = 512;

}  // namespace

HeadRows::HeadRows(const std::shared_ptr<const Trace>& trace, Backend& backend, std::int64_t layer,
                   std::int64_t head, bool cross)
    : trace_(trace), backend_(backend), layer_(layer), head_(head), cross_(cross) {}

const float* HeadRows::row(std::int64_t query) {
  const std::shared_ptr<const Trace> trace = trace_.lock();
  if (!trace || query < 0 || query >= trace->positions()) return nullptr;
  const Hook kept = attention_hooks(trace->model().architecture, cross_).pattern;
  if (trace->has(kept, layer_)) return trace->map_row(kept, layer_, head_, query).data();
  if (const auto found = made_.find(query); found != made_.end()) return found->second.data();
  if (!derived_) derived_.emplace(*trace, backend_, layer_, head_, cross_);
  return made_.emplace(query, derived_->rows(query, query + 1)).first->second.data();
}

void HeadRows::forget() {
  if (made_.size() > most_made_rows) made_.clear();
}

void HeadMaps::compute_on(const std::string& device) {
  if (device == device_) return;
  device_ = device;
  rows_.reset();
  backend_.reset();
}

HeadRows* HeadMaps::rows(const std::shared_ptr<const Trace>& trace, std::int64_t layer, std::int64_t head,
                         bool cross) {
  if (!trace || !has_attention(*trace, layer, cross)) return nullptr;
  if (!backend_) backend_ = make_view_backend(device_, 1);
  if (!rows_ || trace != trace_.lock() || layer != layer_ || head != head_ || cross != cross_) {
    rows_.emplace(trace, *backend_, layer, head, cross);
    trace_ = trace;
    layer_ = layer;
    head_ = head;
    cross_ = cross;
  }
  if (frame_ != ImGui::GetFrameCount()) rows_->forget();
  frame_ = ImGui::GetFrameCount();
  return &*rows_;
}

std::optional<double> pair_score(const Trace& trace, std::int64_t layer, std::int64_t head,
                                 std::int64_t query, std::int64_t key, bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  const KeyRange seen = visible_keys(attention_rule(a, layer, cross), query, attention_keys(trace, cross));
  if (key < seen.first || key >= seen.last) return std::nullopt;
  return value_of(trace, {attention_hooks(a, cross).scores, layer, {head, query, key}});
}

}  // namespace headlight
