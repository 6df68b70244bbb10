// The tokens of a long text that have no row of their own, merged into bands: every cell keeps the largest of
// what it covers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/forward/trace.h"
#include "gui/views/flow_layout.h"
#include "gui/views/head_maps.h"

namespace headlight {

// What one band shows in one column: [cells], each the value of largest magnitude of all its tokens, relative
// to the root mean square of that token's vector.
std::vector<float> pooled_band(const Trace& trace, Hook hook, std::int64_t layer, std::int64_t head,
                               std::int64_t first, std::int64_t last, int cells);

class FlowBands {
 public:
  // Goes on with what is missing for some milliseconds. False while there is more to do.
  bool refresh(const std::shared_ptr<const Trace>& trace, const FlowLayout& at, HeadRows* pattern);
  // Empty while it is not known.
  const std::vector<float>& strip(std::size_t band, std::size_t column) const;
  // The largest weight of the band's queries in each column of the map; below 0: masked.
  const std::vector<float>& map(std::size_t band) const;

 private:
  struct Band {
    std::vector<std::vector<float>> strips;  // one a column; filled one after the other
    std::vector<float> map;
    std::int64_t next_query = 0;
  };
  bool add_map_rows(Band& band, const FlowBand& place, const FlowLayout& at, HeadRows& pattern, double until);

  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  std::int64_t layer_ = -1, head_ = -1, map_columns_ = 0;
  std::int64_t layers_done_ = -1;
  float width_ = 0;
  std::vector<FlowBand> places_;
  std::vector<Band> bands_;
};

}  // namespace headlight
