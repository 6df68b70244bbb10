// Where the gradient is and how far each part of the model moves, as bars; and one update told in four steps.
#pragma once

#include <string>

#include "core/session/learning.h"
#include "gui/views/learning_comparison.h"

namespace headlight {

// At the cursor, `width` wide.
void draw_learning_parts(const LearningSnapshot& learning, float width);
void draw_learning_update(const LearningUpdate& update);

// What the model writes; of repeated letters, those that follow from the text are marked.
float learning_sample_height(const LearningSnapshot& learning, const std::string& sample, float width);
void draw_learning_sample(const LearningSnapshot& learning, const LearningWords& words, float width);

}  // namespace headlight
