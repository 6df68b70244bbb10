#include "core/training/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"
#include "core/base/strict_json.h"
#include "core/base/whole_file.h"
#include "core/model_files/model_file.h"
#include "core/training/checkpoint.h"
#include "core/training/drawn_answers.h"
#include "core/training/gru.h"
#include "core/training/sampled_text.h"

namespace headlight {
namespace {

constexpr std::int64_t steps_a_point = 10;
constexpr int most_useless_passes = 100;  // passes or batches that teach nothing, one after the other
constexpr std::int64_t most_sample_tokens = 1 << 20;  // of a recurrent network, which has no longest text

// What an error is about: the config's file, or what was chosen in the window, which has none.
Bilingual said_of(const TrainingConfig& config) {
  if (config.path.empty()) return {"What is to be learnt", "학습할 것"};
  return {config.path, config.path};
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

std::int64_t outputs_of(const Parameters& parameters) {
  if (parameters.gru()) return parameters.gru()->description.vocabulary;
  const ArchitectureDescription& a = parameters.model()->architecture;
  return a.head == OutputHead::classifier ? a.labels : a.vocabulary;
}

}  // namespace

TrainingRun::TrainingRun(TrainingConfig config, const std::string& corpora, std::string folder, int threads,
                         const Preparation& preparation, ComputeDevice device)
    : config_(std::move(config)), folder_(std::move(folder)), threads_(threads) {
  make(read_corpus(config_.data, corpora, told(preparation, "reading")), preparation, std::move(device));
  if (const auto state = read_state(moving(), *optimizer_, folder_)) {
    try {
      take_up(*state);
    } catch (const nlohmann::json::exception&) {
      throw told<FileError>(
          "{}: the notes of its training/state.safetensors are damaged. Remove the folder to begin anew.",
          "{}: training/state.safetensors의 기록이 손상되었습니다. 새로 시작하려면 폴더를 지워 주세요.",
          folder_);
    }
  }
}

TrainingRun::TrainingRun(TrainingConfig config, Corpus corpus, int threads, const Preparation& preparation,
                         ComputeDevice device)
    : config_(std::move(config)), threads_(threads) {
  make(std::move(corpus), preparation, std::move(device));
}

void TrainingRun::make(Corpus corpus, const Preparation& preparation, ComputeDevice device) {
  make_model(corpus, preparation);
  make_texts(std::move(corpus), preparation);
  make_trainer(std::move(device));
}

// The tokenizer of the run that goes on, of the teacher or another model, or a new one.
ModelFiles TrainingRun::new_model_files(const Corpus& corpus, const Preparation& preparation) const {
  ModelFiles files{config_.model, {}};
  if (!folder_.empty() && has_state(folder_)) files.companions = companions_in(folder_);
  const std::optional<std::string>& whose = teacher_ ? config_.training.teacher : config_.tokenizer_from;
  if (!files.companions.contains("tokenizer.json") && whose) {
    files.companions = companions_in(*whose);
    if (!files.companions.contains("tokenizer.json")) {
      throw told<UserError>("{}: {} has no tokenizer.json to take; name a folder that has one.",
                            "{}: {} 폴더에 가져올 tokenizer.json이 없습니다. 그것이 있는 폴더를 적어 주세요.",
                            said_of(config_), *whose);
    }
  }
  if (!files.companions.contains("tokenizer.json")) {
    const WordCounts words = corpus_words(corpus, told(preparation, "words"));
    const TrainedBytePairs pairs =
        train_byte_pairs(words, config_.tokenizer, told(preparation, "vocabulary"));
    files.companions = {{"tokenizer.json", tokenizer_json(pairs, config_.tokenizer)},
                        {"tokenizer_config.json", tokenizer_config_json(config_.tokenizer)}};
  }
  if (teacher_) {
    files.config["vocab_size"] = teacher_->architecture.vocabulary;
  } else {
    const std::string& text = files.companions.at("tokenizer.json");
    files.config["vocab_size"] =
        parse_strict_object(text, {.path = folder_ + "/tokenizer.json"}).at("model").at("vocab").size();
  }
  return files;
}

void TrainingRun::make_model(const Corpus& corpus, const Preparation& preparation) {
  const TrainingSettings& settings = config_.training;
  if (settings.teacher) teacher_ = load_model(*settings.teacher, "teacher");
  if (config_.start_from) {
    const std::shared_ptr<const ModelFile> trained = open_model_file(*config_.start_from);
    ModelFiles files = model_files(*trained);
    files.config.merge_patch(config_.model);
    parameters_ = std::make_unique<Parameters>(std::move(files), *trained, settings.seed);
  } else {
    parameters_ = std::make_unique<Parameters>(new_model_files(corpus, preparation), settings.seed);
  }
  if (!parameters_->tokenizer()) {
    throw told<UserError>("{}: the model has no tokenizer.json, which its texts need.",
                          "{}: 글을 읽는 데 필요한 tokenizer.json이 모델에 없습니다.", said_of(config_));
  }
  if (teacher_) check_teacher();
}

// What is learnt from a teacher is one probability for each of its tokens.
void TrainingRun::check_teacher() const {
  const Tokenizer& own = *parameters_->tokenizer();
  const Tokenizer& other = *teacher_->tokenizer;
  bool same = own.vocabulary_size() == other.vocabulary_size();
  for (TokenId id = 0; same && id < own.vocabulary_size(); ++id) same = own.piece(id) == other.piece(id);
  const bool does_the_same =
      parameters_->gru() ? teacher_->architecture.head == OutputHead::language_model && !teacher_->encoder
                         : teacher_->architecture.head == parameters_->model()->architecture.head &&
                               !teacher_->encoder == !parameters_->model()->encoder &&
                               teacher_->architecture.labels == parameters_->model()->architecture.labels;
  if (same && does_the_same) return;
  const Bilingual why =
      same ? Bilingual{"does something else than this model (to go on with a text, fill gaps, translate, "
                       "classify)",
                       "이 모델과 하는 일이 다릅니다(글 잇기, 빈칸 채우기, 번역, 분류)"}
           : in_both("has other tokens ({}) than this model ({})", "토큰({}개)이 이 모델의 토큰({}개)과 다릅니다",
                     other.vocabulary_size(), own.vocabulary_size());
  throw told<UserError>("{}: the teacher in {} {}; take another teacher, or another model to teach.",
                        "{}: {} 폴더의 교사 모델은 {}. 다른 교사나 다른 학생 모델을 골라 주세요.",
                        said_of(config_), *config_.training.teacher, why);
}

void TrainingRun::make_texts(Corpus corpus, const Preparation& preparation) {
  check_kind(corpus.sources.front().kind);
  const std::int64_t most = context();
  check_labels(corpus);
  check_samples();
  const TrainingSettings& settings = config_.training;
  using Packing = TrainingTexts::Packing;
  const Packing packing = settings.method == Method::policy_gradient ? Packing::asked
                          : settings.together                        ? Packing::together
                                                                     : Packing::alone;
  texts_ = std::make_unique<TrainingTexts>(std::move(corpus), *parameters_, most, settings.seed, packing,
                                           settings.hidden_percent, preparation);
  if (!fills_a_batch()) refuse_small_pass();
}

void TrainingRun::check_kind(DocumentKind given) const {
  const Method method = config_.training.method;
  const DocumentKind kind = kind_for(*parameters_);
  const bool rewards = method == Method::reward_model;
  const bool fits = rewards ? kind == DocumentKind::labelled && outputs_of(*parameters_) == 1
                            : kind == DocumentKind::text && !parameters_->gru() &&
                                  parameters_->model()->architecture.head == OutputHead::language_model;
  if (method != Method::labels && !fits) {
    throw UserError(fmt::format("{}: \"method\" needs {}.", config_.path,
                                rewards ? "a classifier with one label, which is the reward" : "a decoder"));
  }
  if ((method == Method::labels || method == Method::policy_gradient) && given != kind) {
    throw UserError(fmt::format("{}: this model learns from {}, but the sources are {}.", config_.path,
                                name_of(kind), name_of(given)));
  }
}

// Most tokens of a text.
std::int64_t TrainingRun::context() const {
  const std::int64_t wanted = config_.training.context;
  if (parameters_->gru() && wanted == 0) {
    throw UserError(
        fmt::format("{}: a recurrent network has no longest text of its own: give \"context\", the tokens "
                    "through which it learns backwards.",
                    config_.path));
  }
  std::int64_t most = wanted;
  if (!parameters_->gru()) {
    const std::int64_t own = parameters_->model()->architecture.context;
    most = wanted > 0 ? std::min(own, wanted) : own;
  }
  const bool teacher_has_less = teacher_ && teacher_->architecture.context < most;
  if (teacher_has_less) most = teacher_->architecture.context;
  if (most >= 2) return most;
  throw UserError(
      fmt::format("{}: the {}'s context is one token; at least two are needed to learn from a text.",
                  config_.path, teacher_has_less ? "teacher" : "model"));
}

// What would otherwise fail at some step.
void TrainingRun::check_labels(const Corpus& corpus) const {
  if (corpus.sources.front().kind != DocumentKind::labelled) return;
  const std::int64_t labels = outputs_of(*parameters_);
  for (const std::vector<CorpusDocument>* documents : {&corpus.train, &corpus.valid}) {
    for (const CorpusDocument& document : *documents) {
      if (document.label < labels) continue;
      throw UserError(fmt::format(
          "{}: a text of the source '{}' has the class {}, but the model's classes are 0 to {}. Set "
          "\"num_labels\" of the model to the number of classes.",
          config_.path, corpus.sources[static_cast<std::size_t>(document.source)].name, document.label,
          labels - 1));
    }
  }
}

// What would otherwise fail at the first measurement.
void TrainingRun::check_samples() const {
  const std::vector<std::string>& samples = config_.training.samples;
  const Model* const model = parameters_->model().get();
  if (!samples.empty() && model && model->architecture.head != OutputHead::language_model) {
    throw UserError(fmt::format(
        "{}: \"samples\" are texts to be continued, but this model continues none. Leave them out.",
        config_.path));
  }
  std::int64_t room = most_sample_tokens;
  if (model) room = (model->encoder ? *model->encoder : *model).architecture.context;
  for (const std::string& text : samples) {
    const std::size_t tokens = parameters_->tokenizer()->encode(text).size();
    if (tokens > 0 && static_cast<std::int64_t>(tokens) <= room) continue;
    throw UserError(fmt::format("{}: the sample '{}' has {} tokens, but 1 to {} were expected.", config_.path,
                                printable(text, 40), tokens, room));
  }
}

void TrainingRun::make_trainer(ComputeDevice device) {
  const TrainingSettings& settings = config_.training;
  if (settings.low_rank) {
    low_rank_ = std::make_unique<LowRank>(parameters_->list(), parameters_->values(), *settings.low_rank,
                                          settings.seed);
  }
  const std::vector<Parameter>& list = low_rank_ ? low_rank_->list() : parameters_->list();
  optimizer_ = std::make_unique<Optimizer>(list, moving().size(), settings.optimizer);
  optimizer_->train_only(list, settings.train_only);
  trainer_ =
      std::make_unique<Trainer>(*parameters_, *optimizer_, threads_, settings.lanes, std::move(device));
  trainer_->aim_at(objective());
  if (low_rank_) trainer_->adapt(*low_rank_);
  backend_ = make_cpu_backend(threads_);
}

// A model that the training is to be judged by.
std::shared_ptr<const Model> TrainingRun::load_reward() const {
  const std::string& folder = config_.training.reward;
  std::shared_ptr<const Model> reward = load_model(folder, "reward");
  const ArchitectureDescription& a = reward->architecture;
  if (a.head == OutputHead::classifier && a.labels == 1 && reward->tokenizer) return reward;
  throw UserError(
      fmt::format("{}: the reward in {} is no classifier with one label; train one with the \"method\" "
                  "reward_model.",
                  config_.path, folder));
}

Objective TrainingRun::objective() {
  const TrainingSettings& settings = config_.training;
  if (teacher_) return distillation_objective(teacher_, settings.temperature);
  if (settings.method == Method::reward_model) return reward_objective();
  if (settings.method == Method::labels) return label_objective();
  const std::shared_ptr<const ModelFile> begin = open_model_file(*config_.start_from);
  const Parameters reference(parameters_->files(), *begin,
                             settings.seed);  // its weights live on in its model
  reference_ = reference.model();
  if (settings.method == Method::dpo) return preference_objective(reference_, settings.beta);
  reward_ = load_reward();
  return policy_objective(reference_, settings.beta);
}

bool TrainingRun::fills_a_batch() const {
  return next_ + config_.training.batch <= static_cast<std::int64_t>(texts_->size());
}

void TrainingRun::refuse_small_pass() const {
  throw told<UserError>(
      "{0}: the texts make {1} sequences of {2} tokens, but a step takes {3}. Give more text, or a smaller "
      "\"batch\".",
      "{0}: 글로 만든 토큰 {2}개짜리 묶음이 {1}개인데, 한 단계에 {3}개가 필요합니다. 글을 더 주거나 "
      "\"batch\"를 줄여 주세요.",
      said_of(config_), texts_->size(), texts_->context(), config_.training.batch);
}

std::vector<TrainingExample> TrainingRun::next_batch() {
  // Where some texts stand in every other pass alone, a pass may be too small.
  for (int tries = 0; !fills_a_batch(); ++tries) {
    if (tries == most_useless_passes) refuse_small_pass();
    texts_->begin_pass(texts_->pass() + 1);
    next_ = 0;
  }
  std::vector<TrainingExample> batch;
  for (const std::int64_t end = next_ + config_.training.batch; next_ < end; ++next_)
    texts_->append(static_cast<std::size_t>(next_), batch);
  return batch;
}

StepReport TrainingRun::step() {
  if (steps_done() == 0) keep_weights();
  StepReport report;
  for (int tries = 0; report.scored == 0; ++tries) {  // special tokens alone teach nothing
    if (tries == most_useless_passes) {
      throw told<UserError>(
          "{}: {} batches of texts one after the other have nothing that could be predicted. Give other "
          "texts, "
          "or a larger \"batch\".",
          "{}: 글 묶음 {}개에 잇달아 예측할 것이 없었습니다. 다른 글을 주거나 \"batch\"를 늘려 주세요.",
          said_of(config_), tries);
    }
    batch_ = next_batch();
    const auto number = static_cast<std::uint64_t>(steps_done() * most_useless_passes + tries);
    const double reward = reward_ ? draw(number, batch_) : 0.0;
    report = trainer_->step(batch_);
    if (reward_ && std::isfinite(report.loss)) report.loss = -reward;
  }
  tokens_done_ += report.tokens;
  note(report);
  keep_weights();
  return report;
}

double TrainingRun::draw(std::uint64_t number, std::span<TrainingExample> examples) const {
  const AnswerSettings settings = {config_.training.answer_tokens, config_.training.seed};
  return draw_answers(*parameters_, *backend_, *reward_, settings, number, examples);
}

// Where the config says so.
void TrainingRun::keep_weights() const {
  const std::vector<std::int64_t>& keep = config_.training.keep;
  if (std::find(keep.begin(), keep.end(), steps_done()) == keep.end()) return;
  write_weights(*parameters_, fmt::format("{}/training/steps/{:06}", folder_, steps_done()), /*half=*/true);
}

// The loss of a model that knows nothing: it takes all labels, or both answers, for equally likely.
double TrainingRun::guessing() const {
  if (reward_) return std::numeric_limits<double>::infinity();  // a reward may be any number
  if (texts_->pairs()) return std::log(2.0);
  const double choices = std::log(static_cast<double>(outputs_of(*parameters_)));
  const double temperature = config_.training.temperature;
  return teacher_ ? temperature * temperature * choices : choices;
}

void TrainingRun::refuse_loss(double loss, std::int64_t step) const {
  if (folder_.empty()) {
    throw told<UserError>(
        "Training ran away at step {}: the loss is {:.3g}, where guessing has {:.3g}. The learning rate of "
        "{:.2g} is too large for it; try a third of it.",
        "{}단계에서 손실이 걷잡을 수 없이 커졌습니다. 손실이 {:.3g}인데, 무작위로 골라도 {:.3g}입니다. "
        "학습률({:.2g})이 너무 큽니다. 그 3분의 1로 해 보세요.",
        step, loss, guessing(), config_.training.optimizer.learning_rate);
  }
  throw UserError(fmt::format(
      "{}: training ran away at step {}: the loss is {:.3g}{}. The learning rate of {:.2g} is too large for "
      "it; try a third of it with another --out. The last good state is in {}, whose weights \"start_from\" "
      "can take.",
      config_.path, step, loss, reward_ ? "" : fmt::format(", where guessing has {:.3g}", guessing()),
      config_.training.optimizer.learning_rate, folder_));
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

// Answers to what is held out, always drawn from the same random numbers.
HeldOutLoss TrainingRun::measure_answers(const HeldOut& held) {
  std::vector<TrainingExample> examples = held.examples;
  const double reward = draw(~std::uint64_t{0}, examples);
  const Loss now = trainer_->evaluate(examples, label_objective());
  const Loss then = trainer_->evaluate(examples, labels_of_another(reference_));
  const auto scored = static_cast<double>(std::max<std::int64_t>(now.scored, 1));
  return {.source = held.source,
          .language = held.language,
          .per_token = (then.sum - now.sum) / scored,
          .accuracy = static_cast<double>(now.right) / scored,
          .reward = reward,
          .tokens = now.scored,
          .bytes = held.bytes};
}

// A student is measured as any other model, by the labels.
const Measurement& TrainingRun::measure() {
  Measurement measurement{steps_done(), {}};
  for (const HeldOut& held : texts_->held_out()) {
    if (reward_) {
      if (!held.examples.empty()) measurement.losses.push_back(measure_answers(held));
      continue;
    }
    const Loss loss =
        teacher_ ? trainer_->evaluate(held.examples, label_objective()) : trainer_->evaluate(held.examples);
    if (loss.scored == 0) continue;
    if (!std::isfinite(loss.sum)) refuse_loss(loss.sum, steps_done());
    const auto scored = static_cast<double>(loss.scored);
    measurement.losses.push_back(
        {.source = held.source,
         .language = held.language,
         .per_token = loss.sum / scored,
         .per_byte = texts_->scores_every_token() ? loss.sum / static_cast<double>(held.bytes) : 0.0,
         .accuracy = static_cast<double>(loss.right) / scored,
         .tokens = loss.scored,
         .bytes = held.bytes});
  }
  measurements_.push_back(std::move(measurement));
  return measurements_.back();
}

std::int64_t TrainingRun::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters_->list()) count += parameter.size;
  return count;
}

std::string TrainingRun::sample(const std::string& text, std::int64_t tokens, std::uint64_t seed) const {
  return sampled_text(*parameters_, *backend_, text, tokens, seed);
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
      if (reward_) measured.back()["reward"] = loss.reward;
    }
  }
  return {{"steps", steps_done()}, {"pass", texts_->pass()},
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
  if (low_rank_) low_rank_->apply();
  texts_->begin_pass(count("pass"));
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
         loss.at("accuracy").get<double>(), loss.value("reward", 0.0), loss.at("tokens").get<std::int64_t>(),
         loss.at("bytes").get<std::int64_t>()});
  }
}

void TrainingRun::write_state_file() const {
  const std::span<const float> moving = low_rank_ ? low_rank_->values() : parameters_->values();
  write_state(moving, *optimizer_, notes(), folder_);
}

void TrainingRun::write_model_files() const {
  write_model(*parameters_, folder_, config_.training.half);
  std::filesystem::create_directories(folder_ + "/training");
  nlohmann::json log = notes();
  for (const char* key : {"config", "next", "pass", "summed", "sums"}) log.erase(key);
  write_whole_file(folder_ + "/training/log.json", log.dump(1) + "\n");
}

}  // namespace headlight
