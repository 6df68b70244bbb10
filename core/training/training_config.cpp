#include "core/training/training_config.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/byte_reader.h"
#include "core/base/mapped_file.h"
#include "core/base/strict_json.h"
#include "core/training/config_object.h"

namespace headlight {
namespace {

constexpr std::int64_t most = std::int64_t{1} << 31;

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

TrainingSettings read_settings(const ConfigObject& training) {
  training.allow({"steps", "batch", "context", "together", "learning_rate", "final_share", "warm_up",
                  "weight_decay", "beta1", "beta2", "largest_gradient", "train_only", "seed", "lanes",
                  "evaluate_every", "keep", "samples", "number_format"});
  TrainingSettings settings;
  settings.optimizer = read_optimizer(training);
  settings.batch = training.whole("batch", 1, 1 << 16);
  settings.context = training.whole_or("context", 0, 2, 1 << 20);
  settings.together = training.flag_or("together", true);
  if (training.has("train_only")) settings.train_only = training.texts("train_only");
  settings.seed = static_cast<std::uint64_t>(training.whole_or("seed", 1, 0, most));
  settings.lanes = static_cast<int>(training.whole_or("lanes", settings.lanes, 1, 64));
  settings.evaluate_every = training.whole_or("evaluate_every", settings.evaluate_every, 1, most);
  if (training.has("keep")) settings.keep = training.wholes("keep", 0, most);
  if (training.has("samples")) settings.samples = training.texts("samples");
  if (training.has("number_format")) settings.half = training.choice("number_format", {"f32", "f16"}) == 1;
  return settings;
}

}  // namespace

TrainingConfig read_training_config(const std::string& path) {
  TrainingConfig config;
  config.path = path;
  const MappedFile file(path);
  config.json = parse_strict_object(letters_of(file.bytes()), {.path = path});
  const ConfigObject all(config.json, config.path, "");
  all.allow({"name", "start_from", "model", "tokenizer", "data", "training"});
  config.name = all.text("name");
  config.model = config.json.value("model", nlohmann::json());
  all.object("model");
  all.object("data");
  config.data = data_settings_from_json(config.json.at("data"), path);
  if (all.has("start_from")) {
    const std::filesystem::path from = all.text("start_from");
    config.start_from = (std::filesystem::path(path).parent_path() / from).string();
    if (all.has("tokenizer")) all.fail("tokenizer", "stands beside \"start_from\", whose tokenizer is taken");
  } else {
    all.object("tokenizer");
    config.tokenizer = byte_pair_settings_from_json(config.json.at("tokenizer"), path);
  }
  config.training = read_settings(all.object("training"));
  return config;
}

}  // namespace headlight
