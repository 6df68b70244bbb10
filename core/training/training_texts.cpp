#include "core/training/training_texts.h"

#include <algorithm>

#include "core/training/gru.h"

namespace headlight {
namespace {

constexpr std::int64_t most_held_out_tokens = 60000;  // of a source

std::vector<std::string_view> texts_of(const std::vector<CorpusDocument>& documents,
                                       std::string CorpusDocument::*text) {
  std::vector<std::string_view> texts;
  for (const CorpusDocument& document : documents) texts.emplace_back(document.*text);
  return texts;
}

bool goes_on(const Parameters& parameters) {
  const std::shared_ptr<const Model>& model = parameters.model();
  return !model || (!model->encoder && model->architecture.head == OutputHead::language_model);
}

// <eos> behind a text that a decoder goes on with, unless the tokenizer puts it there.
std::optional<TokenId> end_token(const Parameters& parameters) {
  if (!goes_on(parameters)) return std::nullopt;
  const Tokenizer& tokenizer = *parameters.tokenizer();
  const std::optional<TokenId> end = tokenizer.end_of_text();
  const std::vector<Token> framed = tokenizer.encode("a");
  return end && !framed.empty() && framed.back().id == *end ? std::nullopt : end;
}

}  // namespace

TrainingExample next_tokens(std::vector<TokenId> text, std::size_t first) {
  TrainingExample example;
  for (std::size_t i = 1; i < text.size(); ++i) example.labels.push_back(i < first ? not_scored : text[i]);
  if (!text.empty()) example.labels.push_back(not_scored);
  example.tokens = std::move(text);
  return example;
}

DocumentKind kind_for(const Parameters& parameters) {
  if (parameters.gru()) return DocumentKind::text;
  const Model& model = *parameters.model();
  if (model.encoder) return DocumentKind::translation;
  return model.architecture.head == OutputHead::classifier ? DocumentKind::labelled : DocumentKind::text;
}

const char* name_of(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::text:
      return "texts (\"text\")";
    case DocumentKind::translation:
      return "translations (\"source\" and \"target\")";
    case DocumentKind::labelled:
      return "texts with a class (\"text\" and \"label\")";
    case DocumentKind::preference:
      return "preferences (\"prompt\", \"chosen\" and \"rejected\")";
  }
  return "";
}

TrainingTexts::TrainingTexts(Corpus corpus, const Parameters& parameters, std::int64_t context,
                             std::uint64_t seed, Packing packing, std::int64_t hidden_percent,
                             const Preparation& preparation)
    : parameters_(parameters),
      kind_(corpus.sources.front().kind),
      context_(context),
      seed_(seed),
      packing_(packing),
      corpus_(std::move(corpus)) {
  if (parameters.model() && parameters.model()->architecture.head == OutputHead::masked_lm) {
    masker_.emplace(*parameters.tokenizer(), seed, hidden_percent);
  }
  tokens_ = tokens_of(corpus_.train, preparation);
  hold_out();
  for (std::vector<CorpusDocument>* documents : {&corpus_.train, &corpus_.valid, &corpus_.test}) {
    for (CorpusDocument& document : *documents) document.text = document.target = document.rejected = {};
  }
  begin_pass(0);
}

TrainingTexts::Tokens TrainingTexts::tokens_of(const std::vector<CorpusDocument>& documents,
                                               const Preparation& preparation) const {
  const Tokenizer& tokenizer = *parameters_.tokenizer();
  const auto end = packing_ == Packing::asked ? std::nullopt : end_token(parameters_);
  const auto of = [&](std::string CorpusDocument::*text, std::optional<TokenId> behind) {
    return token_documents(tokenizer, texts_of(documents, text), behind, told(preparation, "tokens"));
  };
  Tokens tokens;
  if (kind_ == DocumentKind::preference) {
    const auto with = [&](std::string CorpusDocument::*answer) {
      std::vector<std::string> joined;
      for (const CorpusDocument& document : documents) joined.push_back(document.text + document.*answer);
      return token_documents(tokenizer, std::vector<std::string_view>(joined.begin(), joined.end()), end,
                             told(preparation, "tokens"));
    };
    tokens.prompts = of(&CorpusDocument::text, std::nullopt);
    tokens.texts = with(&CorpusDocument::target);
    tokens.targets = with(&CorpusDocument::rejected);
    return tokens;
  }
  tokens.texts = of(&CorpusDocument::text, end);
  if (kind_ == DocumentKind::translation) tokens.targets = of(&CorpusDocument::target, end);
  return tokens;
}

// The first documents of each source, up to a number of tokens; each alone, as a person would type it.
void TrainingTexts::hold_out() {
  const Tokens tokens = tokens_of(corpus_.valid, {});
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < corpus_.valid.size(); ++i) {
    const CorpusDocument& document = corpus_.valid[i];
    const CorpusSource& source = corpus_.sources[static_cast<std::size_t>(document.source)];
    auto found = std::find_if(held_out_.begin(), held_out_.end(),
                              [&](const HeldOut& held) { return held.source == source.name; });
    if (found == held_out_.end()) {
      found = held_out_.insert(held_out_.end(), HeldOut{source.name, source.language, {}, 0});
      counts.push_back(0);
    }
    std::int64_t& count = counts[static_cast<std::size_t>(found - held_out_.begin())];
    if (count >= most_held_out_tokens) continue;
    const std::size_t longest =
        std::max(tokens.texts[i].size(), tokens.targets.empty() ? 0 : tokens.targets[i].size());
    std::vector<TrainingExample> examples =
        alone(tokens, i, document.label, -1, static_cast<std::int64_t>(i));
    const bool is_empty = std::any_of(examples.begin(), examples.end(),
                                      [](const TrainingExample& example) { return example.tokens.empty(); });
    if (is_empty || static_cast<std::int64_t>(longest) > context_)
      continue;  // its bytes could not be counted
    for (TrainingExample& example : examples) {
      count += static_cast<std::int64_t>(example.tokens.size());
      found->examples.push_back(std::move(example));
    }
    found->bytes += static_cast<std::int64_t>(
        (kind_ == DocumentKind::translation ? document.target : document.text).size());
  }
}

// What is asked is not scored: where the tokens of both begin alike. An answer may change the last token of a
// question that it is joined with.
TrainingExample TrainingTexts::answer(std::vector<TokenId> text, const std::vector<TokenId>& prompt) const {
  if (kind_for(parameters_) == DocumentKind::labelled) return {shortened(std::move(text), context_), {0}, {}};
  const auto [in_text, in_prompt] = std::mismatch(text.begin(), text.end(), prompt.begin(), prompt.end());
  const auto first = static_cast<std::size_t>(in_text - text.begin());
  return next_tokens(std::move(text), first);
}

std::vector<TrainingExample> TrainingTexts::alone(const Tokens& tokens, std::size_t place, std::int32_t label,
                                                  std::int64_t pass, std::int64_t index) const {
  const std::vector<TokenId>& text = tokens.texts[place];
  switch (kind_) {
    case DocumentKind::labelled:
      return {{shortened(text, context_), {label}, {}}};
    case DocumentKind::preference:
      return {answer(text, tokens.prompts[place]), answer(tokens.targets[place], tokens.prompts[place])};
    case DocumentKind::translation: {
      const auto start = static_cast<TokenId>(parameters_.model()->decoder_start.value_or(0));
      TranslationPair pair =
          translation_pair(shortened(text, context_), shortened(tokens.targets[place], context_), start);
      return {{std::move(pair.target), std::move(pair.labels), std::move(pair.source)}};
    }
    case DocumentKind::text:
      break;
  }
  if (packing_ == Packing::asked) return {{shortened(text, context_), {}, {}}};
  if (!masker_) return {next_tokens(text, 0)};
  TrainingSequence sequence = masker_->masked(shortened(text, context_), pass, index);
  return {{std::move(sequence.tokens), std::move(sequence.labels), {}}};
}

void TrainingTexts::begin_pass(std::int64_t pass) {
  pass_ = pass;
  order_ = documents_of_pass(corpus_, pass);
  if (kind_ != DocumentKind::text || packing_ == Packing::asked) return shuffle(order_, seed_, pass);
  packed_ = std::make_unique<PackedPass>(
      tokens_.texts, std::move(order_),
      PackingSettings{.context = context_, .seed = seed_, .together = packing_ == Packing::together}, pass);
  order_.clear();
}

void TrainingTexts::append(std::size_t index, std::vector<TrainingExample>& batch) const {
  const auto number = static_cast<std::int64_t>(index);
  if (packed_) {
    TrainingSequence sequence = packed_->sequence(index);
    if (masker_) sequence = masker_->masked(std::move(sequence.tokens), pass_, number);
    batch.push_back({std::move(sequence.tokens), std::move(sequence.labels), {}});
    return;
  }
  const std::size_t document = order_[index];
  for (TrainingExample& example : alone(tokens_, document, corpus_.train[document].label, pass_, number)) {
    // Only an answer may still be too long.
    const auto length = std::min(example.tokens.size(), static_cast<std::size_t>(context_));
    if (example.labels.size() == example.tokens.size()) example.labels.resize(length);
    example.tokens.resize(length);
    batch.push_back(std::move(example));
  }
}

}  // namespace headlight
