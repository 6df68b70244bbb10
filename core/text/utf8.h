// UTF-8, one character at a time, exactly as the Unicode Standard's table 3-7 allows it (no overlong forms,
// no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headlight {

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t length = 0;  // bytes; 0 when the bytes at this offset do not begin a valid character
};

// The character that begins at `offset`; length 0 at the end of the text and on an invalid byte.
Utf8Character utf8_character_at(std::string_view text, std::size_t offset);

// Throws std::logic_error for a surrogate or a value above U+10FFFF.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace headlight
