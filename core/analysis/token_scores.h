// How likely the model found each token of the text itself, given those before it: what surprisal shows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

struct TokenScore {
  double probability = 0.0;  // over the whole vocabulary, temperature 1
  std::int64_t rank = 0;     // 1: the likeliest; ties by id
  bool operator==(const TokenScore&) const = default;
};

struct TokenScores {
  std::shared_ptr<const Model> model;
  bool modified = false;  // made under interventions
  std::vector<TokenId> tokens;
  std::vector<TokenId> source;  // of an encoder-decoder: what the encoder read
  std::vector<TokenScore>
      scores;  // of each token; of the first, which nothing precedes, probability 0 and rank 0

  // Whether these are the scores of this pass.
  bool are_of(const Trace& trace) const;
  // How many of these scores hold for another text: a score depends on the tokens up to its own alone.
  std::int64_t common_prefix(const std::vector<TokenId>& others) const;
};

// Of a complete trace of a model that goes from left to right to logits; null of any other model. `before`
// saves the work for the tokens that are the same; may be null. Returns null when `cancelled` says so: about
// 0.3 ms a token and 50,000 vocabulary entries.
std::shared_ptr<const TokenScores> token_scores(const Trace& trace, const TokenScores* before,
                                                const std::function<bool()>& cancelled);

}  // namespace headlight
