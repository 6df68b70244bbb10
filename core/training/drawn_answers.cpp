#include "core/training/drawn_answers.h"

#include <vector>

#include "core/text/token_ids.h"
#include "core/training/packing.h"
#include "core/training/random_numbers.h"
#include "core/training/sampled_text.h"
#include "core/training/text_pass.h"
#include "core/training/training_texts.h"

namespace headlight {
namespace {

double reward_of(const Model& reward, Backend& backend, const std::string& text) {
  std::vector<TokenId> ids = token_ids(reward.tokenizer->encode(text));
  if (ids.empty()) return 0.0;
  const TrainingExample example{shortened(std::move(ids), reward.architecture.context), {}, {}};
  const Tensor logits = logits_of(reward, backend, example);
  return static_cast<double>(logits.values().front());
}

}  // namespace

double draw_answers(const Parameters& parameters, Backend& backend, const Model& reward,
                    const AnswerSettings& settings, std::uint64_t number,
                    std::span<TrainingExample> examples) {
  RandomNumbers seeds(settings.seed ^ (number << 20));
  double total = 0.0;
  for (TrainingExample& example : examples) {
    const std::size_t asked = example.tokens.size();
    const std::vector<TokenId> answer =
        drawn_tokens(parameters, backend, example.tokens, {}, settings.most_tokens, seeds.whole());
    example.tokens.insert(example.tokens.end(), answer.begin(), answer.end());
    const double own = reward_of(reward, backend, words_of(*parameters.tokenizer(), example.tokens));
    total += own;
    example = next_tokens(std::move(example.tokens), asked);
    example.advantage = own;
  }
  const double mean = total / static_cast<double>(examples.size());
  for (TrainingExample& example : examples) example.advantage -= mean;
  return mean;
}

}  // namespace headlight
