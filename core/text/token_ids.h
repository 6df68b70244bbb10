// The numbers of tokens, as a model reads them.
#pragma once

#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

inline std::vector<TokenId> token_ids(const std::vector<Token>& tokens) {
  std::vector<TokenId> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

}  // namespace headlight
