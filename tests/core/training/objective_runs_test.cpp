// Whole runs with each objective, tiny models and made-up texts: that they learn, that a run which is taken
// up again gives the same numbers, and that what does not fit together is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/base/errors.h"
#include "core/model_files/model_file.h"
#include "core/training/gru.h"
#include "core/training/training_run.h"
#include "tests/core/model_files/safetensors_builder.h"
#include "tests/core/refusals.h"

namespace headlight {
namespace {

using nlohmann::json;

class ObjectiveRuns : public testing::Test {
 protected:
  ObjectiveRuns() {
    std::string texts, preferences;
    for (int i = 0; i < 120; ++i) {
      const std::string name = i % 2 == 0 ? "the cat" : "a dog";
      texts += name + " sat on mat " + std::to_string(i) + " and slept.\n";
      preferences +=
          json{{"q", "who is it " + std::to_string(i)}, {"good", " the cat"}, {"bad", " a dog"}}.dump() +
          "\n";
    }
    folder_.write("texts.txt", texts);
    folder_.write("preferences.jsonl", preferences);
  }

  static json decoder() {
    return {{"model_type", "llama"},    {"architectures", json::array({"LlamaForCausalLM"})},
            {"hidden_size", 32},        {"intermediate_size", 48},
            {"num_hidden_layers", 1},   {"num_attention_heads", 4},
            {"num_key_value_heads", 4}, {"max_position_embeddings", 64},
            {"rms_norm_eps", 1e-5},     {"tie_word_embeddings", true},
            {"rope_theta", 10000.0},    {"hidden_act", "silu"},
            {"bos_token_id", 1},        {"eos_token_id", 2}};
  }
  static json classifier() {
    return {{"model_type", "bert"},
            {"architectures", json::array({"BertForSequenceClassification"})},
            {"hidden_size", 32},
            {"intermediate_size", 48},
            {"num_hidden_layers", 1},
            {"num_attention_heads", 4},
            {"max_position_embeddings", 64},
            {"type_vocab_size", 1},
            {"layer_norm_eps", 1e-12},
            {"hidden_act", "gelu"},
            {"num_labels", 1}};
  }
  static json gru() { return {{"model_type", "gru"}, {"hidden_size", 32}, {"num_layers", 1}}; }
  static json tokenizer() {
    return {
        {"vocabulary_size", 300}, {"special_tokens", {"<pad>", "<bos>", "<eos>"}}, {"frame", "beginning"}};
  }
  static json training(const json& more = json::object()) {
    json object = {{"steps", 12}, {"batch", 4}, {"context", 48}, {"learning_rate", 1e-2}, {"warm_up", 0}};
    object.update(more);
    return object;
  }
  static json sources(json source) {
    source["hold_out_every"] = 10;
    return {{"sources", json::array({std::move(source)})}};
  }
  static json texts() { return sources({{"name", "texts"}, {"path", "texts.txt"}}); }
  static json preferences() {
    return sources({{"name", "answers"},
                    {"path", "preferences.jsonl"},
                    {"prompt", "{q}"},
                    {"chosen", "{good}"},
                    {"rejected", "{bad}"}});
  }
  static json config(const json& model, const json& data, const json& training) {
    return {{"name", "run"}, {"model", model}, {"data", data}, {"training", training}};
  }

  TrainingRun open(json config, const std::string& out, int threads = 1) {
    if (!config.contains("start_from") && !config.contains("tokenizer_from") &&
        !config.at("training").contains("teacher")) {
      config["tokenizer"] = tokenizer();
    }
    folder_.write("config.json", config.dump());
    return TrainingRun(read_training_config(folder_ / "config.json"), folder_.path(), folder_ / out, threads);
  }
  // A decoder to go on from, in "base".
  void make_base() {
    TrainingRun run = open(config(decoder(), texts(), training()), "base");
    while (!run.finished()) run.step();
    run.write_model_files();
  }
  // Runs what learns to reward "the cat" more than "a dog", into "reward"; returns the last measurement.
  HeldOutLoss make_reward() {
    json judge = config(classifier(), preferences(), training({{"method", "reward_model"}, {"steps", 30}}));
    judge["tokenizer"] = tokenizer();
    judge["tokenizer"]["special_tokens"] = {"<pad>", "<cls>", "<sep>"};
    judge["tokenizer"]["frame"] = "classification";
    folder_.write("config.json", judge.dump());
    TrainingRun run(read_training_config(folder_ / "config.json"), folder_.path(), folder_ / "reward", 1);
    while (!run.finished()) run.step();
    run.write_model_files();
    return run.measure().losses.at(0);
  }
  static std::vector<float> values_of(const TrainingRun& run) {
    const auto values = run.parameters().values();
    return {values.begin(), values.end()};
  }
  // Runs it whole, and in two parts with the state's file between, on one thread and on two: the same bits.
  // Returns the mean loss of the first measurement and of the last.
  std::pair<double, double> run_twice(const json& config) {
    TrainingRun whole = open(config, "whole");
    const double before = whole.measure().losses.at(0).per_token;
    while (!whole.finished()) whole.step();
    const double after = whole.measure().losses.at(0).per_token;
    whole.write_model_files();
    {
      TrainingRun first = open(config, "parts", 2);
      for (int i = 0; i < 5; ++i) first.step();
      first.write_model_files();
      first.write_state_file();
    }
    TrainingRun rest = open(config, "parts", 2);
    EXPECT_EQ(rest.steps_done(), 5);
    while (!rest.finished()) rest.step();
    EXPECT_EQ(values_of(rest), values_of(whole));
    return {before, after};
  }
  void refuses(const json& config, const std::string& word) {
    SCOPED_TRACE(config.dump());
    expect_refused([&] { open(config, "refused"); }, {word});
  }

  TemporaryFolder folder_;
};

TEST_F(ObjectiveRuns, NextTokens) {
  const auto [before, after] = run_twice(config(decoder(), texts(), training()));
  EXPECT_LT(after, 0.8 * before);
}

TEST_F(ObjectiveRuns, RecurrentNetwork) {
  const auto [before, after] = run_twice(config(gru(), texts(), training()));
  EXPECT_LT(after, 0.9 * before);
  const auto file = open_model_file(folder_ / "whole");
  const Parameters read(model_files(*file), *file, 1);
  ASSERT_NE(read.gru(), nullptr);
  TrainingRun run = open(config(gru(), texts(), training()), "whole");
  EXPECT_EQ(run.sample("the cat", 8, 1), run.sample("the cat", 8, 1));
  EXPECT_FALSE(run.sample("the cat", 8, 1).empty());
  json endless = training();
  endless.erase("context");
  refuses(config(gru(), texts(), endless), "context");
}

TEST_F(ObjectiveRuns, Distillation) {
  make_base();
  const json student = config(gru(), texts(), training({{"teacher", "base"}, {"temperature", 2}}));
  const auto [before, after] = run_twice(student);
  EXPECT_LT(after, 0.9 * before);
  refuses(config(decoder(), texts(), training({{"temperature", 2}})), "temperature");
  json own = student;
  own["tokenizer"] = tokenizer();
  refuses(own, "tokenizer");
}

TEST_F(ObjectiveRuns, TokensOfAnotherModel) {
  make_base();
  json other = config(gru(), texts(), training());
  other.erase("tokenizer");
  other["tokenizer_from"] = "base";
  TrainingRun run = open(other, "other");
  const auto base = open_model_file(folder_ / "base");
  EXPECT_EQ(run.parameters().files().companions, model_files(*base).companions);
  EXPECT_EQ(run.sample("the cat", 4, 1), run.sample("the cat", 4, 1));
  other["tokenizer_from"] = "nowhere";
  refuses(other, "nowhere has no tokenizer.json to take");
  other["tokenizer_from"] = "base";
  other["tokenizer"] = tokenizer();
  refuses(other, "'tokenizer' stands beside \"tokenizer_from\"");
  other.erase("tokenizer");
  other["start_from"] = "base";
  refuses(other, "'tokenizer_from' stands beside \"start_from\"");
}

TEST_F(ObjectiveRuns, LowRank) {
  make_base();
  json adapted =
      config({}, texts(),
             training({{"low_rank", {{"rank", 2}, {"alpha", 4}, {"matrices", json::array({"*proj*"})}}}}));
  adapted["model"] = json::object();
  refuses(adapted, "start_from");
  adapted["start_from"] = "base";
  const auto [before, after] = run_twice(adapted);
  EXPECT_LT(after, before);
  const auto base = open_model_file(folder_ / "base"), merged = open_model_file(folder_ / "whole");
  const Parameters was(model_files(*base), *base, 1), is(model_files(*merged), *merged, 1);
  for (const Parameter& parameter : was.list()) {
    const auto first = static_cast<std::ptrdiff_t>(parameter.first);
    const bool same = std::equal(was.values().begin() + first, was.values().begin() + first + parameter.size,
                                 is.values().begin() + first);
    EXPECT_EQ(same, parameter.name.find("proj") == std::string::npos) << parameter.name;
  }
  adapted["training"]["low_rank"]["rank"] = 32;
  refuses(adapted, "rank");
}

TEST_F(ObjectiveRuns, Preferences) {
  make_base();
  json dpo = config(json::object(), preferences(),
                    training({{"method", "dpo"}, {"beta", 0.1}, {"learning_rate", 1e-3}}));
  refuses(dpo, "start_from");
  dpo["start_from"] = "base";
  const auto [before, after] = run_twice(dpo);
  EXPECT_NEAR(before, std::log(2.0), 1e-5);  // nothing is preferred to what the reference says
  EXPECT_LT(after, 0.6);
  json missing = dpo;
  missing["training"].erase("method");
  missing["training"].erase("beta");
  refuses(missing, "method");
  json rewarded = dpo;
  rewarded["training"].erase("beta");
  rewarded["training"]["method"] = "reward_model";
  refuses(rewarded, "one label");
  json plain = dpo;
  plain["data"] = texts();
  refuses(plain, "preferences");
}

TEST_F(ObjectiveRuns, RewardModel) {
  const HeldOutLoss loss = make_reward();
  EXPECT_LT(loss.per_token, 0.3);  // guessing has log 2
  EXPECT_EQ(loss.accuracy, 1.0);
}

// A model that draws its answers, and hears from another one how good they are, soon gives those it likes.
TEST_F(ObjectiveRuns, PolicyGradient) {
  make_base();
  make_reward();
  json policy = config(json::object(), texts(),
                       training({{"method", "policy_gradient"},
                                 {"reward", "reward"},
                                 {"answer_tokens", 6},
                                 {"beta", 0.01},
                                 {"batch", 16},
                                 {"steps", 60},
                                 {"learning_rate", 3e-3}}));
  refuses(policy, "start_from");
  policy["start_from"] = "base";
  TrainingRun whole = open(policy, "whole");
  const HeldOutLoss before = whole.measure().losses.at(0);
  EXPECT_NEAR(before.per_token, 0.0, 1e-6);  // it is the model that it began as
  while (!whole.finished()) whole.step();
  const HeldOutLoss after = whole.measure().losses.at(0);
  EXPECT_GT(after.reward, before.reward + 2.0);
  EXPECT_GT(after.per_token, 0.0);
  {
    TrainingRun first = open(policy, "parts", 2);
    for (int i = 0; i < 7; ++i) first.step();
    first.write_model_files();
    first.write_state_file();
  }
  TrainingRun rest = open(policy, "parts", 2);
  while (!rest.finished()) rest.step();
  EXPECT_EQ(values_of(rest), values_of(whole));

  json other = policy;
  other["training"]["reward"] = "base";
  refuses(other, "classifier");
  other = policy;
  other["training"]["batch"] = 1;
  refuses(other, "compared");
  other = policy;
  other["data"] = preferences();
  refuses(other, "draws the answers");
  other = policy;
  other["training"].erase("method");
  other["training"].erase("beta");
  refuses(other, "policy_gradient");
}

}  // namespace
}  // namespace headlight
