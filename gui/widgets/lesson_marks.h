// Small drawn signs of the lesson panel: right and wrong by shape and word, never by colour alone.
#pragma once

#include <string>

#include "imgui.h"

namespace headlight {

enum class OptionMark { none, right, wrong };
enum class ReplyKind { right, wrong, solution };

void draw_tick(ImDrawList& list, ImVec2 centre, float radius, ImU32 color);
void draw_cross(ImDrawList& list, ImVec2 centre, float radius, ImU32 color);

// The circle before an answer: empty, filled, with a tick or a cross.
void draw_option_mark(ImDrawList& list, ImVec2 centre, float radius, bool chosen, OptionMark mark);

// A line at the cursor: the sign and the word beside it.
void draw_verdict(ReplyKind kind, const std::string& word);

// A small heading in the second voice.
void draw_caps(const std::string& words);

// Words that can be clicked, with a line under them while they are hovered. `id` begins with "###".
bool draw_link(const char* id, const std::string& words);

// A small cross in a square of one line's height at the cursor; true when it was clicked.
bool draw_close(const char* id, const std::string& tooltip);

}  // namespace headlight
