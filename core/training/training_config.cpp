#include "core/training/training_config.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "core/base/byte_reader.h"
#include "core/base/mapped_file.h"
#include "core/base/strict_json.h"
#include "core/training/config_object.h"

namespace headlight {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 31;

std::string beside(const std::string& config, const std::string& folder) {
  return (std::filesystem::path(config).parent_path() / folder).string();
}

OptimizerSettings read_optimizer(const ConfigObject& training) {
  OptimizerSettings settings;
  settings.steps = training.whole("steps", 1, most);
  settings.learning_rate = training.number("learning_rate", 1e-9, 10.0);
  settings.final_share = training.number_or("final_share", settings.final_share, 0.0, 1.0);
  settings.warm_up = training.whole_or("warm_up", std::min<std::int64_t>(100, settings.steps / 10), 0, most);
  settings.weight_decay = training.number_or("weight_decay", settings.weight_decay, 0.0, 10.0);
  settings.beta1 = training.number_or("beta1", settings.beta1, 0.0, 0.9999);
  settings.beta2 = training.number_or("beta2", settings.beta2, 0.0, 0.99999);
  settings.largest_gradient = training.number_or("largest_gradient", settings.largest_gradient, 0.0, 1e9);
  return settings;
}

LowRankSettings read_low_rank(const ConfigObject& object) {
  object.allow({"rank", "alpha", "matrices"});
  LowRankSettings settings;
  settings.rank = object.whole_or("rank", settings.rank, 1, 1 << 14);
  settings.alpha = object.number_or("alpha", settings.alpha, 1e-6, 1e6);
  settings.matrices = object.texts("matrices");
  return settings;
}

void read_objective(const ConfigObject& training, TrainingSettings& settings) {
  if (training.has("low_rank")) {
    if (training.has("train_only")) training.fail("low_rank", "names what moves; \"train_only\" does, too.");
    settings.low_rank = read_low_rank(training.object("low_rank"));
  }
  if (training.has("method")) {
    settings.method = std::array{
        Method::dpo, Method::reward_model,
        Method::policy_gradient}[training.choice("method", {"dpo", "reward_model", "policy_gradient"})];
  }
  if (training.has("teacher")) {
    if (settings.method != Method::labels) training.fail("teacher", "does not stand beside \"method\".");
    settings.teacher = beside(training.path(), training.text("teacher"));
  } else if (training.has("temperature")) {
    training.fail("temperature", "belongs to a \"teacher\".");
  }
  const bool draws = settings.method == Method::policy_gradient;
  if (training.has("beta") && settings.method != Method::dpo && !draws) {
    training.fail("beta", "belongs to the \"method\" dpo or policy_gradient.");
  }
  for (const char* key : {"reward", "answer_tokens"}) {
    if (training.has(key) && !draws) training.fail(key, "belongs to the \"method\" policy_gradient.");
  }
  if (draws) settings.reward = beside(training.path(), training.text("reward"));
  settings.answer_tokens = training.whole_or("answer_tokens", settings.answer_tokens, 1, 1 << 16);
  settings.temperature = training.number_or("temperature", settings.temperature, 0.01, 100.0);
  settings.beta = training.number_or("beta", settings.beta, 1e-4, 100.0);
}

TrainingSettings read_settings(const ConfigObject& training) {
  training.allow(
      {"steps",          "batch",  "context", "together",         "learning_rate", "final_share", "warm_up",
       "weight_decay",   "beta1",  "beta2",   "largest_gradient", "train_only",    "low_rank",    "teacher",
       "temperature",    "method", "beta",    "reward",           "answer_tokens", "seed",        "lanes",
       "evaluate_every", "keep",   "samples", "number_format",    "hidden_percent"});
  TrainingSettings settings;
  settings.optimizer = read_optimizer(training);
  settings.batch = training.whole("batch", 1, 1 << 16);
  settings.context = training.whole_or("context", 0, 2, 1 << 20);
  settings.together = training.flag_or("together", true);
  settings.hidden_percent = training.whole_or("hidden_percent", settings.hidden_percent, 1, 99);
  if (training.has("train_only")) settings.train_only = training.texts("train_only");
  read_objective(training, settings);
  settings.seed = static_cast<std::uint64_t>(training.whole_or("seed", 1, 0, most));
  settings.lanes = static_cast<int>(training.whole_or("lanes", settings.lanes, 1, 64));
  settings.evaluate_every = training.whole_or("evaluate_every", settings.evaluate_every, 1, most);
  if (training.has("keep")) settings.keep = training.wholes("keep", 0, most);
  if (training.has("samples")) settings.samples = training.texts("samples");
  if (training.has("number_format")) settings.half = training.choice("number_format", {"f32", "f16"}) == 1;
  return settings;
}

void check_together(const ConfigObject& training, const TrainingConfig& config) {
  const bool prefers = config.data.sources.front().kind == DocumentKind::preference;
  const Method method = config.training.method;
  if (prefers && method == Method::labels) {
    training.fail("method", "is missing: the sources are preferences, so dpo or reward_model was expected.");
  }
  if (prefers && method == Method::policy_gradient) {
    training.fail("method", "draws the answers itself, but the sources are preferences: give \"text\".");
  }
  if (method == Method::policy_gradient && config.training.batch < 2) {
    training.fail("batch", "is 1, but an answer is compared with the others: at least 2 were expected.");
  }
  if (!prefers && (method == Method::dpo || method == Method::reward_model)) {
    training.fail("method",
                  "learns from preferences (\"prompt\", \"chosen\", \"rejected\"), but the sources "
                  "are none.");
  }
  for (const char* key : {"low_rank", "method"}) {
    const bool needs_start =
        training.has(key) && (std::string(key) == "low_rank" || method != Method::reward_model);
    if (needs_start && !config.start_from) {
      training.fail(key, "goes on from a trained model: name its folder with \"start_from\".");
    }
  }
}

// A new one, or whose is taken.
void read_tokenizer(const ConfigObject& all, TrainingConfig& config) {
  const char* whose = config.start_from ? "start_from" : config.training.teacher ? "teacher" : nullptr;
  for (const char* key : {"tokenizer", "tokenizer_from"}) {
    if (whose && all.has(key)) {
      all.fail(key, fmt::format("stands beside \"{}\", whose tokenizer is taken", whose));
    }
  }
  if (config.tokenizer_from && all.has("tokenizer")) {
    all.fail("tokenizer", "stands beside \"tokenizer_from\", whose tokenizer is taken");
  }
  if (whose || config.tokenizer_from) return;
  all.object("tokenizer");
  config.tokenizer = byte_pair_settings_from_json(config.json.at("tokenizer"), config.path);
}

}  // namespace

TrainingConfig read_training_config(const std::string& path) {
  TrainingConfig config;
  config.path = path;
  const MappedFile file(path);
  config.json = parse_strict_object(letters_of(file.bytes()), {.path = path});
  const ConfigObject all(config.json, config.path, "");
  all.allow({"name", "start_from", "model", "tokenizer", "tokenizer_from", "data", "training"});
  config.name = all.text("name");
  config.model = config.json.value("model", nlohmann::json());
  all.object("model");
  all.object("data");
  config.data = data_settings_from_json(config.json.at("data"), path);
  config.training = read_settings(all.object("training"));
  if (all.has("start_from")) config.start_from = beside(path, all.text("start_from"));
  if (all.has("tokenizer_from")) config.tokenizer_from = beside(path, all.text("tokenizer_from"));
  read_tokenizer(all, config);
  check_together(all.object("training"), config);
  return config;
}

}  // namespace headlight
