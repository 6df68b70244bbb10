// A token's label at an angle, for the columns of a matrix.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gui/widgets/ink.h"
#include "imgui.h"

namespace headlight {

// As add_token_label() has it: shortened so that token and position fit into `room`. `start` and `angle` as
// in add_rotated_text().
void add_rotated_token(ImDrawList& list, ImVec2 start, float angle, ImU32 color, const std::string& token,
                       std::optional<std::int64_t> position, float room, ImU32 position_color = small_ink());

}  // namespace headlight
