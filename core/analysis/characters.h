// What a person sees as characters beside what a tokenizer makes of them: jamo, bytes, tokens, and how many
// tokens a character costs in each script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

enum class Script { latin, hangul, han_kana, other_letters, signs };  // signs: digits, punctuation, emoji …

struct SeenCharacter {
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
  std::vector<std::string> jamo;  // of a Hangul syllable: "ㅎ", "ㅏ", "ㄴ"; else none
  Script script = Script::signs;
  bool is_space = false;
  // Tokens whose spans overlap it; none when `token_count` is 0.
  std::size_t first_token = 0;
  std::size_t token_count = 0;
};

// Extended grapheme clusters, in order; a byte that is not UTF-8 is one of its own.
std::vector<SeenCharacter> seen_characters(std::string_view text, const std::vector<Token>& tokens);

// The letters of a Hangul syllable, whether it is composed or written as conjoining jamo; none for others.
std::vector<std::string> jamo_of(std::string_view grapheme);

struct ScriptCost {
  Script script = Script::signs;
  std::int64_t characters = 0;
  double tokens = 0.0;  // a token of several characters is shared among them by their bytes
  double per_character() const { return tokens / static_cast<double>(characters); }
};

// For each script of the text, in the order of the enumeration. Spaces are no characters here: a token of a
// space and a word counts for the word, and one of spaces alone for nobody.
std::vector<ScriptCost> script_costs(const std::vector<SeenCharacter>& characters,
                                     const std::vector<Token>& tokens);

}  // namespace headlight
