// How a text became tokens, from the tokenizer's own steps, put together for looking at.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/text/token_steps.h"

namespace headlight {

// Which of Unicode's normal forms a text is in. Plain letters are in both.
enum class TextForm { both, composed, decomposed, neither };
TextForm text_form(std::string_view text);  // bytes that are not UTF-8 do not count

// One pre-token, special token or invalid byte.
struct TokenizedWord {
  WordSteps history;
  std::size_t first_token = 0;         // of history.tokens, in Tokenization::tokens
  std::optional<std::size_t> lattice;  // in Tokenization::lattices
};

struct Tokenization {
  std::vector<Token> tokens;  // as encode() gives them, with those of the template
  std::vector<NormalizedPart> normalized;
  std::vector<TokenizedWord> words;
  std::vector<WordLattice> lattices;
  TextForm form = TextForm::both;  // of the text
  TokenMethod method = TokenMethod::byte_pair;

  bool is_changed(std::string_view text) const;  // by the normaliser
  // Whose tokens `position` is among; nothing for a token of the template.
  std::optional<std::size_t> word_of(std::size_t position) const;
};

// Of a tokenizer that does not show its steps only the tokens.
// Linear in the text, but for some milliseconds for every thousand tokens: not for drawing.
Tokenization explain_tokens(const Tokenizer& tokenizer, std::string_view text);

// In how many ways the pieces of a lattice put its word together: 1 for a word without a choice.
double count_paths(const WordLattice& lattice);

}  // namespace headlight
