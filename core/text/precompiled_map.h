// The table of replacements that SentencePiece models carry ("precompiled_charsmap"), by default that of
// nmt_nfkc: a double-array trie over the bytes that are to be replaced, and their replacements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

class PrecompiledMap {
 public:
  PrecompiledMap() = default;  // empty: replaces nothing
  // `bytes`: u32 size of the trie in bytes, the trie (u32 each), the replacements, each ended by a zero byte.
  // Throws UserError, saying what is wrong, when a size does not fit or the replacements are not UTF-8.
  explicit PrecompiledMap(std::string_view bytes);

  bool empty() const { return units_.empty(); }
  struct Match {
    std::size_t length = 0;  // bytes that are replaced
    std::string_view replacement;
  };
  // Of the entries that `text` begins with, the longest (SentencePiece) or the shortest (Hugging Face's
  // `tokenizers`).
  std::optional<Match> longest_match(std::string_view text) const { return match(text, true); }
  std::optional<Match> shortest_match(std::string_view text) const { return match(text, false); }

 private:
  std::optional<Match> match(std::string_view text, bool longest) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace headlight
