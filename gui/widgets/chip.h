// A token in a line of words: on a ground of its own.
#pragma once

#include <string>

#include "imgui.h"

namespace headlight {

// At the cursor, in the current font, as wide as the words are, at most `widest`.
void draw_chip(const std::string& words, ImU32 ground, ImU32 ink, float widest);
float chip_width(const std::string& words);

}  // namespace headlight
