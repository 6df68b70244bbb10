// Encoder-decoders are trained to continue what begins with one certain token (Vaswani et al. 2017,
// section 3.1: outputs shifted right).
#include "core/session/text_tokens.h"

#include <algorithm>

#include "core/text/traced_tokenizer.h"

namespace headlight {

std::vector<Token> text_tokens(const Model& model, std::string_view text) {
  if (!model.tokenizer) return {};
  std::vector<Token> tokens = model.tokenizer->encode(text);
  if (!model.encoder) return tokens;
  const auto* traced = dynamic_cast<const TracedTokenizer*>(model.tokenizer.get());
  if (traced && traced->text() == text) return tokens;  // with their start token already
  // What the tokenizer adds behind a whole text, the decoder has yet to say.
  while (!tokens.empty() && tokens.back().begin == tokens.back().end &&
         model.tokenizer->is_special(tokens.back().id)) {
    tokens.pop_back();
  }
  if (model.decoder_start)
    tokens.insert(tokens.begin(), Token{static_cast<TokenId>(*model.decoder_start), 0, 0});
  return tokens;
}

std::vector<Token> source_tokens(const Model& model, std::string_view text) {
  if (!model.encoder || !model.encoder->tokenizer) {
    return model.encoder && model.tokenizer ? model.tokenizer->encode(text) : std::vector<Token>();
  }
  return model.encoder->tokenizer->encode(text);
}

std::optional<std::int64_t> masked_position(const Model& model, const std::vector<TokenId>& tokens) {
  if (model.architecture.head != OutputHead::masked_lm || !model.tokenizer) return std::nullopt;
  const std::optional<TokenId> mask = model.tokenizer->mask_token();
  if (!mask) return std::nullopt;
  const auto found = std::find(tokens.begin(), tokens.end(), *mask);
  if (found == tokens.end()) return std::nullopt;
  return found - tokens.begin();
}

}  // namespace headlight
