// What is measured on a model while it learns: where its gradient comes from, how far an update moves its
// weights, what its heads look at, and what it writes.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/analysis/head_scores.h"
#include "core/analysis/head_wall.h"
#include "core/backends/backend.h"
#include "core/training/parameters.h"

namespace headlight {

enum class LearningPartKind { embedding, attention, mlp, norm, output };

// The weights of one kind in one layer, each as a length: the root of the sum of squares.
struct LearningPart {
  LearningPartKind kind = LearningPartKind::embedding;
  std::int64_t layer = -1;  // -1: outside of the blocks
  double gradient = 0.0;    // how the loss changes with them
  double weights = 0.0;     // before the update
  double update = 0.0;      // how far it moved them
};

// In the order of the model: the embedding, block by block attention, MLP and norms, the last norm, the
// output. `before` and `after`: the weights around one update; `gradients`: what it followed.
std::vector<LearningPart> learning_parts(const std::vector<Parameter>& list, std::span<const float> gradients,
                                         std::span<const float> before, std::span<const float> after);

// Tokens that nothing says anything about but that they came before: `period` different ones of `among`,
// drawn at random, twice. `begin`: what stands before every text; -1: nothing.
std::vector<TokenId> repeated_tokens(const std::vector<TokenId>& among, std::int64_t period, TokenId begin,
                                     std::uint64_t seed);

// Repeated letters: for each period from 2 to 26, by twos, the share of the letters that the model finds
// likeliest where `period` different ones come a second time; at first sight nobody can know them. Of a model
// whose tokens are bytes.
constexpr std::int64_t first_copied_period = 2, copied_period_step = 2, copied_periods = 13;
std::vector<double> copied_by_period(const Parameters& parameters, Backend& backend);

// Nats a token of texts as they would be read on and on: in windows of `context` tokens, the first of which
// is not scored. NaN where there is nothing to score.
double held_out_loss(const Parameters& parameters, Backend& backend, const std::vector<std::string>& texts,
                     std::int64_t context);

// How good a model is at one moment; what was not measured is NaN, or empty.
struct LearningMeasures {
  double held_out = NAN;       // nats a token on texts that it does not learn from
  std::vector<double> copied;  // see copied_by_period
  double wished = NAN;         // see wished_an_answer() in learning_wish.h
};

// A model at one moment of its training.
struct LearningState {
  std::int64_t step = 0;
  std::shared_ptr<const HeadWall> wall;  // every head's attention on the probe
  // On repeated tokens drawn at random: HeadScore::induction is the mean attention from a token that comes
  // again to what followed it before (Olsson et al. 2022).
  HeadScores scores;
  std::string sample;                                 // what the model goes on with
  std::string rival_sample;                           // the one beside it does
  LearningMeasures measures, rival;                   // of a state that is kept, and of the model beside it
  std::shared_ptr<const std::vector<float>> weights;  // of a state that is kept; else null
};

// Looks at a model between two updates, always in the same way.
class LearningProbe {
 public:
  // `text`: whose attention is shown; `period`: of the repeated tokens.
  LearningProbe(const Parameters& parameters, const std::string& text, std::int64_t period,
                std::vector<TokenId> among);
  const std::vector<Token>& tokens() const { return tokens_; }  // of the text, with what stands before it
  // Wall and scores.
  LearningState look(const Parameters& parameters) const;

 private:
  std::vector<Token> tokens_;
  std::vector<std::vector<TokenId>> repeated_;
  std::unique_ptr<Backend> backend_;
};

// Ids of a vocabulary that are no special tokens, of those that `text` uses; of all when it uses too few.
std::vector<TokenId> ordinary_tokens(const Tokenizer& tokenizer, const std::string& text);

}  // namespace headlight
