// The vectors of one token in one block, from the stream that goes in to the stream that comes out: as
// strips, in figures, and one of them as a histogram with the dimensions that stand out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/session/analysis_workers.h"
#include "gui/frame.h"
#include "gui/views/flow_values.h"

namespace headlight {

// What a block makes, in the order in which it makes it.
std::vector<Hook> block_hooks(const ArchitectureDescription& architecture);

class BlockRows {
 public:
  BlockRows() : histogram_worker_(make_histogram_worker()) {}
  // The list and beside or under it the histogram, at the cursor in `width`; as high as they need.
  void draw(const Frame& frame, Commands& commands, float width);

 private:
  struct Row {
    Hook hook = Hook::resid_pre;
    VectorFacts facts;
    OutlierDimensions outliers;
    PooledStrip strip;
  };
  void refresh(const Frame& frame, int cells);
  const Row* chosen(const Frame& frame) const;
  void draw_list(const Frame& frame, Commands& commands, float width);
  void draw_row(const Frame& frame, Commands& commands, const Row& row, float width);
  void draw_histogram(const Frame& frame, Commands& commands, const Row& row, float width);
  void draw_outliers(const Frame& frame, Commands& commands, const Row& row, float width) const;

  std::weak_ptr<const Trace> trace_;  // what rows_ was made of
  std::int64_t layer_ = -1, position_ = -1;
  int cells_ = 0;
  std::vector<Row> rows_;
  bool all_tokens_ = false;  // of the histogram
  std::unique_ptr<HistogramWorker> histogram_worker_;
};

}  // namespace headlight
