// The tokenizer of GPT-2 and its followers: special tokens out, regular expression, byte-pair merges.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/text/byte_pair.h"
#include "core/text/pre_tokenizers.h"
#include "core/text/special_tokens.h"
#include "core/text/token_steps.h"

namespace headlight {

// Everything that a byte-level tokenizer is made of, checked by whoever read it.
struct ByteLevelVocabulary {
  std::vector<std::string> pieces;      // by id
  std::vector<std::string> bytes;       // by id
  std::vector<bool> special;            // by id: control tokens, which are no text
  std::array<TokenId, 256> byte_ids{};  // -1: the vocabulary has no token for this byte
  BytePairMerges merges;
  SpecialTokens spelled_out;  // tokens that are found in the text before anything else
  NamedTokens named;
  bool adds_beginning = false;
  bool adds_end = false;
  bool ignores_merges = false;  // a word that is a piece is that piece, whatever the merges say
};

class ByteLevelTokenizer final : public StepwiseTokenizer {
 public:
  ByteLevelTokenizer(ByteLevelVocabulary vocabulary, PreTokenizer pre_tokenizer);

  std::vector<Token> encode(std::string_view text) const override;
  std::vector<WordSteps> word_steps(std::string_view text) const override;
  std::vector<WordLattice> word_lattices(std::string_view) const override { return {}; }
  std::vector<NormalizedPart> normalized(std::string_view text) const override;
  TokenMethod method() const override { return TokenMethod::byte_pair; }
  std::int64_t vocabulary_size() const override;
  const std::string& piece(TokenId id) const override;
  const std::string& bytes(TokenId id) const override;
  bool is_special(TokenId id) const override;
  bool has_byte(std::uint8_t byte) const override;
  const NamedTokens& named_tokens() const override { return vocabulary_.named; }

 private:
  enum class WordKind { special, text, invalid_bytes };
  struct Word {
    WordKind kind;
    Token token;  // its span; the id only of a special token
  };
  // Visits special tokens, pre-tokens and single invalid bytes from left to right.
  void for_each_word(std::string_view text, const std::function<void(const Word&)>& visit) const;
  void split_ordinary(std::string_view text, std::size_t begin, std::size_t end,
                      const std::function<void(const Word&)>& visit) const;
  std::vector<Token> single_bytes(std::string_view text, std::size_t begin, std::size_t end) const;

  ByteLevelVocabulary vocabulary_;
  std::unordered_map<std::string, TokenId> whole_words_;  // by their bytes; only where merges are ignored
  PreTokenizer pre_tokenizer_;
};

}  // namespace headlight
