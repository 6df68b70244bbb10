// Ids as text: "[15496][11]".
#include "core/text/id_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace headlight {
namespace {

// "[123]" at the beginning; its length in bytes goes to `length`.
std::optional<TokenId> written_id(std::string_view text, std::size_t vocabulary, std::size_t& length) {
  if (!text.starts_with('[')) return std::nullopt;
  TokenId id = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), id);
  length = static_cast<std::size_t>(end - text.data()) + 1;
  if (error != std::errc() || id < 0 || static_cast<std::size_t>(id) >= vocabulary || length > text.size() ||
      *end != ']') {
    return std::nullopt;
  }
  return id;
}

}  // namespace

IdTokenizer::IdTokenizer(std::int64_t vocabulary, const std::vector<TokenId>& tokens,
                         const std::vector<std::string>& texts) {
  pieces_.resize(static_cast<std::size_t>(vocabulary));
  for (std::size_t i = 0; i < tokens.size() && i < texts.size(); ++i) {
    std::string& piece = pieces_.at(static_cast<std::size_t>(tokens[i]));
    if (!texts[i].empty()) piece = texts[i];
  }
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    if (pieces_[id].empty()) pieces_[id] = fmt::format("[{}]", id);
  }
  for (const TokenId id : tokens) {
    const std::string& piece = pieces_.at(static_cast<std::size_t>(id));
    const std::size_t begin = own_text_.size();
    own_text_ += piece;
    own_tokens_.push_back({id, begin, own_text_.size()});
    known_.emplace(piece, id);
    longest_ = std::max(longest_, piece.size());
  }
}

std::vector<Token> IdTokenizer::encode(std::string_view text) const {
  if (text == own_text_) return own_tokens_;
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::optional<TokenId> id;
    std::size_t length = std::min(longest_, text.size() - at);
    for (; length > 0 && !id; --length) {
      const auto found = known_.find(text.substr(at, length));
      if (found != known_.end()) {
        id = found->second;
        break;
      }
    }
    if (!id) id = written_id(text.substr(at), pieces_.size(), length);
    if (id) tokens.push_back({*id, at, at + length});
    at += id ? length : 1;
  }
  return tokens;
}

std::vector<MergeHistory> IdTokenizer::merge_history(std::string_view text) const {
  std::vector<MergeHistory> histories;
  for (const Token& token : encode(text)) histories.push_back({token.begin, token.end, {{piece(token.id)}}});
  return histories;
}

}  // namespace headlight
