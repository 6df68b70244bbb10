// Tokens that are found in the text as they are, before it is cut into words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/special_tokens.h"
#include "core/text/text_span.h"

namespace headlight {

struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool is_special = false;   // no text, but a mark
  bool single_word = false;  // not inside a longer word
  bool left_strip = false;   // takes the white space on its left with it
  bool right_strip = false;
  bool is_normalized = false;  // looked for in the normalised text
};

class AddedTokens {
 public:
  // `content` is what is looked for (normalised, if that is where); not empty.
  void add(const AddedToken& token, std::string_view content);
  // The tokens in `text`, from left to right, with the white space that they take.
  std::vector<Token> find(std::string_view text) const;

 private:
  bool stands_alone(std::string_view text, const Token& token) const;

  SpecialTokens spellings_;
  std::unordered_map<TokenId, AddedToken> tokens_;
};

}  // namespace headlight
