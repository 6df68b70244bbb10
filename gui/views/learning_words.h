// Words that the panels of the learning view share.
#pragma once

#include <string>

#include "core/session/learning.h"
#include "imgui.h"

namespace headlight {

std::string time_words(double seconds);  // "40 s", "3 min"

// "L0 attention", "embedding"
std::string part_words(const LearningPart& part);
ImU32 part_color(LearningPartKind kind);

}  // namespace headlight
