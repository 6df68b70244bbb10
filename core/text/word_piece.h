// WordPiece (Schuster and Nakajima 2012, as in BERT): of a word the longest piece first, then the longest
// continuation, and so on; and the word list, whose words are whole or unknown.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "core/text/piece_trie.h"
#include "core/text/token_model.h"

namespace headlight {

struct WordPieceOptions {
  TokenId unknown = 0;  // for the whole word, if one part of it cannot be found
  std::string continuing_prefix = "##";
  std::size_t longest_word = 100;  // characters; longer ones are unknown
};

class WordPieceModel final : public TokenModel {
 public:
  WordPieceModel(const Vocabulary& vocabulary, WordPieceOptions options);
  void tokenize(std::string_view word, std::vector<Token>& tokens) const override;
  // The word with one piece more found in each step; what is left has the unknown token's id.
  TokenSteps steps(std::string_view word) const override;
  TokenMethod method() const override { return TokenMethod::word_piece; }

 private:
  // The parts from left to right; fewer than the word needs when one cannot be found.
  std::vector<Token> find_parts(std::string_view word) const;

  PieceTrie beginnings_;
  PieceTrie continuations_;  // without their prefix
  WordPieceOptions options_;
};

class WordListModel final : public TokenModel {
 public:
  // Without an unknown token a word that is not in the list has no token.
  WordListModel(std::shared_ptr<const Vocabulary> vocabulary, std::optional<TokenId> unknown)
      : vocabulary_(std::move(vocabulary)), unknown_(unknown) {}
  TokenMethod method() const override { return TokenMethod::word_list; }
  void tokenize(std::string_view word, std::vector<Token>& tokens) const override;

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::optional<TokenId> unknown_;
};

}  // namespace headlight
