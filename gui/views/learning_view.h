// A small model learns while one watches: what it is to learn, then its loss, its heads, its gradient and
// what it writes, now or at any step that was kept.
#pragma once

#include <cstdint>
#include <string_view>

#include "gui/view.h"
#include "gui/views/learning_curve.h"
#include "gui/views/learning_heads.h"
#include "gui/views/learning_setup.h"

namespace headlight {

class LearningView : public View {
 public:
  std::string_view name() const override { return "learning"; }
  std::string_view explanation() const override { return "explain.learning"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void follow(const LearningSnapshot& learning);
  const LearningState* shown(const LearningSnapshot& learning) const;
  void draw_run(const Frame& frame, Commands& commands);
  void draw_controls(const Frame& frame, Commands& commands);
  void draw_progress(const LearningSnapshot& learning, Commands& commands) const;
  void draw_scrubber(const LearningSnapshot& learning);
  void draw_left(const Frame& frame, ImVec2 room);
  void draw_right(const Frame& frame, Commands& commands, ImVec2 room);
  void keys(const LearningSnapshot& learning, Commands& commands);

  bool setting_up_ = false;     // the choices are shown although there is a run
  std::int64_t scrubbed_ = -1;  // the kept state that is shown; -1: as it is now
  std::size_t kept_ = 0;        // states when we looked
  LearningSetup setup_;
  LearningCurve curve_;
  LearningHeads heads_;
};

}  // namespace headlight
