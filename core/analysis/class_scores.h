// What a classifier says of a text: its classes by probability.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

struct ClassScore {
  std::int64_t label = 0;
  std::string name;  // as the model's files have it, else "LABEL_2"
  double logit = 0.0;
  double probability =
      0.0;  // softmax over all classes, in double; of a single class 1: then the logit is all
};

// Likeliest first, ties by label; NaN before all. Empty when the trace has no class logits (yet).
std::vector<ClassScore> class_scores(const Trace& trace);

}  // namespace headlight
