// Answers that the model in training draws itself, and what a reward model thinks of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/backends/backend.h"
#include "core/training/example.h"
#include "core/training/parameters.h"

namespace headlight {

struct AnswerSettings {
  std::int64_t most_tokens = 24;
  std::uint64_t seed = 1;
};

// Each example is what is asked; behind it comes an answer drawn with temperature 1, whose tokens become the
// labels, and whose reward less the mean of all becomes the advantage. `reward` is a classifier with one
// label and reads the text of both. Returns the mean reward; the same for the same `number` and weights.
double draw_answers(const Parameters& parameters, Backend& backend, const Model& reward,
                    const AnswerSettings& settings, std::uint64_t number,
                    std::span<TrainingExample> examples);

}  // namespace headlight
