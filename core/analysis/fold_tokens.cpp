// Cuts a text into characters or words first, then puts tokens together that share one.
#include "core/analysis/fold_tokens.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "core/text/graphemes.h"
#include "core/text/unicode_classes.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

enum class Kind { space, line_break, letter, punctuation, single };

Kind kind_of(char32_t character) {
  if (character == U'\n' || character == U'\r') return Kind::line_break;
  if (is_white_space(character)) return Kind::space;
  if (is_chinese(character)) return Kind::single;
  return is_punctuation(character) ? Kind::punctuation : Kind::letter;
}

// Which word each byte belongs to: numbers that grow along the text. Space has the number of the word behind
// it.
std::vector<std::int64_t> words_of_bytes(std::string_view text) {
  struct Character {
    std::size_t begin, length;
    Kind kind;
  };
  std::vector<Character> characters;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character found = utf8_character_at(text, at);
    const std::size_t length = std::max<std::size_t>(found.length, 1);
    characters.push_back({at, length, found.length > 0 ? kind_of(found.code_point) : Kind::letter});
    at += length;
  }
  // An apostrophe or a hyphen between letters does not end the word.
  for (std::size_t i = 1; i + 1 < characters.size(); ++i) {
    const char sign = text[characters[i].begin];
    const bool may_join = sign == '\'' || sign == '-' || text.substr(characters[i].begin, 3) == "’";
    if (may_join && characters[i - 1].kind == Kind::letter && characters[i + 1].kind == Kind::letter) {
      characters[i].kind = Kind::letter;
    }
  }
  std::vector<std::int64_t> words(text.size());
  std::int64_t word = 0;
  std::optional<Kind> before;
  for (const Character& character : characters) {
    // What follows space belongs to the word that the space began.
    const bool goes_on = !before || (*before == character.kind && character.kind != Kind::single) ||
                         (*before == Kind::space && character.kind != Kind::line_break);
    if (!goes_on) ++word;
    for (std::size_t i = 0; i < character.length; ++i) words[character.begin + i] = word;
    before = character.kind;
  }
  return words;
}

// `piece_of`: the number of the character or word that each byte of the text belongs to.
TokenUnits units_of(const std::vector<std::int64_t>& piece_of, std::span<const Token> tokens) {
  TokenUnits units;
  std::int64_t last = -1;  // the piece that the token before ends in; -1: none can go on
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t begin = std::min(tokens[i].begin, piece_of.size());
    const std::size_t end = std::min(tokens[i].end, piece_of.size());
    const bool goes_on = begin < end && last >= 0 && piece_of[begin] == last;
    if (!goes_on) units.first.push_back(static_cast<std::int64_t>(i));
    units.unit_of.push_back(static_cast<std::int64_t>(units.first.size()) - 1);
    last = begin < end ? piece_of[end - 1] : -1;
  }
  units.first.push_back(static_cast<std::int64_t>(tokens.size()));
  return units;
}

}  // namespace

TokenUnits single_units(std::int64_t tokens) {
  TokenUnits units;
  for (std::int64_t i = 0; i < tokens; ++i) {
    units.first.push_back(i);
    units.unit_of.push_back(i);
  }
  units.first.push_back(tokens);
  return units;
}

TokenUnits grapheme_units(std::string_view text, std::span<const Token> tokens) {
  std::vector<std::int64_t> characters(text.size());
  std::int64_t number = 0;
  for (const auto& span : grapheme_spans(text)) {
    for (std::size_t byte = span.first; byte < span.second; ++byte) characters[byte] = number;
    ++number;
  }
  return units_of(characters, tokens);
}

TokenUnits word_units(std::string_view text, std::span<const Token> tokens) {
  return units_of(words_of_bytes(text), tokens);
}

void add_folded_row(std::span<const float> weights, const TokenUnits& keys, std::span<double> folded) {
  const std::size_t count = std::min(weights.size(), keys.unit_of.size());
  for (std::size_t key = 0; key < count; ++key) {
    folded[static_cast<std::size_t>(keys.unit_of[key])] += static_cast<double>(weights[key]);
  }
}

}  // namespace headlight
