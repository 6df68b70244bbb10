// A small model that learns on a thread of its own while the window stays quick: started, paused, moved by
// one update, stopped; what it came to is published as snapshots that do not change any more.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/backends/compute_device.h"
#include "core/base/bilingual.h"
#include "core/session/learning_figures.h"
#include "core/session/learning_task.h"

namespace headlight {

enum class LearningPhase { preparing, running, paused, finished, stopped, failed };

// One step: before its update.
struct LearningPoint {
  float loss = 0.0F;             // nats a token
  float gradient_length = 0.0F;  // of all parameters, before it was cut
  float learning_rate = 0.0F;
};

// One update in full.
struct LearningUpdate {
  std::int64_t step = 0;  // that it made
  std::int64_t texts = 0, tokens = 0, scored = 0;
  std::string example;                         // the first text of the batch
  double loss_before = 0.0, loss_after = 0.0;  // on that batch
  double right_after = 0.0;                    // share of the tokens that the model then found likeliest
  double gradient_length = 0.0, cut = 1.0;     // it was multiplied by `cut`
  double learning_rate = 0.0;
};

// Of the text whose attention is shown.
struct LearningToken {
  TokenId id = 0;
  std::string bytes;  // or the name of a special token
};

// A model that was written to be opened.
struct LearningSaved {
  std::int64_t count = 0;  // of all runs together; it grows by one with each that is done or failed
  std::int64_t step = 0;   // whose weights these are
  std::string folder;
  Bilingual error;
};

// The model that learns beside, from the same batches.
struct LearningRival {
  bool is_recurrent = false;  // a GRU; else a transformer of the same shape
  std::int64_t layers = 0, parameters = 0;
  std::vector<float> losses;     // of each step
  double tokens_a_second = 0.0;  // of its steps alone
  Bilingual error;               // why it gave up
};

struct LearningSnapshot {
  LearningChoices choices;
  LearningPlan plan;  // with the vocabulary and parameters that it came to
  LearningPhase phase = LearningPhase::preparing;
  std::string preparing;  // "words", "vocabulary", "tokens"
  float share = 0.0F;     // of that
  Bilingual error;        // why it failed
  Bilingual device_note;  // what became of the GPU, if there was one

  std::int64_t step = 0;             // updates done
  std::vector<LearningPoint> curve;  // of each of them
  double tokens_a_second = 0.0;      // of the model's own steps alone
  double seconds = 0.0, seconds_left = 0.0;
  double guessing = 0.0;          // loss of a model that takes all tokens for equally likely
  double guessing_letters = 0.0;  // all letters; 0: there are none
  double unknowable = 0.0;        // see LearningTexts
  double teacher = NAN;           // its loss on what is held out
  std::optional<LearningRival> rival;
  std::vector<LearningToken> probe;  // whose attention `wall` of a state is
  std::string prompt;                // that `sample` goes on from

  std::int64_t parts_step = 0;  // the update that `parts` belongs to
  std::vector<LearningPart> parts;
  std::shared_ptr<const LearningState> now;                       // null while it is prepared
  std::vector<std::shared_ptr<const LearningState>> checkpoints;  // with weights, by steps
  std::shared_ptr<const LearningUpdate> update;                   // null: none was asked for alone
  LearningSaved saved;

  bool is_over() const {
    return phase == LearningPhase::finished || phase == LearningPhase::stopped ||
           phase == LearningPhase::failed;
  }
};

// Whether the weights behind so many steps are kept: 0, and ten (of large models three) in each power of ten.
bool is_kept_step(std::int64_t step, std::int64_t parameters);

class Learning {
 public:
  // `published` is called on the worker's thread with each new snapshot.
  explicit Learning(std::function<void()> published = [] {});
  ~Learning();  // calls off what runs
  Learning(const Learning&) = delete;
  Learning& operator=(const Learning&) = delete;

  // All return at once. A run that is there is given up for the new one. `pause_at`: a step to pause behind.
  // `device`: see Trainer.
  void start(LearningChoices choices, std::int64_t pause_at = -1, ComputeDevice device = {});
  void pause();
  void go_on();
  void one_update();  // then it is paused
  void stop();        // for good; what was kept stays. While it is prepared: back to nothing
  // Writes the model of a kept step, else of now, as Hugging Face's libraries do: to a folder, or, where none
  // is named, to a new one of the user's data. See LearningSaved.
  void write(std::int64_t step, std::string folder = "");

  // Null before the first start.
  std::shared_ptr<const LearningSnapshot> snapshot() const;

 private:
  class Run;
  struct Start {
    LearningChoices choices;
    std::int64_t pause_at = -1;
    ComputeDevice device;
  };
  struct Write {
    std::int64_t step = 0;
    std::string folder;
  };
  struct Orders {
    std::optional<Start> start;
    bool stop = false, one = false, step = false;
    std::optional<Write> write;
  };

  void order(const std::function<void()>& change);
  Orders wait();
  bool is_overtaken() const;
  void work();
  void obey(const Orders& orders);
  void begin(const Start& start);
  void publish(LearningSnapshot snapshot);

  std::function<void()> published_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  bool ending_ = false, stop_ = false, one_ = false, going_ = false;
  bool can_step_ = false;  // there is a run that is not over
  std::optional<Start> start_;
  std::optional<Write> write_;
  std::shared_ptr<const LearningSnapshot> snapshot_;

  std::unique_ptr<Run> run_;  // the worker's own
  std::int64_t written_ = 0;  // the same
  std::thread thread_;        // last: it starts when everything above exists
};

}  // namespace headlight
