// Finds the special tokens that are spelled out in a text: at each place the longest, and the leftmost place
// first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

class SpecialTokens {
 public:
  SpecialTokens();
  // `spelling` is not empty; a later one of the same spelling replaces the earlier.
  void add(std::string_view spelling, TokenId id);
  // The first special token that begins at or after `from`.
  std::optional<Token> find(std::string_view text, std::size_t from) const;

 private:
  std::optional<Token> longest_at(std::string_view text, std::size_t begin) const;

  // A trie: (node, byte) -> node; ends_[node] is the token that ends there, or -1.
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<TokenId> ends_;
  std::vector<bool> first_bytes_;  // [256]: most places in a text are ruled out by their first byte
};

}  // namespace headlight
