// A token's bytes as a label: never empty, never U+FFFD, never wider than its room.
#pragma once

#include <string>
#include <string_view>

namespace headlight {

// "EC 95 88"
std::string hex_bytes(std::string_view bytes);

// visible_bytes(), or the bytes in hex where those leave no ink (a joiner, a variation selector).
std::string token_piece(std::string_view bytes);

// As above, with bytes that are no character of their own as plain hex: "·EC", where it is plain that the
// token is a part of a character.
std::string part_piece(std::string_view bytes);

// The one of the two that suits a token: part_piece() where the bytes are no whole characters.
std::string label_piece(std::string_view bytes);

// In the current font: what fits into `width`, and "…".
std::string shortened(const std::string& words, float width);

}  // namespace headlight
