// A token's bytes as a label: never empty, never U+FFFD, never wider than its room.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/text/tokenizer.h"
#include "gui/widgets/ink.h"
#include "imgui.h"

namespace headlight {

// "EC 95 88"
std::string hex_bytes(std::string_view bytes);

// A token as every view writes it: spaces visible (as dots, and one alone as "␣"), bytes that are no
// character of their own as plain hex
// ("·EC", where it is plain that the token is a part of a character), and in hex what leaves no ink (a
// joiner, a variation selector). A conjoining jamo alone as its letter.
std::string token_piece(std::string_view bytes);

// The same with spaces and line breaks as they are, for running text.
std::string running_piece(std::string_view bytes);

// In the current font: what fits into `width`, and "…".
std::string shortened(const std::string& words, float width);

// A token, and its position where several in the text are the same: small, low and in the second voice behind
// it, or in `position_color`. Draws in the current font at `at`, the token shortened so that both fit into
// `room`; returns how wide both are.
float add_token_label(ImDrawList& list, ImVec2 at, ImU32 color, const std::string& token,
                      std::optional<std::int64_t> position, float room, ImU32 position_color = small_ink());
float token_label_width(const std::string& token, std::optional<std::int64_t> position);

// The same as an item at the cursor.
void draw_token_label(ImU32 color, const std::string& token, std::optional<std::int64_t> position,
                      float room);

// `position` when its token stands elsewhere among them too.
std::optional<std::int64_t> told_apart(std::span<const TokenId> tokens, std::int64_t position);

}  // namespace headlight
