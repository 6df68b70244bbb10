// A slice of the work in every frame, so that a thousand tokens never hold one up.
#include "gui/views/flow_bands.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gui/views/flow_values.h"

namespace headlight {
namespace {

constexpr double seconds_a_frame = 0.003;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

const std::vector<float> nothing;

}  // namespace

std::vector<float> pooled_band(const Trace& trace, Hook hook, std::int64_t layer, std::int64_t head,
                               std::int64_t first, std::int64_t last, int cells) {
  std::vector<float> best;
  for (std::int64_t position = first; position < last; ++position) {
    const PooledStrip strip = pooled_strip(flow_vector(trace, hook, layer, head, position), cells);
    if (strip.length == 0) return {};
    if (best.empty()) best.assign(strip.values.size(), 0.0F);
    for (std::size_t i = 0; i < std::min(best.size(), strip.values.size()); ++i) {
      const float value = strip.rms > 0 || std::isnan(strip.values[i]) ? strip.values[i] / strip.rms : 0.0F;
      if (std::isnan(best[i])) continue;
      if (std::isnan(value) || std::abs(value) > std::abs(best[i])) best[i] = value;
    }
  }
  return best;
}

bool FlowBands::add_map_rows(Band& band, const FlowBand& place, const FlowLayout& at, HeadRows& pattern,
                             double until) {
  if (band.map.empty()) band.map.assign(static_cast<std::size_t>(at.map_columns), -1.0F);
  for (; band.next_query < place.last; ++band.next_query) {
    if (now() > until) return false;
    const float* row = pattern.row(band.next_query);
    if (row == nullptr) return true;
    const KeyRange seen = at.seen(band.next_query);
    for (std::int64_t column = 0; column < at.map_columns; ++column) {
      float& cell = band.map[static_cast<std::size_t>(column)];
      for (std::int64_t key = std::max(seen.first, at.first_key(column));
           key < std::min(seen.last, at.first_key(column + 1)); ++key) {
        if (std::isnan(row[key]) || row[key] > cell) cell = row[key];
      }
    }
  }
  return true;
}

bool FlowBands::refresh(const std::shared_ptr<const Trace>& trace, const FlowLayout& at, HeadRows* pattern) {
  const bool same =
      trace == trace_.lock() && at.layer == layer_ && at.head_index == head_ &&
      at.map_columns == map_columns_ && at.size.x == width_ && at.bands.size() == places_.size() &&
      trace->layers_done() == layers_done_ &&
      std::equal(at.bands.begin(), at.bands.end(), places_.begin(),
                 [](const FlowBand& a, const FlowBand& b) { return a.first == b.first && a.last == b.last; });
  if (!same) {
    trace_ = trace;
    layer_ = at.layer;
    head_ = at.head_index;
    map_columns_ = at.map_columns;
    width_ = at.size.x;
    layers_done_ = trace->layers_done();
    places_ = at.bands;
    bands_.assign(places_.size(), {});
    for (std::size_t i = 0; i < bands_.size(); ++i) bands_[i].next_query = places_[i].first;
  }
  const double until = now() + seconds_a_frame;
  for (std::size_t i = 0; i < bands_.size(); ++i) {
    Band& band = bands_[i];
    while (band.strips.size() < at.columns.size()) {
      if (now() > until) return false;
      const FlowColumn& column = at.columns[band.strips.size()];
      band.strips.push_back(pooled_band(*trace, column.hook, layer_, head_, places_[i].first, places_[i].last,
                                        at.cells(column)));
    }
    if (pattern != nullptr && !add_map_rows(band, places_[i], at, *pattern, until)) return false;
  }
  return true;
}

const std::vector<float>& FlowBands::strip(std::size_t band, std::size_t column) const {
  return band < bands_.size() && column < bands_[band].strips.size() ? bands_[band].strips[column] : nothing;
}

const std::vector<float>& FlowBands::map(std::size_t band) const {
  return band < bands_.size() ? bands_[band].map : nothing;
}

}  // namespace headlight
