#include "core/session/learning_run.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "core/backends/cpu/thread_pool.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model_files/model_file.h"
#include "core/session/learning_wish.h"
#include "core/training/checkpoint.h"
#include "core/training/gru.h"
#include "core/training/sampled_text.h"

namespace headlight {
namespace {

constexpr auto between_pictures = std::chrono::milliseconds(100);
constexpr auto between_looks = std::chrono::milliseconds(200);
constexpr int share_of_looks = 12;  // looking takes at most about one part of so many of the time
constexpr std::int64_t sample_tokens = 40;
constexpr std::uint64_t sample_seed = 1;
constexpr std::int64_t large_model = 1'000'000;                // parameters, of which fewer states are kept
constexpr std::int64_t letters_period = 10, text_period = 16;  // of the repeated tokens

}  // namespace

bool is_kept_step(std::int64_t step, std::int64_t parameters) {
  if (step == 0) return true;
  std::int64_t power = 1;
  while (step >= power * 100) power *= 10;
  if (step % power != 0 || step < 10) return false;
  const std::int64_t leading = step / power;
  const auto is_one_of = [leading](std::initializer_list<std::int64_t> list) {
    return std::find(list.begin(), list.end(), leading) != list.end();
  };
  return parameters < large_model ? is_one_of({10, 13, 16, 20, 25, 32, 40, 50, 63, 80})
                                  : is_one_of({10, 20, 50});
}

Learning::Run::Run(const LearningChoices& choices, std::int64_t pause_at, const ComputeDevice& device,
                   const std::function<void(const LearningSnapshot&)>& told)
    : pause_at_(pause_at) {
  snapshot_.choices = choices;
  snapshot_.plan = learning_plan(choices);
  told(snapshot_);
  LearningTexts texts = learning_texts(choices);
  const auto prepared = [&](const char* what, float share) {
    snapshot_.preparing = what;
    snapshot_.share = share;
    told(snapshot_);
  };
  if (choices.start == LearningStart::preferred) {
    prefer(texts, choices.wish, [&](float share) { prepared("answers", share); });
    asked_ = texts.asked;
  }
  held_out_ = texts.held_out;
  const bool has_rival = choices.rival && !goes_on(choices);
  const Corpus same = has_rival ? texts.corpus : Corpus();
  const TrainingConfig config = texts.config;
  const std::string drawn_from =
      choices.task == LearningTask::text ? choices.text : std::string("abcdefghijklmnopqrstuvwxyz");
  // Two that are compared learn at one place, and recurrent networks learn on the CPU.
  const bool taught = choices.start == LearningStart::taught;
  const ComputeDevice place = has_rival && !taught ? ComputeDevice() : device;
  run_ = std::make_unique<TrainingRun>(std::move(texts.config), std::move(texts.corpus), physical_cores(),
                                       prepared, place);
  const Parameters& parameters = run_->parameters();
  const Tokenizer& tokenizer = *parameters.tokenizer();
  files_ = parameters.files();
  snapshot_.plan.vocabulary = parameters.model()->architecture.vocabulary;
  snapshot_.plan.parameters = run_->parameter_count();
  const bool of_pairs = choices.start == LearningStart::preferred;
  snapshot_.guessing = of_pairs ? std::log(2.0) : std::log(static_cast<double>(snapshot_.plan.vocabulary));
  if (texts.letters > 0 && !of_pairs) {
    snapshot_.guessing_letters = std::log(static_cast<double>(texts.letters));
    snapshot_.unknowable = texts.unknowable;
  }
  snapshot_.prompt = texts.prompt;
  probe_ = std::make_unique<LearningProbe>(
      parameters, texts.probe, choices.task == LearningTask::letters ? letters_period : text_period,
      ordinary_tokens(tokenizer, drawn_from));
  for (const Token& token : probe_->tokens()) {
    const bool special = tokenizer.is_special(token.id);
    snapshot_.probe.push_back({token.id, special ? tokenizer.piece(token.id) : tokenizer.bytes(token.id)});
  }
  backend_ = make_cpu_backend(1);
  if (has_rival) {
    begin_rival(rival_config(choices, config, snapshot_.plan.parameters, snapshot_.plan.vocabulary), same,
                place);
  }
  if (taught) {
    const auto file = open_model_file(choices.from);
    snapshot_.teacher = measures(Parameters(model_files(*file), *file, /*seed=*/1)).held_out;
  }
  keep();
}

void Learning::Run::begin_rival(const TrainingConfig& config, Corpus corpus, const ComputeDevice& device) {
  rival_ = std::make_unique<TrainingRun>(config, std::move(corpus), physical_cores(), Preparation(), device);
  const Parameters& parameters = rival_->parameters();
  LearningRival rival;
  rival.is_recurrent = parameters.gru() != nullptr;
  rival.parameters = rival_->parameter_count();
  rival.layers =
      rival.is_recurrent ? parameters.gru()->description.layers : parameters.model()->architecture.layers;
  snapshot_.rival = std::move(rival);
}

void Learning::Run::step_rival() {
  if (!rival_) return;
  const auto start = Clock::now();
  try {
    snapshot_.rival->losses.push_back(static_cast<float>(rival_->step().loss));
  } catch (const UserError& error) {
    snapshot_.rival->error = said(error);  // alone: the model that is looked at goes on
    return rival_.reset();
  }
  rival_seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
  snapshot_.rival->tokens_a_second = static_cast<double>(rival_->tokens_done()) / rival_seconds_;
}

LearningMeasures Learning::Run::measures(const Parameters& parameters) const {
  LearningMeasures made;
  made.held_out = held_out_loss(parameters, *backend_, held_out_, snapshot_.plan.context);
  const LearningChoices& choices = snapshot_.choices;
  const bool letters = choices.task == LearningTask::letters && choices.start == LearningStart::random;
  if (letters && snapshot_.rival) made.copied = copied_by_period(parameters, *backend_);
  if (!asked_.empty()) {
    made.wished = wished_an_answer(parameters, *backend_, asked_, choices.wish);
  }
  return made;
}

void Learning::Run::look() {
  const auto start = Clock::now();
  LearningState state = probe_->look(run_->parameters());
  state.step = run_->steps_done();
  state.sample = run_->sample(snapshot_.prompt, sample_tokens, sample_seed);
  if (rival_) state.rival_sample = rival_->sample(snapshot_.prompt, sample_tokens, sample_seed);
  snapshot_.now = std::make_shared<const LearningState>(std::move(state));
  looked_ = Clock::now();
  look_cost_ = looked_ - start;
}

// A state with its weights.
void Learning::Run::keep() {
  if (!snapshot_.checkpoints.empty() && snapshot_.checkpoints.back()->step == run_->steps_done()) return;
  look();
  LearningState state = *snapshot_.now;
  const auto values = run_->parameters().values();
  state.weights = std::make_shared<const std::vector<float>>(values.begin(), values.end());
  state.measures = measures(run_->parameters());
  if (rival_) state.rival = measures(rival_->parameters());
  snapshot_.checkpoints.push_back(std::make_shared<const LearningState>(std::move(state)));
}

void Learning::Run::note_update(const StepReport& report) {
  LearningUpdate update;
  update.step = run_->steps_done();
  update.texts = static_cast<std::int64_t>(run_->batch().size());
  update.tokens = report.tokens;
  update.scored = report.scored;
  update.example = words_of(*run_->parameters().tokenizer(), run_->batch().front().tokens);
  update.loss_before = report.loss;
  const Loss after = run_->batch_loss();
  update.loss_after = after.sum / static_cast<double>(after.scored);
  update.right_after = static_cast<double>(after.right) / static_cast<double>(after.scored);
  update.gradient_length = report.gradient_length;
  const double most = run_->config().training.optimizer.largest_gradient;
  update.cut = report.gradient_length > most ? most / report.gradient_length : 1.0;
  update.learning_rate = learning_rate_at(run_->config().training.optimizer, update.step);
  snapshot_.update = std::make_shared<const LearningUpdate>(update);
}

bool Learning::Run::step(bool alone) {
  const auto start = Clock::now();
  const std::int64_t next = run_->steps_done() + 1;
  const std::int64_t last = run_->config().training.optimizer.steps;
  const bool kept = is_kept_step(next, snapshot_.plan.parameters) || next == last;
  const bool looks = alone || kept || next == pause_at_ ||
                     start - looked_ > std::max<Clock::duration>(between_looks, look_cost_ * share_of_looks);
  try {
    std::vector<float> before;
    const auto values = run_->parameters().values();
    if (looks) before.assign(values.begin(), values.end());
    const auto began = Clock::now();
    const StepReport report = run_->step();
    own_seconds_ += std::chrono::duration<double>(Clock::now() - began).count();
    snapshot_.tokens_a_second = static_cast<double>(run_->tokens_done()) / own_seconds_;
    step_rival();
    snapshot_.step = run_->steps_done();
    snapshot_.curve.push_back(
        {static_cast<float>(report.loss), static_cast<float>(report.gradient_length),
         static_cast<float>(learning_rate_at(run_->config().training.optimizer, next))});
    if (looks) {
      snapshot_.parts = learning_parts(run_->parameters().list(), run_->gradients().values(), before, values);
      snapshot_.parts_step = next;
      if (kept) keep();
      if (!kept) look();
    }
    if (alone) note_update(report);
    if (!alone) snapshot_.update = nullptr;
    snapshot_.device_note = run_->device_note();
    if (run_->finished()) finish(LearningPhase::finished);
  } catch (const std::exception& error) {
    fail(said(error));
  }
  const auto end = Clock::now();
  snapshot_.seconds += std::chrono::duration<double>(end - start).count();
  snapshot_.seconds_left = static_cast<double>(last - snapshot_.step) * snapshot_.seconds /
                           static_cast<double>(std::max<std::int64_t>(1, snapshot_.step));
  if (!looks && !is_over() && end - shown_ < between_pictures) return false;
  shown_ = end;
  return true;
}

void Learning::Run::finish(LearningPhase phase) {
  snapshot_.phase = phase;
  if (run_) snapshot_.device_note = run_->device_note();
  run_.reset();
  rival_.reset();
}

void Learning::Run::stop() {
  if (is_over()) return;
  keep();
  finish(LearningPhase::stopped);
}

void Learning::Run::fail(const Bilingual& why) {
  snapshot_.error = why;
  finish(LearningPhase::failed);
}

void Learning::Run::write(const Write& write, std::int64_t count) {
  LearningSaved saved{count, 0, write.folder, {}};
  try {
    auto kept = std::find_if(snapshot_.checkpoints.begin(), snapshot_.checkpoints.end(),
                             [&](const auto& state) { return state->step == write.step; });
    const bool of_now = kept == snapshot_.checkpoints.end() && run_;
    if (!of_now && kept == snapshot_.checkpoints.end()) --kept;
    saved.step = of_now ? run_->steps_done() : (*kept)->step;
    if (saved.folder.empty()) saved.folder = free_learnt_folder(snapshot_.choices, saved.step);
    if (of_now) {
      write_model(run_->parameters(), saved.folder, /*half=*/false);
    } else {
      const std::vector<float>& weights = *(*kept)->weights;
      Parameters parameters(files_, /*seed=*/1);
      std::copy(weights.begin(), weights.end(), parameters.values().begin());
      write_model(parameters, saved.folder, /*half=*/false);
    }
  } catch (const std::exception& error) {
    saved.error = said(error);
  }
  snapshot_.saved = std::move(saved);
}

LearningSnapshot Learning::Run::snapshot(bool going) const {
  LearningSnapshot copy = snapshot_;
  if (!is_over()) copy.phase = going ? LearningPhase::running : LearningPhase::paused;
  return copy;
}

}  // namespace headlight
