// One run of the learning view: what its worker does between two looks at its orders.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/session/learning.h"
#include "core/training/training_run.h"

namespace headlight {

class Learning::Run {
 public:
  // `told` is called with what is prepared; it may throw to stop. Throws UserError.
  Run(const LearningChoices& choices, std::int64_t pause_at, const ComputeDevice& device,
      const std::function<void(const LearningSnapshot&)>& told);

  // One update. `alone`: with everything that can be told about it. True when there is something new to be
  // seen. What goes wrong is kept in the snapshot.
  bool step(bool alone);
  // Both end it; what was kept stays, and can be written.
  void stop();
  void fail(const Bilingual& why);
  void write(const Write& write, std::int64_t count);
  // Looks at the model as it is.
  void look();

  bool is_over() const { return snapshot_.is_over(); }
  bool pauses_here() const { return snapshot_.step == pause_at_; }
  LearningSnapshot snapshot(bool going) const;

 private:
  using Clock = std::chrono::steady_clock;
  void begin_rival(const TrainingConfig& config, Corpus corpus, const ComputeDevice& device);
  void step_rival();
  LearningMeasures measures(const Parameters& parameters) const;
  void keep();
  void note_update(const StepReport& report);
  void finish(LearningPhase phase);

  std::unique_ptr<TrainingRun> run_;           // null when it is over
  std::unique_ptr<TrainingRun> rival_;         // null where there is none, and when it is over
  std::unique_ptr<Backend> backend_;           // of measures
  std::vector<std::string> held_out_, asked_;  // see LearningTexts
  ModelFiles files_;
  std::unique_ptr<LearningProbe> probe_;
  std::int64_t pause_at_;
  LearningSnapshot snapshot_;
  Clock::time_point looked_, shown_;
  Clock::duration look_cost_{};
  double own_seconds_ = 0.0, rival_seconds_ = 0.0;  // of their steps alone
};

}  // namespace headlight
