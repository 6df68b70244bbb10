// How a tokenizer comes from a text to its tokens, for those who want to see it: every step is one that its
// own encode() takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

// The middle of a tokenizer: how it makes tokens of one pre-token.
enum class TokenMethod { byte_pair, word_piece, unigram, word_list };

// A stretch of the user's text, and what the normaliser made of it: changed where the two differ.
struct NormalizedPart {
  std::size_t begin = 0;  // bytes of the user's text
  std::size_t end = 0;
  std::string text;
  bool operator==(const NormalizedPart&) const = default;
};

struct WordSteps : MergeHistory {
  // Of byte-pair merging, for each step but the first: the place of its rule among all rules. The lowest
  // comes first. Empty for other kinds, and where steps were left out.
  std::vector<std::uint32_t> ranks;
  std::vector<Token> tokens;  // as encode() gives them; none for a byte that gets none
};

struct PlacedPiece : LatticePiece {
  std::size_t left = 0;  // its span in WordLattice::word
  std::size_t right = 0;
};

// A UnigramLattice in the word that the model reads.
struct WordLattice {
  std::size_t begin = 0;  // bytes of the user's text
  std::size_t end = 0;
  std::string word;                 // as the vocabulary spells it ("▁Paris")
  std::vector<PlacedPiece> pieces;  // by their left end, the shorter first
  double best_log_probability = 0;
};

class StepwiseTokenizer : public Tokenizer {
 public:
  virtual TokenMethod method() const = 0;
  // The text with what the normaliser makes of it, in order: changed and unchanged stretches in turn.
  virtual std::vector<NormalizedPart> normalized(std::string_view text) const = 0;
  // What merge_history() and lattice() are made from.
  virtual std::vector<WordSteps> word_steps(std::string_view text) const = 0;
  virtual std::vector<WordLattice> word_lattices(std::string_view text) const = 0;

  std::vector<MergeHistory> merge_history(std::string_view text) const override;
  std::vector<UnigramLattice> lattice(std::string_view text) const override;
};

}  // namespace headlight
