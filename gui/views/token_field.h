// A field in which a token of the vocabulary is looked up by what it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

// At most `most` tokens: first those that are exactly `wanted` (with or without a space in front), then those
// that begin with it, then those that contain it; the shorter first. "·" stands for a space, and a number is
// also an id. Nothing for an empty text.
std::vector<TokenId> find_tokens(const Tokenizer& tokenizer, const std::string& wanted, std::size_t most);

class TokenField {
 public:
  // Draws the field, `width` wide, with what is chosen in it; a click opens a list to search in. Returns the
  // token that was chosen now.
  std::optional<TokenId> draw(const char* id, const Tokenizer& tokenizer, std::optional<TokenId> chosen,
                              float width);

 private:
  std::optional<TokenId> draw_list(const Tokenizer& tokenizer);

  std::string words_;
  std::string searched_;
  std::vector<TokenId> found_;
  std::size_t at_ = 0;  // of found_: what Enter takes
  bool opening_ = false;
};

}  // namespace headlight
