#include "core/training/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/analysis/distribution.h"
#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/shown_text.h"
#include "core/base/strict_json.h"
#include "core/base/whole_file.h"
#include "core/forward/forward_pass.h"
#include "core/model_files/model_file.h"
#include "core/training/checkpoint.h"

namespace headlight {
namespace {

constexpr std::int64_t steps_a_point = 10;
constexpr std::int64_t most_held_out_tokens = 60000;  // of a source
constexpr int most_useless_passes = 100;  // passes or batches that teach nothing, one after the other

std::function<void(float)> told(const Preparation& preparation, const char* what) {
  if (!preparation) return {};
  preparation(what, 0.0F);
  return [&preparation, what](float share) { preparation(what, share); };
}

std::vector<std::string_view> texts_of(const std::vector<CorpusDocument>& documents,
                                       std::string CorpusDocument::*text) {
  std::vector<std::string_view> texts;
  for (const CorpusDocument& document : documents) texts.emplace_back(document.*text);
  return texts;
}

// What is to be predicted, and the kind of text that teaches it.
DocumentKind kind_of(const Model& model) {
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
  }
  return "";
}

std::map<std::string, std::string> companions_in(const std::string& folder) {
  std::map<std::string, std::string> texts;
  for (const std::string_view name : companion_names()) {
    const std::string path = folder + "/" + std::string(name);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    const MappedFile file(path);
    texts.emplace(name, letters_of(file.bytes()));
  }
  return texts;
}

// <eos> behind a text that a decoder goes on with, unless the tokenizer puts it there.
std::optional<TokenId> end_token(const Model& model) {
  if (model.encoder || model.architecture.head != OutputHead::language_model) return std::nullopt;
  const std::optional<TokenId> end = model.tokenizer->end_of_text();
  const std::vector<Token> framed = model.tokenizer->encode("a");
  return end && !framed.empty() && framed.back().id == *end ? std::nullopt : end;
}

}  // namespace

TrainingRun::TrainingRun(TrainingConfig config, const std::string& corpora, std::string folder, int threads,
                         const Preparation& preparation)
    : config_(std::move(config)), folder_(std::move(folder)), threads_(threads) {
  corpus_ = read_corpus(config_.data, corpora, told(preparation, "reading"));
  make_model(preparation);
  make_tokens(preparation);
  begin_pass(0);
  if (!fills_a_batch()) refuse_small_pass();
  const TrainingSettings& settings = config_.training;
  optimizer_ = std::make_unique<Optimizer>(*parameters_, settings.optimizer);
  optimizer_->train_only(*parameters_, settings.train_only);
  trainer_ = std::make_unique<Trainer>(*parameters_, *optimizer_, threads_, settings.lanes);
  backend_ = make_cpu_backend(threads_);
  if (const auto state = read_state(*parameters_, *optimizer_, folder_)) {
    try {
      take_up(*state);
    } catch (const nlohmann::json::exception&) {
      throw FileError(fmt::format(
          "{}: the notes of its training/state.safetensors are damaged. Remove the folder to begin anew.",
          folder_));
    }
  }
}

bool TrainingRun::fills_a_batch() const {
  return next_ + config_.training.batch <= static_cast<std::int64_t>(examples_of_pass());
}

void TrainingRun::refuse_small_pass() const {
  throw UserError(fmt::format(
      "{}: the texts make {} sequences of {} tokens, but a step takes {}. Give more text, or a smaller "
      "\"batch\".",
      config_.path, examples_of_pass(), context_, config_.training.batch));
}

void TrainingRun::make_model(const Preparation& preparation) {
  ModelFiles files{config_.model, {}};
  std::shared_ptr<const ModelFile> trained;
  const std::string tokenizer = folder_ + "/tokenizer.json";
  if (config_.start_from) {
    trained = open_model_file(*config_.start_from);
    files = model_files(*trained);
    files.config.merge_patch(config_.model);
  } else if (has_state(folder_)) {  // of the run that goes on
    files.companions = companions_in(folder_);
  }
  if (!files.companions.contains("tokenizer.json") && !config_.start_from) {
    const WordCounts words = corpus_words(corpus_, told(preparation, "words"));
    const TrainedBytePairs pairs =
        train_byte_pairs(words, config_.tokenizer, told(preparation, "vocabulary"));
    files.companions = {{"tokenizer.json", tokenizer_json(pairs, config_.tokenizer)},
                        {"tokenizer_config.json", tokenizer_config_json(config_.tokenizer)}};
  }
  if (!config_.start_from) {
    const std::string& text = files.companions.at("tokenizer.json");
    files.config["vocab_size"] =
        parse_strict_object(text, {.path = tokenizer}).at("model").at("vocab").size();
  }
  parameters_ = trained ? std::make_unique<Parameters>(std::move(files), *trained, config_.training.seed)
                        : std::make_unique<Parameters>(std::move(files), config_.training.seed);
  const Model& model = *parameters_->model();
  if (!model.tokenizer) {
    throw UserError(fmt::format("{}: the model has no tokenizer.json, which its texts need.", config_.path));
  }
  kind_ = kind_of(model);
  const DocumentKind given = config_.data.sources.front().kind;
  if (given != kind_) {
    throw UserError(fmt::format("{}: this model learns from {}, but the sources are {}.", config_.path,
                                name_of(kind_), name_of(given)));
  }
  context_ = model.architecture.context;
  if (config_.training.context > 0) context_ = std::min(context_, config_.training.context);
  check_data();
  if (model.architecture.head == OutputHead::masked_lm) {
    masker_.emplace(*model.tokenizer, config_.training.seed);
  }
}

// What would otherwise fail hours later, or at every step.
void TrainingRun::check_data() const {
  const Model& model = *parameters_->model();
  const ArchitectureDescription& a = model.architecture;
  if (context_ < 2) {
    throw UserError(fmt::format(
        "{}: the model's context is one token; at least two are needed to learn from a text.", config_.path));
  }
  for (const std::vector<CorpusDocument>* documents : {&corpus_.train, &corpus_.valid}) {
    for (const CorpusDocument& document : *documents) {
      if (kind_ != DocumentKind::labelled || document.label < a.labels) continue;
      throw UserError(fmt::format(
          "{}: a text of the source '{}' has the class {}, but the model's classes are 0 to {}. Set "
          "\"num_labels\" of the model to the number of classes.",
          config_.path, corpus_.sources[static_cast<std::size_t>(document.source)].name, document.label,
          a.labels - 1));
    }
  }
  const std::vector<std::string>& samples = config_.training.samples;
  if (!samples.empty() && a.head != OutputHead::language_model) {
    throw UserError(fmt::format(
        "{}: \"samples\" are texts to be continued, but this model continues none. Leave them out.",
        config_.path));
  }
  const std::int64_t room = model.encoder ? model.encoder->architecture.context : a.context;
  for (const std::string& text : samples) {
    const std::size_t tokens = model.tokenizer->encode(text).size();
    if (tokens > 0 && static_cast<std::int64_t>(tokens) <= room) continue;
    throw UserError(fmt::format("{}: the sample '{}' has {} tokens, but 1 to {} were expected.", config_.path,
                                printable(text, 40), tokens, room));
  }
}

void TrainingRun::make_tokens(const Preparation& preparation) {
  const Model& model = *parameters_->model();
  const Tokenizer& tokenizer = *model.tokenizer;
  const auto end = end_token(model);
  documents_ = token_documents(tokenizer, texts_of(corpus_.train, &CorpusDocument::text), end,
                               told(preparation, "tokens"));
  if (kind_ == DocumentKind::translation) {
    targets_ = token_documents(tokenizer, texts_of(corpus_.train, &CorpusDocument::target), end,
                               told(preparation, "tokens"));
  }
  hold_out();
  for (std::vector<CorpusDocument>* documents : {&corpus_.train, &corpus_.valid, &corpus_.test}) {
    for (CorpusDocument& document : *documents) document.text = document.target = {};
  }
}

// The first documents of each source, up to a number of tokens; each alone, as a person would type it.
void TrainingRun::hold_out() {
  const Model& model = *parameters_->model();
  const auto end = end_token(model);
  const TokenDocuments texts =
      token_documents(*model.tokenizer, texts_of(corpus_.valid, &CorpusDocument::text), end);
  const TokenDocuments targets =
      token_documents(*model.tokenizer, texts_of(corpus_.valid, &CorpusDocument::target), end);
  std::vector<std::int64_t> tokens;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const CorpusDocument& document = corpus_.valid[i];
    const CorpusSource& source = corpus_.sources[static_cast<std::size_t>(document.source)];
    auto found = std::find_if(held_out_.begin(), held_out_.end(),
                              [&](const HeldOut& held) { return held.source == source.name; });
    if (found == held_out_.end()) {
      found = held_out_.insert(held_out_.end(), HeldOut{source.name, source.language, {}, 0});
      tokens.push_back(0);
    }
    std::int64_t& count = tokens[static_cast<std::size_t>(found - held_out_.begin())];
    if (count >= most_held_out_tokens) continue;
    TrainingExample example =
        whole_example(texts[i], targets[i], document.label, -1, static_cast<std::int64_t>(i));
    const bool is_cut = static_cast<std::int64_t>(std::max(texts[i].size(), targets[i].size())) > context_;
    if (is_cut || example.tokens.empty()) continue;  // its bytes could not be counted
    count += static_cast<std::int64_t>(example.tokens.size());
    found->bytes += static_cast<std::int64_t>(
        (kind_ == DocumentKind::translation ? document.target : document.text).size());
    found->examples.push_back(std::move(example));
  }
}

// A text that stands alone. `pass` and `index` decide what is hidden, where tokens are hidden.
TrainingExample TrainingRun::whole_example(const std::vector<TokenId>& text,
                                           const std::vector<TokenId>& target, std::int32_t label,
                                           std::int64_t pass, std::int64_t index) const {
  switch (kind_) {
    case DocumentKind::labelled:
      return {shortened(text, context_), {label}, {}};
    case DocumentKind::translation: {
      const auto start = static_cast<TokenId>(parameters_->model()->decoder_start.value_or(0));
      TranslationPair pair = translation_pair(shortened(text, context_), shortened(target, context_), start);
      return {std::move(pair.target), std::move(pair.labels), std::move(pair.source)};
    }
    case DocumentKind::text:
      break;
  }
  if (masker_) {
    TrainingSequence sequence = masker_->masked(shortened(text, context_), pass, index);
    return {std::move(sequence.tokens), std::move(sequence.labels), {}};
  }
  TrainingExample example{text, {}, {}};
  for (std::size_t i = 1; i < text.size(); ++i) example.labels.push_back(text[i]);
  if (!text.empty()) example.labels.push_back(not_scored);
  return example;
}

void TrainingRun::begin_pass(std::int64_t pass) {
  pass_ = pass;
  next_ = 0;
  order_ = documents_of_pass(corpus_, pass);
  if (kind_ == DocumentKind::text) {
    packed_ = std::make_unique<PackedPass>(
        documents_, std::move(order_),
        PackingSettings{
            .context = context_, .seed = config_.training.seed, .together = config_.training.together},
        pass);
    order_.clear();
  } else {
    shuffle(order_, config_.training.seed, pass);
  }
}

TrainingExample TrainingRun::example(std::size_t index) const {
  if (packed_) {
    TrainingSequence sequence = packed_->sequence(index);
    if (masker_) {
      sequence = masker_->masked(std::move(sequence.tokens), pass_, static_cast<std::int64_t>(index));
    }
    return {std::move(sequence.tokens), std::move(sequence.labels), {}};
  }
  const std::size_t document = order_[index];
  static const std::vector<TokenId> none;
  return whole_example(documents_[document], targets_.empty() ? none : targets_[document],
                       corpus_.train[document].label, pass_, static_cast<std::int64_t>(index));
}

std::vector<TrainingExample> TrainingRun::next_batch() {
  // Where some texts stand in every other pass alone, a pass may be too small.
  for (int tries = 0; !fills_a_batch(); ++tries) {
    if (tries == most_useless_passes) refuse_small_pass();
    begin_pass(pass_ + 1);
  }
  std::vector<TrainingExample> batch;
  for (const std::int64_t end = next_ + config_.training.batch; next_ < end; ++next_)
    batch.push_back(example(static_cast<std::size_t>(next_)));
  return batch;
}

StepReport TrainingRun::step() {
  if (steps_done() == 0) keep_weights();
  StepReport report;
  for (int tries = 0; report.scored == 0; ++tries) {  // special tokens alone teach nothing
    if (tries == most_useless_passes) {
      throw UserError(
          fmt::format("{}: {} batches of texts one after the other have nothing that could be predicted. "
                      "Give other texts, or a larger \"batch\".",
                      config_.path, tries));
    }
    report = trainer_->step(next_batch());
  }
  tokens_done_ += report.tokens;
  note(report);
  keep_weights();
  return report;
}

// Where the config says so.
void TrainingRun::keep_weights() const {
  const std::vector<std::int64_t>& keep = config_.training.keep;
  if (std::find(keep.begin(), keep.end(), steps_done()) == keep.end()) return;
  write_weights(*parameters_, fmt::format("{}/training/steps/{:06}", folder_, steps_done()), /*half=*/true);
}

// The loss, in nats, of a model that takes all labels for equally likely.
double TrainingRun::guessing() const {
  const ArchitectureDescription& a = parameters_->model()->architecture;
  return std::log(static_cast<double>(kind_ == DocumentKind::labelled ? a.labels : a.vocabulary));
}

void TrainingRun::refuse_loss(double loss, std::int64_t step) const {
  throw UserError(fmt::format(
      "{}: training ran away at step {}: the loss is {:.3g}, where guessing has {:.3g}. The learning rate of "
      "{:.2g} is too large for it; try a third of it with another --out. The last good state is in {}, whose "
      "weights \"start_from\" can take.",
      config_.path, step, loss, guessing(), config_.training.optimizer.learning_rate, folder_));
}

// Adds to the curve. A loss far above that of a model that knows nothing will not come back.
void TrainingRun::note(const StepReport& report) {
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_length)) {
    refuse_loss(report.loss, steps_done() + 1);  // the trainer left the weights as they were
  }
  sums_.loss += report.loss;
  sums_.gradient_length += report.gradient_length;
  ++summed_;
  if (summed_ < steps_a_point) return;
  const auto steps = static_cast<double>(summed_);
  const CurvePoint point = {steps_done(), sums_.loss / steps, sums_.gradient_length / steps};
  if (point.loss > 1.5 * guessing() + 1.0) refuse_loss(point.loss, point.step);
  curve_.push_back(point);
  sums_ = {};
  summed_ = 0;
}

const Measurement& TrainingRun::measure() {
  Measurement measurement{steps_done(), {}};
  for (const HeldOut& held : held_out_) {
    const Loss loss = trainer_->evaluate(held.examples);
    if (loss.scored == 0) continue;
    if (!std::isfinite(loss.sum)) refuse_loss(loss.sum, steps_done());
    const bool all_scored = kind_ != DocumentKind::labelled && !masker_;
    measurement.losses.push_back({held.source, held.language, loss.sum / static_cast<double>(loss.scored),
                                  all_scored ? loss.sum / static_cast<double>(held.bytes) : 0.0,
                                  static_cast<double>(loss.right) / static_cast<double>(loss.scored),
                                  loss.scored, held.bytes});
  }
  measurements_.push_back(std::move(measurement));
  return measurements_.back();
}

std::string TrainingRun::sample(const std::string& text, std::int64_t tokens, std::uint64_t seed) const {
  const std::shared_ptr<const Model>& model = parameters_->model();
  ForwardRequest request;
  request.capture.next_token_only = true;
  for (const Token& token : model->tokenizer->encode(text)) request.tokens.push_back(token.id);
  if (model->encoder) {
    request.source_tokens = std::move(request.tokens);
    request.tokens = {static_cast<TokenId>(model->decoder_start.value_or(0))};
  }
  const std::size_t begin = request.tokens.size();
  // A translation has one best wording; a story should not be the same each time.
  const SamplingSettings settings = {.temperature = model->encoder ? 0.0 : 0.8};
  while (static_cast<std::int64_t>(request.tokens.size() - begin) < tokens &&
         static_cast<std::int64_t>(request.tokens.size()) < model->architecture.context) {
    request.previous = run_forward(model, *backend_, request);
    const Tensor logits = request.previous->at(Hook::logits);
    const auto last = logits.values().last(static_cast<std::size_t>(logits.axis(1)));
    const TokenId id = headlight::sample(distribution(last, settings), seed, request.previous->positions());
    if (id == model->tokenizer->end_of_text()) break;
    request.tokens.push_back(id);
  }
  const auto made =
      std::vector<TokenId>(request.tokens.begin() + static_cast<std::ptrdiff_t>(begin), request.tokens.end());
  return readable_bytes(model->tokenizer->decode(made));
}

nlohmann::json TrainingRun::notes() const {
  nlohmann::json curve = nlohmann::json::array(), measured = nlohmann::json::array();
  for (const CurvePoint& point : curve_) curve.push_back({point.step, point.loss, point.gradient_length});
  for (const Measurement& measurement : measurements_) {
    for (const HeldOutLoss& loss : measurement.losses) {
      measured.push_back({{"step", measurement.step},
                          {"source", loss.source},
                          {"language", loss.language},
                          {"nats_per_token", loss.per_token},
                          {"nats_per_byte", loss.per_byte},
                          {"accuracy", loss.accuracy},
                          {"tokens", loss.tokens},
                          {"bytes", loss.bytes}});
    }
  }
  return {{"steps", steps_done()}, {"pass", pass_},
          {"next", next_},         {"tokens", tokens_done_},
          {"curve", curve},        {"measured", measured},
          {"summed", summed_},     {"sums", {sums_.loss, sums_.gradient_length}},
          {"config", config_.json}};
}

void TrainingRun::take_up(const nlohmann::json& notes) {
  if (notes.at("config") != config_.json) {
    throw UserError(
        fmt::format("{} was changed since the run in {} began, which would go on with other numbers. Give it "
                    "another folder "
                    "with --out, or remove that one to begin anew.",
                    config_.path, folder_));
  }
  const auto count = [&](const char* key) { return notes.at(key).get<std::uint32_t>(); };
  optimizer_->set_steps_done(count("steps"));
  begin_pass(count("pass"));
  next_ = count("next");
  tokens_done_ = notes.at("tokens").get<std::int64_t>();
  summed_ = count("summed");
  sums_.loss = notes.at("sums").at(0).get<double>();
  sums_.gradient_length = notes.at("sums").at(1).get<double>();
  for (const nlohmann::json& point : notes.at("curve")) {
    curve_.push_back({point.at(0).get<std::int64_t>(), point.at(1).get<double>(), point.at(2).get<double>()});
  }
  for (const nlohmann::json& loss : notes.at("measured")) {
    const auto step = loss.at("step").get<std::int64_t>();
    if (measurements_.empty() || measurements_.back().step != step) measurements_.push_back({step, {}});
    measurements_.back().losses.push_back(
        {loss.at("source").get<std::string>(), loss.at("language").get<std::string>(),
         loss.at("nats_per_token").get<double>(), loss.at("nats_per_byte").get<double>(),
         loss.at("accuracy").get<double>(), loss.at("tokens").get<std::int64_t>(),
         loss.at("bytes").get<std::int64_t>()});
  }
}

void TrainingRun::write_state_file() const { write_state(*parameters_, *optimizer_, notes(), folder_); }

void TrainingRun::write_model_files() const {
  write_model(*parameters_, folder_, config_.training.half);
  std::filesystem::create_directories(folder_ + "/training");
  nlohmann::json log = notes();
  for (const char* key : {"config", "next", "pass", "summed", "sums"}) log.erase(key);
  write_whole_file(folder_ + "/training/log.json", log.dump(1) + "\n");
}

}  // namespace headlight
