// Unigram (Kudo 2018): of all ways to put a word together from pieces, the one with the largest sum of
// log probabilities.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/text/piece_trie.h"
#include "core/text/text_span.h"
#include "core/text/token_model.h"

namespace headlight {

struct UnigramOptions {
  std::optional<TokenId> unknown;  // fused: one for several unknown characters in a row
  bool byte_fallback = false;      // "<0xEC>" for the bytes of unknown characters
  // By id; empty: all. Pieces that are never found in a text (SentencePiece's control and unused pieces).
  std::vector<bool> is_found;
  // An unknown character is less probable than this by 10; without it, than the least probable piece.
  std::optional<double> least_score;
};

class UnigramModel final : public TokenModel {
 public:
  // `scores`: a log probability for each id; finite (std::logic_error).
  UnigramModel(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores,
               UnigramOptions options);

  // Throws UserError for an unknown character when there is no unknown token.
  void tokenize(std::string_view word, std::vector<Token>& tokens) const override;
  UnigramLattice lattice(std::string_view word, bool best_path_only) const override;
  TokenMethod method() const override { return TokenMethod::unigram; }

 private:
  struct Node {
    double score = 0;
    std::size_t begin = 0;
    TokenId id = -1;  // -1: not reached
  };
  std::vector<Node> best_nodes(std::string_view word) const;  // by their end
  void append_unknown(std::string_view word, TextSpan span, std::vector<Token>& tokens) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
  UnigramOptions options_;
  PieceTrie trie_;
  std::array<std::optional<TokenId>, 256> byte_ids_;
};

}  // namespace headlight
