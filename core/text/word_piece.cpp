// Greedy search with a trie for the beginnings of words and one for their continuations.
#include "core/text/word_piece.h"

#include <utility>

#include "core/text/aligned_text.h"

namespace headlight {

WordPieceModel::WordPieceModel(const Vocabulary& vocabulary, WordPieceOptions options)
    : options_(std::move(options)) {
  const std::string& prefix = options_.continuing_prefix;
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    const auto token = static_cast<TokenId>(id);
    const std::string_view piece = vocabulary.piece(token);
    if (vocabulary.find(piece) != token) continue;  // a later id has the same piece
    beginnings_.add(piece, token);
    if (piece.substr(0, prefix.size()) == prefix) continuations_.add(piece.substr(prefix.size()), token);
  }
}

std::vector<Token> WordPieceModel::find_parts(std::string_view word) const {
  std::vector<Token> found;
  std::size_t characters = 0;
  for_each_character(word, [&](char32_t, std::size_t, std::size_t) { ++characters; });
  if (characters > options_.longest_word) return found;
  std::size_t begin = 0;
  while (begin < word.size()) {
    Token longest{options_.unknown, begin, begin};
    const PieceTrie& trie = begin == 0 ? beginnings_ : continuations_;
    trie.for_each_prefix(word, begin, [&](TokenId id, std::size_t length) {
      longest = {id, begin, begin + length};
    });
    if (longest.end == begin) break;
    found.push_back(longest);
    begin = longest.end;
  }
  return found;
}

TokenSteps WordPieceModel::steps(std::string_view word) const {
  const Token whole{options_.unknown, 0, word.size()};
  TokenSteps result;
  result.after.push_back({whole});
  std::vector<Token> found;
  for (const Token& part : find_parts(word)) {
    found.push_back(part);
    result.after.push_back(found);
    if (part.end < word.size()) result.after.back().push_back({options_.unknown, part.end, word.size()});
  }
  const bool is_complete = !found.empty() && found.back().end == word.size();
  if (!is_complete && result.after.size() > 1) result.after.push_back({whole});
  return result;
}

void WordPieceModel::tokenize(std::string_view word, std::vector<Token>& tokens) const {
  const std::vector<Token> found = find_parts(word);
  if (!found.empty() && found.back().end == word.size()) {
    tokens.insert(tokens.end(), found.begin(), found.end());
  } else {
    tokens.push_back({options_.unknown, 0, word.size()});
  }
}

void WordListModel::tokenize(std::string_view word, std::vector<Token>& tokens) const {
  const auto id = vocabulary_->find(word);
  if (id || unknown_) tokens.push_back({id ? *id : *unknown_, 0, word.size()});
}

}  // namespace headlight
