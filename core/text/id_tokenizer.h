// The tokenizer of a trace whose model is not here: what is known are the ids, and perhaps their texts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

class IdTokenizer : public Tokenizer {
 public:
  // `texts`: of each token, or empty; a token without a text is written "[id]". The vocabulary has every id
  // below `vocabulary`.
  IdTokenizer(std::int64_t vocabulary, const std::vector<TokenId>& tokens,
              const std::vector<std::string>& texts);

  // Its own text gives the tokens that it was made of. Of others, the longest known piece at each place, and
  // nothing where there is none.
  std::vector<Token> encode(std::string_view text) const override;
  std::vector<MergeHistory> merge_history(std::string_view text) const override;
  std::int64_t vocabulary_size() const override { return static_cast<std::int64_t>(pieces_.size()); }
  const std::string& piece(TokenId id) const override { return pieces_.at(static_cast<std::size_t>(id)); }
  const std::string& bytes(TokenId id) const override { return piece(id); }
  bool is_special(TokenId) const override { return false; }
  bool has_byte(std::uint8_t) const override { return false; }

  const std::string& own_text() const { return own_text_; }

 private:
  std::vector<std::string> pieces_;
  std::map<std::string, TokenId, std::less<>> known_;
  std::size_t longest_ = 0;  // bytes of a known piece
  std::string own_text_;
  std::vector<Token> own_tokens_;
};

}  // namespace headlight
