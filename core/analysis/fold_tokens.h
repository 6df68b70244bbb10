// Tokens put together to what a person reads as one thing, and attention folded with them: what a unit looks
// at is the mean over its tokens, and what is looked at is the sum over its tokens, so that rows still add up
// to 1.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

// A cut of the tokens 0, 1, ... into runs without gaps.
struct TokenUnits {
  std::vector<std::int64_t> first;    // of each unit; one more: the number of tokens
  std::vector<std::int64_t> unit_of;  // of each token

  std::int64_t count() const { return static_cast<std::int64_t>(first.size()) - 1; }
  std::int64_t begin(std::int64_t unit) const { return first[static_cast<std::size_t>(unit)]; }
  std::int64_t end(std::int64_t unit) const { return first[static_cast<std::size_t>(unit) + 1]; }
  bool operator==(const TokenUnits& other) const { return first == other.first; }
};

// Every token by itself.
TokenUnits single_units(std::int64_t tokens);
// Tokens that hold parts of the same character together (graphemes.h). Their spans lie in `text`.
TokenUnits grapheme_units(std::string_view text, std::span<const Token> tokens);
// The tokens of a word together. Words end at white space, which belongs to the word behind it, and a run of
// punctuation is a word, but not between two letters ("don't"); Chinese characters stand alone. Special
// tokens (empty spans) are words, and so are line breaks.
TokenUnits word_units(std::string_view text, std::span<const Token> tokens);

// Sums a row of weights over the tokens of each unit. Keys behind the row's end weigh nothing. `folded` has
// one number a unit and is added to.
void add_folded_row(std::span<const float> weights, const TokenUnits& keys, std::span<double> folded);

}  // namespace headlight
