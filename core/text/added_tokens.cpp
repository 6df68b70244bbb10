// Leftmost, and of those that begin there the longest.
#include "core/text/added_tokens.h"

#include <algorithm>

#include "core/text/aligned_text.h"
#include "core/text/regular_expression.h"
#include "core/text/unicode_classes.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

// \w of the `regex` crate, at the end and at the begin of a text.
constexpr const char* ends_with_word = R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]\z)";
constexpr const char* begins_with_word = R"(\A[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}])";

std::size_t character_before(std::string_view text, std::size_t offset) {
  --offset;
  while (offset > 0 && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) --offset;
  return offset;
}

bool is_white(std::string_view text, std::size_t begin) {
  bool white = false;
  std::size_t end = begin + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  for_each_character(text.substr(begin, end - begin), [&](char32_t character, std::size_t, std::size_t) {
    white = is_white_space(character);
  });
  return white;
}

}  // namespace

void AddedTokens::add(const AddedToken& token, std::string_view content) {
  if (content.empty()) return;
  spellings_.add(content, token.id);
  tokens_[token.id] = token;
}

bool AddedTokens::stands_alone(std::string_view text, const Token& token) const {
  static const RegularExpression before(ends_with_word);
  static const RegularExpression after(begins_with_word);
  const std::size_t left = token.begin == 0 ? 0 : character_before(text, token.begin);
  return before.matches(text.substr(left, token.begin - left)).empty() &&
         after.matches(text.substr(token.end, utf8_character_at(text, token.end).length)).empty();
}

std::vector<Token> AddedTokens::find(std::string_view text) const {
  std::vector<Token> found;
  if (tokens_.empty()) return found;
  std::size_t done = 0;  // nothing before this is taken again
  std::size_t from = 0;
  while (const std::optional<Token> match = spellings_.find(text, from)) {
    Token token = *match;
    from = token.end;
    const AddedToken& added = tokens_.at(token.id);
    if (added.single_word && !stands_alone(text, token)) continue;
    if (added.left_strip) {
      while (token.begin > done && is_white(text, character_before(text, token.begin)))
        token.begin = character_before(text, token.begin);
    }
    token.begin = std::max(token.begin, done);
    if (added.right_strip) {
      while (token.end < text.size() && is_white(text, token.end)) {
        ++token.end;
        while (token.end < text.size() && (static_cast<unsigned char>(text[token.end]) & 0xC0U) == 0x80U)
          ++token.end;
      }
    }
    if (token.end <= done) continue;
    found.push_back(token);
    done = token.end;
  }
  return found;
}

}  // namespace headlight
