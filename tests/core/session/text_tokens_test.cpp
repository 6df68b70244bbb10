// What an encoder-decoder's two texts become, and where a masked-language model is asked.
#include "core/session/text_tokens.h"

#include <gtest/gtest.h>

namespace headlight {
namespace {

// Letters 'a' to 'z' are tokens 10 to 35; 1 begins and 2 ends a text, 3 ("#") is the mask.
class LetterTokenizer : public Tokenizer {
 public:
  LetterTokenizer() {
    for (int id = 0; id < 36; ++id)
      pieces_.push_back(id < 10 ? "<" + std::to_string(id) + ">"
                                : std::string(1, static_cast<char>('a' + id - 10)));
    named_.mask = 3;
  }
  std::vector<Token> encode(std::string_view text) const override {
    if (text.empty()) return {};
    std::vector<Token> tokens = {{1, 0, 0}};
    for (std::size_t i = 0; i < text.size(); ++i) {
      tokens.push_back({text[i] == '#' ? 3 : static_cast<TokenId>(10 + text[i] - 'a'), i, i + 1});
    }
    tokens.push_back({2, text.size(), text.size()});
    return tokens;
  }
  std::vector<MergeHistory> merge_history(std::string_view) const override { return {}; }
  std::int64_t vocabulary_size() const override { return 36; }
  const std::string& piece(TokenId id) const override { return pieces_.at(static_cast<std::size_t>(id)); }
  const std::string& bytes(TokenId id) const override { return piece(id); }
  bool is_special(TokenId id) const override { return id < 10; }
  bool has_byte(std::uint8_t) const override { return false; }
  const NamedTokens& named_tokens() const override { return named_; }

 private:
  std::vector<std::string> pieces_;
  NamedTokens named_;
};

std::shared_ptr<Model> model_with_tokenizer() {
  auto model = std::make_shared<Model>();
  model->tokenizer = std::make_shared<LetterTokenizer>();
  return model;
}

std::vector<TokenId> ids_of(const std::vector<Token>& tokens) {
  std::vector<TokenId> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

TEST(TextTokens, OfADecoderAloneAreTheTokenizersOwn) {
  const auto model = model_with_tokenizer();
  EXPECT_EQ(ids_of(text_tokens(*model, "ab")), (std::vector<TokenId>{1, 10, 11, 2}));
  EXPECT_TRUE(text_tokens(*model, "").empty());
  EXPECT_TRUE(source_tokens(*model, "ab").empty());
}

// The decoder's text begins with its start token and is not over yet; the encoder's is whole.
TEST(TextTokens, OfAnEncoderDecoderBeginWithItsStart) {
  const auto model = model_with_tokenizer();
  model->encoder = model_with_tokenizer();
  model->decoder_start = 5;
  const std::vector<Token> tokens = text_tokens(*model, "ab");
  EXPECT_EQ(ids_of(tokens), (std::vector<TokenId>{5, 1, 10, 11}));
  EXPECT_EQ(tokens[0].begin, tokens[0].end);
  EXPECT_EQ(tokens[2].begin, 0U);
  EXPECT_EQ(ids_of(text_tokens(*model, "")), (std::vector<TokenId>{5}));
  EXPECT_EQ(ids_of(source_tokens(*model, "ab")), (std::vector<TokenId>{1, 10, 11, 2}));
}

TEST(TextTokens, AMaskedModelIsAskedAtItsFirstMask) {
  const auto model = model_with_tokenizer();
  const std::vector<TokenId> ids = ids_of(text_tokens(*model, "ab#c#"));
  EXPECT_FALSE(masked_position(*model, ids));
  model->architecture.head = OutputHead::masked_lm;
  EXPECT_EQ(masked_position(*model, ids), 3);
  EXPECT_FALSE(masked_position(*model, ids_of(text_tokens(*model, "abc"))));
}

}  // namespace
}  // namespace headlight
