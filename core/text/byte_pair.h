// Byte-pair merging (Sennrich et al. 2016, over bytes as in Radford et al. 2019) and the alphabet in which
// byte-level vocabularies spell their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

// The character that stands for a byte in a byte-level vocabulary: printable Latin-1 characters stand for
// themselves, the other 68 bytes for U+0100 onwards in order ("Ġ" is the space, "Ċ" the newline).
char32_t byte_character(std::uint8_t byte);
// The bytes that `piece` spells; none when a character of it is outside that alphabet or it is not UTF-8.
std::optional<std::string> bytes_of_piece(std::string_view piece);

class BytePairMerges {
 public:
  // The rule "left right" with the next rank. False, and nothing happens, when there is a rule for this pair
  // already.
  bool add(TokenId left, TokenId right, TokenId joined);
  // As above with a rank of its own, which other rules may share: of equal ranks the leftmost pair comes
  // first.
  bool add_ranked(TokenId left, TokenId right, TokenId joined, std::uint32_t rank);

  // Joins neighbours until no rule applies: always the rule of the lowest rank, and of equal ones the
  // leftmost. `done`, if given, receives the merges in order. n log n: a megabyte of one letter is one word.
  struct Merge {
    std::size_t begin = 0;  // of the left part
    std::uint32_t rank = 0;
    bool operator==(const Merge&) const = default;
  };
  void apply(std::vector<Token>& parts, std::vector<Merge>* done = nullptr) const;

 private:
  // One entry of a hash table with linear probing, at most half full: a long word asks it millions of times.
  struct Rule {
    std::uint64_t pair = 0;
    std::uint32_t rank = 0;
    TokenId joined = -1;  // -1: free
  };
  std::size_t place_of(std::uint64_t pair) const;  // of its rule, or the free one where it belongs
  void grow();
  const Rule* find(TokenId left, TokenId right) const;

  std::vector<Rule> table_;  // its size is a power of two
  std::uint32_t count_ = 0;
};

}  // namespace headlight
