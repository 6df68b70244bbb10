// The middle of every tokenizer: one word to tokens. Byte-pair merging, WordPiece, Unigram and plain word
// lists are the kinds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/token_steps.h"

namespace headlight {

// Pieces by id, and ids by piece.
class Vocabulary {
 public:
  // Throws UserError for an id below 0 or far above the number of pieces. Of two equal pieces the later id
  // wins; an id that no piece has gets an empty piece.
  static Vocabulary from_ids(const std::vector<std::pair<std::string, std::int64_t>>& pieces);
  static Vocabulary from_list(std::vector<std::string> pieces);  // the place is the id

  std::size_t size() const { return pieces_.size(); }
  const std::string& piece(TokenId id) const { return pieces_[static_cast<std::size_t>(id)]; }
  const std::vector<std::string>& pieces() const { return pieces_; }
  std::optional<TokenId> find(std::string_view piece) const;
  TokenId add(std::string piece, TokenId id);  // grows; for tokens that are added to those of the model

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<std::string> pieces_;
  std::unordered_map<std::string, TokenId, Hash, std::equal_to<>> ids_;
};

// "<0x0A>": how vocabularies with byte fallback spell a byte.
std::string byte_piece(std::uint8_t byte);
std::optional<std::uint8_t> byte_of_piece(std::string_view piece);

// A model's own way from a word to its tokens.
struct TokenSteps {
  std::vector<std::vector<Token>> after;  // the tokens after each step; the last as tokenize() gives them
  std::vector<std::uint32_t> ranks;       // WordSteps::ranks
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  virtual TokenMethod method() const = 0;
  // Appends the tokens of one word, which is not empty; their spans are inside the word. A token that stands
  // for one byte of a character has just that byte.
  virtual void tokenize(std::string_view word, std::vector<Token>& tokens) const = 0;
  virtual TokenSteps steps(std::string_view word) const;
  // All pieces that a Unigram model finds in the word, or those on the best path; empty for other kinds.
  virtual UnigramLattice lattice(std::string_view word, bool best_path_only) const;
};

}  // namespace headlight
