// A whole training run: its texts, its model, one step after the other, and files from which it goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/training/corpus.h"
#include "core/training/packing.h"
#include "core/training/trainer.h"
#include "core/training/training_config.h"

namespace headlight {

// What a run tells about its preparation: a name ("reading", "vocabulary", "tokens") and the share done. May
// throw to stop.
using Preparation = std::function<void(const char* what, float share)>;

// Of one source's texts that are held out.
struct HeldOutLoss {
  std::string source, language;
  double per_token = 0.0;  // nats
  double per_byte = 0.0;   // of the text, the token behind its end counted in; 0 where not all is scored
  double accuracy = 0.0;   // share of the tokens (or texts) whose label was the likeliest
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
  // `folder` if there is one. Throws UserError.
  TrainingRun(TrainingConfig config, const std::string& corpora, std::string folder, int threads,
              const Preparation& preparation = {});

  const TrainingConfig& config() const { return config_; }
  const Parameters& parameters() const { return *parameters_; }
  std::int64_t steps_done() const { return optimizer_->steps_done(); }
  bool finished() const { return steps_done() >= config_.training.optimizer.steps; }
  std::int64_t tokens_done() const { return tokens_done_; }
  std::int64_t tokens_of_pass() const { return packed_ ? packed_->tokens() : 0; }
  const std::vector<CurvePoint>& curve() const { return curve_; }
  const std::vector<Measurement>& measurements() const { return measurements_; }

  // One step; keeps weights where the config says so. Throws UserError when the numbers have run away: what
  // is in the folder stays as it is, and this object must not be used any more.
  StepReport step();
  // Whether the loss was looked at just now, and is none of a run that went astray: a good moment to write.
  bool is_checked() const { return summed_ == 0; }
  // The loss on what is held out, source by source.
  const Measurement& measure();
  // Continues a text, likeliest tokens first drawn with temperature 0.8, as the model would now.
  std::string sample(const std::string& text, std::int64_t tokens, std::uint64_t seed) const;

  // Everything that is needed to go on, at once or not at all.
  void write_state_file() const;
  // The model as others read it, and the curve as training/log.json.
  void write_model_files() const;

 private:
  struct HeldOut {
    std::string source, language;
    std::vector<TrainingExample> examples;
    std::int64_t bytes = 0;
  };

  void make_model(const Preparation& preparation);
  void check_data() const;
  void make_tokens(const Preparation& preparation);
  void hold_out();
  void begin_pass(std::int64_t pass);
  bool fills_a_batch() const;
  [[noreturn]] void refuse_small_pass() const;
  std::size_t examples_of_pass() const { return packed_ ? packed_->size() : order_.size(); }
  TrainingExample example(std::size_t index) const;
  TrainingExample whole_example(const std::vector<TokenId>& text, const std::vector<TokenId>& target,
                                std::int32_t label, std::int64_t pass, std::int64_t index) const;
  std::vector<TrainingExample> next_batch();
  void keep_weights() const;
  double guessing() const;
  [[noreturn]] void refuse_loss(double loss, std::int64_t step) const;
  void note(const StepReport& report);
  nlohmann::json notes() const;
  void take_up(const nlohmann::json& notes);

  TrainingConfig config_;
  std::string folder_;
  int threads_;
  DocumentKind kind_ = DocumentKind::text;
  std::int64_t context_ = 0;
  std::unique_ptr<Parameters> parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Backend> backend_;  // of samples
  std::optional<TokenMasker> masker_;

  Corpus corpus_;                       // its texts are dropped when they are tokens
  TokenDocuments documents_, targets_;  // of corpus_.train; the targets of translations
  std::vector<HeldOut> held_out_;

  std::unique_ptr<PackedPass> packed_;  // or, where each document stands alone:
  std::vector<std::size_t> order_;
  std::int64_t pass_ = 0, next_ = 0, tokens_done_ = 0;
  std::vector<CurvePoint> curve_;
  std::vector<Measurement> measurements_;
  CurvePoint sums_;  // of the point to come
  std::int64_t summed_ = 0;
};

}  // namespace headlight
