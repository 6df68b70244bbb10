// A whole training run: its texts, its model, one step after the other, and files from which it goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/training/trainer.h"
#include "core/training/training_config.h"
#include "core/training/training_texts.h"

namespace headlight {

// Of one source's texts that are held out.
struct HeldOutLoss {
  std::string source, language;
  double per_token = 0.0;  // nats; of preferences the loss of a pair; of drawn answers how far they have gone
                           // from the model that training began with: log p - log p then
  double per_byte = 0.0;   // of the text, the token behind its end counted in; 0 where not all is scored
  double accuracy = 0.0;   // share of the tokens, texts or pairs that were right
  double reward = 0.0;     // of drawn answers: the mean
  std::int64_t tokens = 0, bytes = 0;
};

struct Measurement {
  std::int64_t step = 0;
  std::vector<HeldOutLoss> losses;
};

// One point of the loss curve: the mean since the last one.
struct CurvePoint {
  std::int64_t step = 0;
  double loss = 0.0, gradient_length = 0.0;
};

class TrainingRun {
 public:
  // Reads texts, makes or takes the vocabulary, draws or takes the weights; goes on from the state in
  // `folder` if there is one. `device`: see Trainer. Throws UserError.
  TrainingRun(TrainingConfig config, const std::string& corpora, std::string folder, int threads,
              const Preparation& preparation = {}, ComputeDevice device = {});
  // The same from texts that are here already, and in memory alone: there is no folder to go on from, and
  // none to write to.
  TrainingRun(TrainingConfig config, Corpus corpus, int threads, const Preparation& preparation = {},
              ComputeDevice device = {});

  const TrainingConfig& config() const { return config_; }
  const Parameters& parameters() const { return *parameters_; }
  std::int64_t parameter_count() const;  // of all tensors, whether they move or not
  std::int64_t steps_done() const { return optimizer_->steps_done(); }
  bool finished() const { return steps_done() >= config_.training.optimizer.steps; }
  std::int64_t tokens_done() const { return tokens_done_; }
  const std::vector<CurvePoint>& curve() const { return curve_; }
  // Of the trainer: what became of the device, one sentence, or nothing.
  const Bilingual& device_note() const { return trainer_->device_note(); }

  // One step, whose loss is minus the mean reward where answers are drawn; keeps weights where the config
  // says so. Throws UserError when the numbers have run away: what is in the folder stays as it is, and this
  // object must not be used any more.
  StepReport step();
  // What the last step learnt from, how its loss changed with each parameter, and the loss that it has now.
  const std::vector<TrainingExample>& batch() const { return batch_; }
  const Gradients& gradients() const { return trainer_->gradients(); }
  Loss batch_loss() { return trainer_->evaluate(batch_); }
  // Whether the loss was looked at just now, and is none of a run that went astray: a good moment to write.
  bool is_checked() const { return summed_ == 0; }
  // The loss on what is held out, source by source.
  const Measurement& measure();
  // What the model goes on with now: see sampled_text.h.
  std::string sample(const std::string& text, std::int64_t tokens, std::uint64_t seed) const;

  // Everything that is needed to go on, at once or not at all.
  void write_state_file() const;
  // The model as others read it, and the curve as training/log.json.
  void write_model_files() const;

 private:
  void make(Corpus corpus, const Preparation& preparation, ComputeDevice device);
  void make_model(const Corpus& corpus, const Preparation& preparation);
  ModelFiles new_model_files(const Corpus& corpus, const Preparation& preparation) const;
  void check_teacher() const;
  void make_texts(Corpus corpus, const Preparation& preparation);
  std::int64_t context() const;
  void check_kind(DocumentKind given) const;
  void check_labels(const Corpus& corpus) const;
  void check_samples() const;
  void make_trainer(ComputeDevice device);
  Objective objective();
  std::shared_ptr<const Model> load_reward() const;
  // Lets the model answer; returns the mean reward.
  double draw(std::uint64_t number, std::span<TrainingExample> examples) const;
  HeldOutLoss measure_answers(const HeldOut& held);
  std::span<float> moving() { return low_rank_ ? low_rank_->values() : parameters_->values(); }
  bool fills_a_batch() const;
  [[noreturn]] void refuse_small_pass() const;
  std::vector<TrainingExample> next_batch();
  void keep_weights() const;
  double guessing() const;
  [[noreturn]] void refuse_loss(double loss, std::int64_t step) const;
  void note(const StepReport& report);
  nlohmann::json notes() const;
  void take_up(const nlohmann::json& notes);

  TrainingConfig config_;
  std::string folder_;  // empty: none
  int threads_;
  std::unique_ptr<Parameters> parameters_;
  std::shared_ptr<const Model> teacher_, reference_, reward_;  // what the objective needs of them
  std::unique_ptr<LowRank> low_rank_;
  std::unique_ptr<TrainingTexts> texts_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Backend> backend_;  // of samples

  std::vector<TrainingExample> batch_;
  std::int64_t next_ = 0, tokens_done_ = 0;
  std::vector<CurvePoint> curve_;
  std::vector<Measurement> measurements_;
  CurvePoint sums_;  // of the point to come
  std::int64_t summed_ = 0;
};

}  // namespace headlight
