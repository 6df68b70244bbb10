// Below every picture of attention: that it is not by itself an explanation, and the experiment that would
// be.
#pragma once

#include <string>

#include "gui/views/shown_attention.h"

namespace headlight {

// `headlight ablate …` for the head that is looked at, to be run in a shell.
std::string ablation_command(const ShownAttention& shown);

// One line at the cursor, or two where it is narrow; a banner while the model is modified.
void draw_attention_note(const ShownAttention& shown, Commands& commands);
float attention_note_height();  // in the room that there is at the cursor

}  // namespace headlight
