// One text and what is to be predicted.
#pragma once

#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

constexpr TokenId not_scored = -1;

struct TrainingExample {
  std::vector<TokenId> tokens;  // of the decoder, where there are two parts
  std::vector<TokenId> labels;  // what each position should say, or not_scored; of a classifier: one
  std::vector<TokenId> source;  // what the encoder of an encoder-decoder reads
  double advantage = 0.0;       // of a text that the model drew: its reward above the mean of the others
};

}  // namespace headlight
