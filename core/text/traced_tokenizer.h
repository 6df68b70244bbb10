// The tokenizer of a model whose trace was made elsewhere: of the trace's own text it gives the trace's own
// tokens, whatever they begin with and however that text might be cut otherwise.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

class TracedTokenizer : public Tokenizer {
 public:
  // `rest`: of all other texts. The text is the tokens' bytes, one behind the other; special tokens are empty
  // in it.
  TracedTokenizer(std::shared_ptr<const Tokenizer> rest, const std::vector<TokenId>& ids);

  const std::string& text() const { return text_; }
  const std::vector<Token>& tokens() const { return tokens_; }

  std::vector<Token> encode(std::string_view text) const override;
  std::vector<MergeHistory> merge_history(std::string_view text) const override;
  std::vector<UnigramLattice> lattice(std::string_view text) const override { return rest_->lattice(text); }
  std::int64_t vocabulary_size() const override { return rest_->vocabulary_size(); }
  const std::string& piece(TokenId id) const override { return rest_->piece(id); }
  const std::string& bytes(TokenId id) const override { return rest_->bytes(id); }
  bool is_special(TokenId id) const override { return rest_->is_special(id); }
  bool has_byte(std::uint8_t byte) const override { return rest_->has_byte(byte); }
  const NamedTokens& named_tokens() const override { return rest_->named_tokens(); }
  std::optional<TokenId> beginning_of_text() const override { return rest_->beginning_of_text(); }
  std::optional<TokenId> end_of_text() const override { return rest_->end_of_text(); }
  std::string decode(const std::vector<TokenId>& ids) const override { return rest_->decode(ids); }

 private:
  std::shared_ptr<const Tokenizer> rest_;
  std::string text_;
  std::vector<Token> tokens_;
};

}  // namespace headlight
