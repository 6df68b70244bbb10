// What the model would say behind every block, how a token rises through them, which parts make its logit,
// and how surprised the model was by the text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/session/analysis_workers.h"
#include "gui/view.h"
#include "gui/views/lens_attribution.h"
#include "gui/views/lens_grid.h"
#include "gui/widgets/token_choice.h"

namespace headlight {

class LensView : public View {
 public:
  std::string_view name() const override { return "lens"; }
  std::string_view explanation() const override { return "explain.lens"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void follow(const Frame& frame);
  void want_lens(const Frame& frame, Commands& commands, std::int64_t first, std::int64_t last);
  void draw_tools(const Frame& frame, Commands& commands);
  void draw_tokens(const Frame& frame, Commands& commands);
  void draw_progress(Commands& commands);
  void draw_grid(const Frame& frame, Commands& commands);
  void draw_readout(const Frame& frame, const ShownLens& shown) const;
  void draw_ranks(const Frame& frame, Commands& commands);
  void draw_attribution(const Frame& frame, Commands& commands);
  void draw_loss(const Frame& frame, Commands& commands);
  void walk(const Frame& frame, Commands& commands) const;

  std::shared_ptr<const LogitLens> lens_;  // of the frame's trace, as far as it is made
  std::shared_ptr<const LogitLens>
      shown_;  // what is drawn: the one before until a column of `lens_` is there
  std::shared_ptr<const LensWorker::Done> taken_;
  std::int64_t wanted_columns_ = 0, done_columns_ = 0;
  bool stopped_ = false;  // the user called the lens off, for this trace
  LensGrid grid_;
  LensAttribution attribution_;
  TokenChoice target_, distractor_;
  std::unique_ptr<LensWorker> lens_worker_;
  std::unique_ptr<AttributionWorker> attribution_worker_;
};

}  // namespace headlight
