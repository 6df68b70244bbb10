// What the parts of the flow picture are called, and which accent they wear.
#pragma once

#include <string>

#include "core/forward/trace.h"
#include "imgui.h"

namespace headlight {

// "Query q", in the current language.
std::string part_name(Hook hook);

// One sentence about a hook; empty if there is none.
std::string hook_sentence(Hook hook);

// A token as the prompt's chips show it.
std::string chip_text(const Trace& trace, std::int64_t position);

// The accent of a hook's concept.
ImU32 part_color(Hook hook);

}  // namespace headlight
