// What the parts of the flow picture are called, and which accent they wear.
#pragma once

#include <string>

#include "core/forward/trace.h"
#include "gui/views/hook_words.h"
#include "imgui.h"

namespace headlight {

// A token as the prompt's chips show it.
std::string chip_text(const Trace& trace, std::int64_t position);

// The accent of a hook's concept.
ImU32 part_color(Hook hook);

}  // namespace headlight
