// Documents of tokens become what one step learns from. Every order and every choice follows from the seed,
// the number of the pass and the place in it alone: a run that is taken up again goes on as if it had never
// stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"
#include "core/training/example.h"
#include "core/training/random_numbers.h"

namespace headlight {

using TokenDocuments = std::vector<std::vector<TokenId>>;

struct TrainingSequence {
  std::vector<TokenId> tokens;
  std::vector<TokenId> labels;  // what each position should say; not_scored: nothing
};

// The numbers for one place in one pass.
RandomNumbers random_numbers_of(std::uint64_t seed, std::int64_t pass, std::int64_t index);

// Fisher & Yates 1938, as Durstenfeld 1964 has it.
void shuffle(std::vector<std::size_t>& order, std::uint64_t seed, std::int64_t pass);

struct PackingSettings {
  std::int64_t context = 0;  // most tokens of a sequence, at least 2
  std::uint64_t seed = 0;
  bool together = true;  // several documents in one sequence; otherwise each has its own
};

// One pass over documents, cut into sequences. Documents longer than the context are cut into pieces; the
// others stay whole. A sequence takes the first of the next 64 pieces that fits, until none does.
class PackedPass {
 public:
  // `order`: places in `documents`, one for each time that a document stands in this pass, not yet shuffled.
  // The documents outlive this.
  PackedPass(const TokenDocuments& documents, std::vector<std::size_t> order, const PackingSettings& settings,
             std::int64_t pass);

  std::size_t size() const { return begins_.size() - 1; }  // sequences
  std::int64_t tokens() const { return tokens_; }          // of all of them

  // Each position predicts the next token of its document; a document's last token predicts nothing.
  TrainingSequence sequence(std::size_t index) const;

 private:
  struct Piece {
    std::uint32_t document = 0, begin = 0, end = 0;
  };
  void cut(const std::vector<std::size_t>& order, std::size_t context, std::vector<Piece>& pieces);
  void pack(const std::vector<Piece>& pieces, std::size_t context);

  const TokenDocuments& documents_;
  std::vector<Piece> pieces_;        // in the order of the sequences
  std::vector<std::size_t> begins_;  // of each sequence in pieces_, and their end
  std::int64_t tokens_ = 0;
};

// Hides some of the tokens: of these, 80 % become the mask, 10 % another token and 10 % stay (Devlin et al.
// 2019, section 3.1). Special tokens are never hidden and never put in. Only hidden places are scored. Of a
// pass below 0, which is what is held out, 15 % are hidden whatever the training hides.
class TokenMasker {
 public:
  // Throws UserError when the tokenizer has no mask token.
  TokenMasker(const Tokenizer& tokenizer, std::uint64_t seed, std::int64_t percent = 15);
  TrainingSequence masked(std::vector<TokenId> tokens, std::int64_t pass, std::int64_t index) const;

 private:
  std::uint64_t seed_;
  std::size_t percent_;
  TokenId mask_;
  std::vector<bool> special_;      // by id
  std::vector<TokenId> ordinary_;  // all other ids
};

struct TranslationPair {
  std::vector<TokenId> source;  // of the encoder
  std::vector<TokenId> target;  // of the decoder: what starts it, and the translation but its last token
  std::vector<TokenId> labels;  // the translation
};

// `translation` ends with the token that ends a text.
TranslationPair translation_pair(std::vector<TokenId> source, std::vector<TokenId> translation,
                                 TokenId decoder_start);

// The first tokens and the last, which closes the text, when there are more than `most`.
std::vector<TokenId> shortened(std::vector<TokenId> tokens, std::int64_t most);

// The tokens of each text as the tokenizer frames it, and `end` behind it if given. `progress`
// is told the share that is done, and may throw to stop.
TokenDocuments token_documents(const Tokenizer& tokenizer, std::span<const std::string_view> texts,
                               std::optional<TokenId> end, const std::function<void(float)>& progress = {});

}  // namespace headlight
