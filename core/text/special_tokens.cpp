// A trie over the special tokens' spellings.
#include "core/text/special_tokens.h"

#include <stdexcept>

namespace headlight {
namespace {

std::uint64_t edge(std::uint32_t node, char byte) {
  return (static_cast<std::uint64_t>(node) << 8U) | static_cast<unsigned char>(byte);
}

}  // namespace

SpecialTokens::SpecialTokens() : ends_(1, -1), first_bytes_(256, false) {}

void SpecialTokens::add(std::string_view spelling, TokenId id) {
  if (spelling.empty()) throw std::logic_error("a special token needs a spelling");
  first_bytes_[static_cast<unsigned char>(spelling.front())] = true;
  std::uint32_t node = 0;
  for (const char byte : spelling) {
    const auto [found, is_new] = edges_.emplace(edge(node, byte), static_cast<std::uint32_t>(ends_.size()));
    if (is_new) ends_.push_back(-1);
    node = found->second;
  }
  ends_[node] = id;
}

std::optional<Token> SpecialTokens::longest_at(std::string_view text, std::size_t begin) const {
  std::optional<Token> longest;
  std::uint32_t node = 0;
  for (std::size_t offset = begin; offset < text.size(); ++offset) {
    const auto found = edges_.find(edge(node, text[offset]));
    if (found == edges_.end()) break;
    node = found->second;
    if (ends_[node] >= 0) longest = Token{ends_[node], begin, offset + 1};
  }
  return longest;
}

std::optional<Token> SpecialTokens::find(std::string_view text, std::size_t from) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!first_bytes_[static_cast<unsigned char>(text[begin])]) continue;
    if (auto token = longest_at(text, begin)) return token;
  }
  return std::nullopt;
}

}  // namespace headlight
