// How fast models learn on this machine: what the last run took, remembered between starts.
#pragma once

#include "core/session/learning.h"

namespace headlight {

// Seconds that a run took for each that its plan expected of the same steps; 0 while that tells nothing yet.
double learning_pace(const LearningSnapshot& snapshot);

// In the user's data. What cannot be written is forgotten: nothing that a user made is lost.
void remember_learning_pace(double pace);
double remembered_learning_pace();  // 0: nothing has learnt here yet

}  // namespace headlight
