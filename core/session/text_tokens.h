// A text as a model reads it: its tokenizer's tokens, and what an encoder-decoder puts in front.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/model/model.h"

namespace headlight {

// The tokens of the text that the model continues, fills in or judges. Of an encoder-decoder these are the
// decoder's: the token that starts it (an empty span), also before an empty text, and no token that ends it.
std::vector<Token> text_tokens(const Model& model, std::string_view text);
// The tokens of the text that the encoder reads; none when the model has no encoder.
std::vector<Token> source_tokens(const Model& model, std::string_view text);

// Where a masked-language model is asked: the first mask token; nothing without one, or in other models.
std::optional<std::int64_t> masked_position(const Model& model, const std::vector<TokenId>& tokens);

}  // namespace headlight
