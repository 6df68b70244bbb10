// What a run learns from, as tokens: the examples of one pass after the other, and those that are held out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/training/corpus.h"
#include "core/training/packing.h"
#include "core/training/parameters.h"
#include "core/training/preparation.h"

namespace headlight {

// Of one source.
struct HeldOut {
  std::string source, language;
  std::vector<TrainingExample> examples;
  std::int64_t bytes = 0;  // of their texts; of translations those of the translation
};

// Each position is to say the token behind it, where that stands at `first` or later.
TrainingExample next_tokens(std::vector<TokenId> text, std::size_t first);

// What can teach a model of this kind; preferences teach decoders and classifiers with one label, too.
DocumentKind kind_for(const Parameters& parameters);
const char* name_of(DocumentKind kind);

class TrainingTexts {
 public:
  // How texts become examples: `asked`: each is what a model is to answer, and has no label.
  enum class Packing { together, alone, asked };
  // `context`: most tokens of a text; `hidden_percent`: see training_config.h. The parameters outlive this.
  TrainingTexts(Corpus corpus, const Parameters& parameters, std::int64_t context, std::uint64_t seed,
                Packing packing, std::int64_t hidden_percent, const Preparation& preparation);

  void begin_pass(std::int64_t pass);
  std::int64_t pass() const { return pass_; }
  std::int64_t context() const { return context_; }
  // Of the pass: texts or pairs.
  std::size_t size() const { return packed_ ? packed_->size() : order_.size(); }
  // The text at a place of the pass; of preferences two, the better one first.
  void append(std::size_t index, std::vector<TrainingExample>& batch) const;

  const std::vector<HeldOut>& held_out() const { return held_out_; }
  bool scores_every_token() const {
    return kind_ != DocumentKind::labelled && !pairs() && !masker_ && packing_ != Packing::asked;
  }
  bool pairs() const { return kind_ == DocumentKind::preference; }

 private:
  // Of documents, by their places. Of preferences: of what is asked, and of that with either answer.
  struct Tokens {
    TokenDocuments texts, targets, prompts;
  };
  Tokens tokens_of(const std::vector<CorpusDocument>& documents, const Preparation& preparation) const;
  void hold_out();
  // A document that stands alone. `pass` and `index` decide what is hidden, where tokens are hidden.
  std::vector<TrainingExample> alone(const Tokens& tokens, std::size_t place, std::int32_t label,
                                     std::int64_t pass, std::int64_t index) const;
  TrainingExample answer(std::vector<TokenId> text, const std::vector<TokenId>& prompt) const;

  const Parameters& parameters_;
  DocumentKind kind_;
  std::int64_t context_;
  std::uint64_t seed_;
  Packing packing_;
  std::optional<TokenMasker> masker_;
  Corpus corpus_;  // its texts are dropped when they are tokens
  Tokens tokens_;  // of corpus_.train
  std::vector<HeldOut> held_out_;
  std::int64_t pass_ = 0;
  std::unique_ptr<PackedPass> packed_;  // or, where each document stands alone:
  std::vector<std::size_t> order_;
};

}  // namespace headlight
