// What kind of character a code point is, as Hugging Face's tokenizers see it.
#pragma once

#include <string>

namespace headlight {

bool is_white_space(char32_t character);        // Unicode's White_Space
bool is_numeric(char32_t character);            // the categories N
bool is_ascii_punctuation(char32_t character);  // ASCII's four ranges between digits and letters
bool is_punctuation(char32_t character);        // the categories P, or ASCII's
bool is_nonspacing_mark(char32_t character);    // Mn
bool is_mark(char32_t character);               // the categories M
bool is_control(char32_t character);            // Cc, Cf and Co; tab and line ends too
bool is_chinese(char32_t character);            // the blocks that BERT cuts into single characters

// The full lower case of one character, without regard to its neighbours.
std::u32string lower_case(char32_t character);

}  // namespace headlight
