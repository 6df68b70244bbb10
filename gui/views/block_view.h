// One block in figures: how the stream grows through the layers, what one token's vectors look like inside
// the chosen block, and what its MLP's neurons write.
#pragma once

#include <memory>
#include <string_view>

#include "core/session/analysis_workers.h"
#include "gui/view.h"
#include "gui/views/block_rows.h"

namespace headlight {

class BlockView : public View {
 public:
  std::string_view name() const override { return "block"; }
  std::string_view explanation() const override { return "explain.block"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  // Threads are there only once the view was opened.
  struct Workers {
    std::unique_ptr<LengthsWorker> lengths = make_lengths_worker();
    std::unique_ptr<NeuronsWorker> neurons = make_neurons_worker();
    BlockRows rows;
  };
  void draw_lengths(const Frame& frame, Commands& commands);
  void draw_neurons(const Frame& frame, Commands& commands);
  void walk(const Frame& frame, Commands& commands) const;

  std::unique_ptr<Workers> workers_;
};

}  // namespace headlight
