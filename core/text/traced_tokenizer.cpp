// One text with known tokens in front of another tokenizer.
#include "core/text/traced_tokenizer.h"

namespace headlight {

TracedTokenizer::TracedTokenizer(std::shared_ptr<const Tokenizer> rest, const std::vector<TokenId>& ids)
    : rest_(std::move(rest)) {
  for (const TokenId id : ids) {
    const std::size_t begin = text_.size();
    if (!rest_->is_special(id)) text_ += rest_->bytes(id);
    tokens_.push_back({id, begin, text_.size()});
  }
}

std::vector<Token> TracedTokenizer::encode(std::string_view text) const {
  return text == text_ ? tokens_ : rest_->encode(text);
}

std::vector<MergeHistory> TracedTokenizer::merge_history(std::string_view text) const {
  return rest_->merge_history(text);
}

}  // namespace headlight
