// Byte-pair merging over the characters of a word, with what the published vocabularies add to it: bytes for
// unknown characters, an unknown token, marks of a word's inside and end.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "core/text/byte_pair.h"
#include "core/text/piece_trie.h"
#include "core/text/token_model.h"

namespace headlight {

struct BytePairOptions {
  std::optional<TokenId> unknown;
  bool fuse_unknown = false;      // one unknown token for several unknown characters in a row
  bool byte_fallback = false;     // "<0xEC>" for the bytes of unknown characters
  bool ignore_merges = false;     // a word that is a piece is that piece, whatever the merges say
  std::string continuing_prefix;  // in front of the pieces of every character but a word's first
  std::string end_suffix;         // behind the piece of a word's last character
  std::shared_ptr<const PieceTrie>
      kept_whole;  // user-defined pieces, which are neither cut nor joined; may be null
};

class BytePairModel final : public TokenModel {
 public:
  BytePairModel(std::shared_ptr<const Vocabulary> vocabulary, BytePairMerges merges, BytePairOptions options);

  void tokenize(std::string_view word, std::vector<Token>& tokens) const override;
  TokenSteps steps(std::string_view word) const override;
  TokenMethod method() const override { return TokenMethod::byte_pair; }

 private:
  std::vector<Token> characters(std::string_view word) const;
  bool append_bytes(std::string_view piece, std::size_t offset, std::size_t length,
                    std::vector<Token>& parts) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  BytePairMerges merges_;
  BytePairOptions options_;
  std::array<std::optional<TokenId>, 256> byte_ids_;
};

// The merge rules of a vocabulary that has scores instead (SentencePiece's BPE): every way to put a piece
// together from two, the piece with the higher score first. Pieces of equal score share their rank. Throws
// UserError for a piece of more than 512 bytes, which no published vocabulary has.
BytePairMerges merges_by_score(const Vocabulary& vocabulary, const std::vector<float>& scores,
                               const std::vector<bool>& takes_part);

}  // namespace headlight
