// What the program does with the model that learns in the window.
#include <algorithm>

#include "core/session/devices.h"
#include "core/session/learning.h"
#include "core/session/learning_pace.h"
#include "core/session/learning_task.h"
#include "gui/app.h"
#include "gui/strings.h"

namespace headlight {

void App::learn(const Learn& order) {
  if (!learning_) learning_ = std::make_unique<Learning>(wake_);
  switch (order.order) {
    case Learn::Order::start:
      return learning_->start(document().learning, -1, training_gpu(computation_.device_name()));
    case Learn::Order::pause:
      return learning_->pause();
    case Learn::Order::go_on:
      return learning_->go_on();
    case Learn::Order::one_update:
      return learning_->one_update();
    case Learn::Order::stop:
      return learning_->stop();
    case Learn::Order::open:
    case Learn::Order::learn_on:
      if (!learning_snapshot_) return;
      learns_on_ = order.order == Learn::Order::learn_on;
      return learning_->write(order.step);
  }
}

void App::learn_until(std::int64_t step) {
  learn_until_ = step;
  if (!learning_) learning_ = std::make_unique<Learning>(wake_);
  learning_->start(document().learning, step, training_gpu(computation_.device_name()));
}

bool App::waits_for_learning() const {
  if (learn_until_ == 0) return false;
  return !learning_snapshot_ ||
         (!learning_snapshot_->is_over() && learning_snapshot_->phase != LearningPhase::paused);
}

void App::follow_learning(double seconds) {
  if (!learning_) return;
  const auto before = learning_snapshot_;
  learning_snapshot_ = learning_->snapshot();
  if (learning_snapshot_ && learning_snapshot_ != before && learning_snapshot_->is_over())
    remember_learning_pace(learning_pace(*learning_snapshot_));
  if (!learning_snapshot_ || learning_snapshot_->saved.count <= learnt_models_) return;
  learnt_models_ = learning_snapshot_->saved.count;
  const LearningSaved& saved = learning_snapshot_->saved;
  if (!saved.error.empty()) {
    desk_.say({in_language(saved.error), true});
  } else if (learns_on_) {
    LearningChoices choices = begun_with(document().learning, LearningStart::learnt);
    choices.from = saved.folder;
    run({SetChoices{choices}}, seconds);
  } else {
    open_learnt(seconds);
  }
}

// With a text that it knows, at the head that looks back the most. One step to undo.
void App::open_learnt(double seconds) {
  const LearningSnapshot& learnt = *learning_snapshot_;
  std::vector<Command> gesture = {OpenModel{learnt.saved.folder}, SetText{learnt.prompt},
                                  ShowAttention{AttentionMode::wall}};
  const auto kept = std::find_if(learnt.checkpoints.begin(), learnt.checkpoints.end(),
                                 [&](const auto& state) { return state->step == learnt.saved.step; });
  const LearningState* const state = kept != learnt.checkpoints.end() ? kept->get() : learnt.now.get();
  if (state && !state->scores.rows.empty()) {
    const std::vector<HeadScoreRow>& rows = state->scores.rows;
    const auto most =
        std::max_element(rows.begin(), rows.end(), [](const HeadScoreRow& a, const HeadScoreRow& b) {
          return a[HeadScore::induction] < b[HeadScore::induction];
        });
    const std::int64_t place = most - rows.begin(), heads = state->scores.heads;
    gesture.push_back(SelectHead{place / heads, place % heads});
  }
  run(gesture, seconds);
  desk_.say({format_text("learning.opened", fmt::arg("folder", learnt.saved.folder)), false});
}

}  // namespace headlight
