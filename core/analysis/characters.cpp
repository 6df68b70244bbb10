// Hangul syllables are decomposed by the arithmetic of the Unicode Standard, section 3.12.
#include "core/analysis/characters.h"

#include <algorithm>
#include <array>

#include "core/text/graphemes.h"
#include "core/text/unicode_classes.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr char32_t syllable_base = 0xAC00;
constexpr char32_t syllable_count = 11172;
constexpr char32_t leading_base = 0x1100, leading_count = 19;
constexpr char32_t vowel_base = 0x1161, vowel_count = 21;
constexpr char32_t trailing_base = 0x11A7, trailing_count = 28;  // the first: no trailing letter
constexpr char32_t vowel_letter = 0x314F;  // the letters "ㅏ" to "ㅣ" in the same order

// The letters (U+3131 onwards) that stand for the leading and the trailing jamo.
constexpr std::array<char32_t, leading_count> leading_letters = {
    U'ㄱ', U'ㄲ', U'ㄴ', U'ㄷ', U'ㄸ', U'ㄹ', U'ㅁ', U'ㅂ', U'ㅃ', U'ㅅ',
    U'ㅆ', U'ㅇ', U'ㅈ', U'ㅉ', U'ㅊ', U'ㅋ', U'ㅌ', U'ㅍ', U'ㅎ'};
constexpr std::array<char32_t, trailing_count> trailing_letters = {
    0,     U'ㄱ', U'ㄲ', U'ㄳ', U'ㄴ', U'ㄵ', U'ㄶ', U'ㄷ', U'ㄹ', U'ㄺ', U'ㄻ', U'ㄼ', U'ㄽ', U'ㄾ',
    U'ㄿ', U'ㅀ', U'ㅁ', U'ㅂ', U'ㅄ', U'ㅅ', U'ㅆ', U'ㅇ', U'ㅈ', U'ㅊ', U'ㅋ', U'ㅌ', U'ㅍ', U'ㅎ'};

std::string letter(char32_t code) {
  std::string result;
  append_utf8(result, code);
  return result;
}

struct CodeRange {
  char32_t first, last;
};

template <std::size_t count>
bool lies_in(const std::array<CodeRange, count>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](CodeRange range) { return code >= range.first && code <= range.last; });
}

// Blocks of the Unicode Standard that hold letters.
constexpr std::array<CodeRange, 5> hangul_blocks = {
    {{0x1100, 0x11FF}, {0x3130, 0x318F}, {0xA960, 0xA97F}, {0xAC00, 0xD7FF}, {0xFFA0, 0xFFDC}}};
constexpr std::array<CodeRange, 7> han_kana_blocks = {{{0x3005, 0x3007},
                                                       {0x3040, 0x30FF},
                                                       {0x31F0, 0x31FF},
                                                       {0x3400, 0x4DBF},
                                                       {0x4E00, 0x9FFF},
                                                       {0xF900, 0xFAFF},
                                                       {0x20000, 0x3FFFF}}};
constexpr std::array<CodeRange, 7> latin_blocks = {{{0x41, 0x5A},
                                                    {0x61, 0x7A},
                                                    {0xC0, 0xD6},
                                                    {0xD8, 0xF6},
                                                    {0xF8, 0x2AF},
                                                    {0x1E00, 0x1EFF},
                                                    {0xFF21, 0xFF5A}}};
constexpr std::array<CodeRange, 7> other_blocks = {{{0x370, 0x1CFF},
                                                    {0x1F00, 0x1FFF},
                                                    {0x2C00, 0x2DFF},
                                                    {0xA000, 0xABFF},
                                                    {0xFB00, 0xFDFF},
                                                    {0xFE70, 0xFEFC},
                                                    {0x10000, 0x1BFFF}}};

Script script_of(char32_t code) {
  if (is_punctuation(code) || is_numeric(code)) return Script::signs;
  if (lies_in(hangul_blocks, code)) return Script::hangul;
  if (lies_in(han_kana_blocks, code)) return Script::han_kana;
  if (lies_in(latin_blocks, code)) return Script::latin;
  return lies_in(other_blocks, code) ? Script::other_letters : Script::signs;
}

}  // namespace

std::vector<std::string> jamo_of(std::string_view grapheme) {
  std::vector<std::string> jamo;
  for (std::size_t at = 0; at < grapheme.size();) {
    const auto [code, length] = utf8_character_at(grapheme, at);
    if (length == 0) return {};
    at += length;
    if (code >= syllable_base && code < syllable_base + syllable_count) {
      const char32_t index = code - syllable_base;
      jamo.push_back(letter(leading_letters[index / (vowel_count * trailing_count)]));
      jamo.push_back(letter(vowel_letter + index / trailing_count % vowel_count));
      const char32_t trailing = index % trailing_count;
      if (trailing > 0) jamo.push_back(letter(trailing_letters[trailing]));
    } else if (code >= leading_base && code < leading_base + leading_count) {
      jamo.push_back(letter(leading_letters[code - leading_base]));
    } else if (code >= vowel_base && code < vowel_base + vowel_count) {
      jamo.push_back(letter(vowel_letter + (code - vowel_base)));
    } else if (code > trailing_base && code < trailing_base + trailing_count) {
      jamo.push_back(letter(trailing_letters[code - trailing_base]));
    } else {
      return {};
    }
  }
  return jamo;
}

std::vector<SeenCharacter> seen_characters(std::string_view text, const std::vector<Token>& tokens) {
  std::vector<SeenCharacter> characters;
  std::size_t first = 0;
  for (const auto& [begin, end] : grapheme_spans(text)) {
    SeenCharacter& character = characters.emplace_back();
    character.begin = begin;
    character.end = end;
    const std::string_view grapheme = text.substr(begin, end - begin);
    if (const Utf8Character code = utf8_character_at(grapheme, 0); code.length > 0) {
      character.script = script_of(code.code_point);
      character.is_space = is_white_space(code.code_point);
    }
    if (character.script == Script::hangul) character.jamo = jamo_of(grapheme);
    while (first < tokens.size() && tokens[first].end <= begin) ++first;
    character.first_token = first;
    while (first + character.token_count < tokens.size() &&
           tokens[first + character.token_count].begin < end) {
      ++character.token_count;
    }
  }
  return characters;
}

std::vector<ScriptCost> script_costs(const std::vector<SeenCharacter>& characters,
                                     const std::vector<Token>& tokens) {
  constexpr auto last = static_cast<std::size_t>(Script::signs);
  std::array<ScriptCost, last + 1> all;
  for (std::size_t at = 0; at <= last; ++at) all[at].script = static_cast<Script>(at);
  const auto shared_bytes = [](const SeenCharacter& character, const Token& token) {
    const std::size_t begin = std::max(character.begin, token.begin);
    const std::size_t end = std::min(character.end, token.end);
    return end > begin ? static_cast<double>(end - begin) : 0.0;
  };
  std::vector<double> inked(tokens.size(), 0.0);  // bytes of each token that are no space
  for (const SeenCharacter& character : characters) {
    if (character.is_space) continue;
    for (std::size_t i = 0; i < character.token_count; ++i) {
      const std::size_t at = character.first_token + i;
      inked[at] += shared_bytes(character, tokens[at]);
    }
  }
  for (const SeenCharacter& character : characters) {
    if (character.is_space) continue;
    ScriptCost& cost = all[static_cast<std::size_t>(character.script)];
    ++cost.characters;
    for (std::size_t i = 0; i < character.token_count; ++i) {
      const std::size_t at = character.first_token + i;
      if (inked[at] > 0.0) cost.tokens += shared_bytes(character, tokens[at]) / inked[at];
    }
  }
  std::vector<ScriptCost> found;
  for (const ScriptCost& cost : all) {
    if (cost.characters > 0) found.push_back(cost);
  }
  return found;
}

}  // namespace headlight
