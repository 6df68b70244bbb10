// Pieces of text that are one small mark: alone, a space and a full stop would both be a dot of a pixel or
// two.
#pragma once

#include <string>

#include "imgui.h"

namespace headlight {

// A piece in the current font with its upper left corner at `at`; a small mark larger, on the same line.
float mark_enlargement(const std::string& piece);  // how much larger than other pieces: 1 for what is no mark
void add_piece(ImDrawList& list, ImVec2 at, ImU32 color, const std::string& piece);
float piece_width(const std::string& piece);

}  // namespace headlight
