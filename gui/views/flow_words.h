// What the parts of the flow picture are called, and which accent they wear.
#pragma once

#include <string>

#include "gui/frame.h"
#include "gui/views/hook_words.h"
#include "imgui.h"

namespace headlight {

constexpr float chip_padding = 0.5F;  // ems between a token's chip and its words

// A token as the prompt's chips show it.
std::string chip_text(const Frame& frame, std::int64_t position);

// Whether a frame is of an encoder that is part of a larger model (flow_encoder.h).
bool is_encoder_frame(const Frame& frame);
// "encoder.blocks.0.hook_resid_pre  [3, 8]": the hook and the shape of what a value is a part of.
std::string hook_line(const Frame& frame, const ValueReference& value);

// The accent of a part in the picture: that of its concept (hook_color), but for what stands in the card of
// another.
ImU32 part_color(Hook hook);
// What the words of a part that was opened stand on.
ImU32 opened_ground();

}  // namespace headlight
