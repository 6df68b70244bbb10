// A tokenizer put together from a normaliser, a splitter, a model and a template, as tokenizer.json and
// SentencePiece models describe them.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/text/added_tokens.h"
#include "core/text/normalizers.h"
#include "core/text/token_model.h"
#include "core/text/token_steps.h"
#include "core/text/word_splitters.h"

namespace headlight {

// How the pieces of a vocabulary spell text.
enum class Spelling {
  plain,       // as it is
  byte_level,  // each byte as one character of the byte alphabet ("Ġ")
  metaspace,   // a space as "▁"
  word_piece   // words without their spaces, continuations with a prefix
};

struct TokenizerPipeline {
  std::shared_ptr<const Vocabulary> vocabulary;  // the model's
  std::vector<AddedToken> added;                 // ids may go beyond the vocabulary
  NormalizerPointer normalizer;                  // may be null
  WordSplitterPointer splitter;                  // may be null
  std::unique_ptr<const TokenModel> model;
  std::vector<TokenId> before, after;  // what the template puts around a text
  // Ids that are marks and no text besides the added ones.
  std::vector<TokenId> special;
  std::optional<TokenId> unknown;  // for bytes that are not UTF-8, where there is no token for bytes
  NamedTokens named;
  Spelling spelling = Spelling::plain;
  std::string mark = "▁";           // Spelling::metaspace: what stands for a space
  std::string continuing_prefix;    // Spelling::word_piece
  bool cleans_up_spaces = false;    // Spelling::word_piece: decode() puts none before punctuation
  bool strips_first_space = false;  // decode() leaves out the space that encode() put in front
};

class PipelineTokenizer final : public StepwiseTokenizer {
 public:
  // The ids in `pipeline` are checked: std::logic_error for one below 0.
  explicit PipelineTokenizer(TokenizerPipeline pipeline);

  std::vector<Token> encode(std::string_view text) const override;
  std::vector<WordSteps> word_steps(std::string_view text) const override;
  std::vector<WordLattice> word_lattices(std::string_view text) const override;
  std::vector<NormalizedPart> normalized(std::string_view text) const override;
  TokenMethod method() const override { return pipeline_.model->method(); }
  std::int64_t vocabulary_size() const override;
  const std::string& piece(TokenId id) const override;
  const std::string& bytes(TokenId id) const override;
  bool is_special(TokenId id) const override;
  bool has_byte(std::uint8_t byte) const override;
  const NamedTokens& named_tokens() const override { return pipeline_.named; }
  std::string decode(const std::vector<TokenId>& ids) const override;

 private:
  // Exactly one of the two: a word for the model, or a token that is already known (id -1: none).
  struct Part {
    const Word* word = nullptr;
    Token token;
  };
  using Visit = std::function<void(const Part&)>;
  void for_each_part(std::string_view text, const Visit& visit) const;
  // Stretches of ordinary text, whether invalid bytes go before them, and the tokens between them.
  using VisitOrdinary = std::function<void(TextSpan span, bool continues)>;
  using VisitToken = std::function<void(const Token& token)>;
  void for_each_stretch(std::string_view text, const VisitOrdinary& ordinary, const VisitToken& known) const;
  void visit_normalized(AlignedText text, bool continues, const Visit& visit) const;
  std::vector<Token> in_user_text(const AlignedText& word, std::vector<Token> tokens) const;
  std::string shown(std::string_view normalized) const;
  void spell_out();

  TokenizerPipeline pipeline_;
  AddedTokens raw_, normalized_;
  std::vector<std::string> pieces_, bytes_;  // by id
  std::vector<bool> special_;
  std::vector<bool> is_added_;
  std::array<TokenId, 256> byte_ids_{};   // -1: no token
  bool normalizer_spells_bytes_ = false;  // else the splitter does, where the vocabulary is of bytes
};

}  // namespace headlight
