// Two models side by side: what each comes to, how far back it copies, and what it writes. The two are the
// run's model and the one that learns beside it, or one model before and now.
#pragma once

#include <string>
#include <vector>

#include "core/session/learning.h"
#include "imgui.h"

namespace headlight {

// A text that somebody goes on with.
struct LearningWords {
  std::string caption, sample;
};

// Whether there is somebody to compare with.
bool compares(const LearningSnapshot& learning);

bool is_taught(const LearningSnapshot& learning);
// Whether the curve has a ring for each loss on held-out texts.
bool has_rings(const LearningSnapshot& learning);

// What the model writes, or the two do.
std::vector<LearningWords> learning_words(const LearningSnapshot& learning, const LearningState& state);

// Their numbers at the kept step that `state` is, or that came before it.
void draw_learning_comparison(const LearningSnapshot& learning, const LearningState& state, float width);

// The share of letters that each copies right, by how far back they stand; nothing where it is not measured.
bool has_copied(const LearningSnapshot& learning);
void draw_learning_copied(const LearningSnapshot& learning, const LearningState& state, ImVec2 size);

ImU32 learner_color();
ImU32 rival_color();

}  // namespace headlight
