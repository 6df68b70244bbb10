// Whole runs of tiny models: the same numbers however they are interrupted, and everything that may be wrong
// with what a run is given.
#include "core/training/training_run.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <random>

#include "core/base/errors.h"
#include "core/model/model.h"
#include "core/training/checkpoint.h"
#include "tests/core/refusals.h"
#include "tests/core/source_dir.h"
#include "tests/core/training/tiny_runs.h"

namespace headlight {
namespace {

using nlohmann::json;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Runs : public testing::TestWithParam<std::string> {};

TEST_P(Runs, LearnAndGoOnAsIfTheyHadNeverStopped) {
  const TinyRun tiny(GetParam());
  const auto whole = tiny.open("whole");
  const double before = whole->measure().losses.at(0).per_token;
  while (!whole->finished()) whole->step();
  EXPECT_LT(whole->measure().losses.at(0).per_token, before);
  whole->write_state_file();

  for (const int threads : {1, 2}) {
    const std::string out = "in_pieces_" + std::to_string(threads);
    // Stopped inside a point of the curve, between two passes, and right after the beginning.
    for (const std::int64_t stop : {1, 7, 20, 24}) {
      const auto run = tiny.open(out, threads);
      while (run->steps_done() < stop) run->step();
      run->write_state_file();
      if (stop == 20) run->write_model_files();
    }
    const auto run = tiny.open(out, threads);
    EXPECT_TRUE(run->finished());
    EXPECT_EQ(weights_of(*run), weights_of(*whole)) << threads;
    EXPECT_EQ(run->tokens_done(), whole->tokens_done());
    ASSERT_EQ(run->curve().size(), 2U);
    EXPECT_EQ(run->curve()[1].loss, whole->curve()[1].loss);
    EXPECT_EQ(run->curve()[1].gradient_length, whole->curve()[1].gradient_length);
  }
}

TEST_P(Runs, WriteModelsThatLoad) {
  const TinyRun tiny(GetParam());
  const auto run = tiny.open("out");
  run->step();
  run->write_model_files();
  const std::shared_ptr<const Model> model = load_model(tiny / "out", "tiny");
  EXPECT_EQ(std::memcmp(model->embedding.bytes, run->parameters().model()->embedding.bytes,
                        static_cast<std::size_t>(model->embedding.rows * model->embedding.columns) * 4),
            0);
  EXPECT_EQ(json::parse(bytes_of(tiny / "out/training/log.json")).at("steps"), 1);
  // A run may start from what another one left.
  TinyRun next(GetParam());
  next.config["start_from"] = tiny / "out";
  next.config.erase("tokenizer");
  next.config["model"] = json::object();
  EXPECT_EQ(weights_of(*next.open("out")), weights_of(*run));
}

TEST_P(Runs, StatesComeBack) {
  const TinyRun tiny(GetParam());
  const auto run = tiny.open("out");
  for (int i = 0; i < 3; ++i) run->step();
  Optimizer optimizer(run->parameters(), {});
  for (std::size_t i = 0; i < optimizer.means().size(); ++i) {
    optimizer.means()[i] = static_cast<float>(i) * 0.5F;
    optimizer.squares()[i] = static_cast<float>(i) * 0.25F;
  }
  const json notes = {{"steps", 3}, {"text", "눈"}};
  write_state(run->parameters().values(), optimizer, notes, tiny / "state");
  Parameters other(run->parameters().files(), 77);
  Optimizer found(other, {});
  EXPECT_EQ(read_state(other.values(), found, tiny / "state"), notes);
  EXPECT_TRUE(std::equal(other.values().begin(), other.values().end(), run->parameters().values().begin()));
  EXPECT_TRUE(std::equal(found.means().begin(), found.means().end(), optimizer.means().begin()));
  EXPECT_TRUE(std::equal(found.squares().begin(), found.squares().end(), optimizer.squares().begin()));
  EXPECT_EQ(read_state(other.values(), found, tiny / "nothing"), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Runs, testing::ValuesIn(run_kinds),
                         [](const auto& kind) { return kind.param; });

using headlight::expect_refused;

void expect_refused(const TinyRun& tiny, const std::vector<std::string>& named) {
  expect_refused([&] { tiny.open("out"); }, named);
  EXPECT_FALSE(std::filesystem::exists(tiny / "out"));
}

TEST(TrainingRun, KeepsWeightsWhereTheConfigSaysSo) {
  TinyRun tiny("next_token");
  tiny.config["training"]["keep"] = {0, 2};
  const auto run = tiny.open("out");
  for (int i = 0; i < 3; ++i) run->step();
  EXPECT_TRUE(std::filesystem::exists(tiny / "out/training/steps/000000/model.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(tiny / "out/training/steps/000001"));
  EXPECT_TRUE(std::filesystem::exists(tiny / "out/training/steps/000002/model.safetensors"));
}

// Another order packs into fewer sequences: a pass that is too small for a batch is passed over.
TEST(TrainingRun, PassesMayDifferInSize) {
  TinyRun tiny("next_token");
  std::mt19937 random(2);
  std::string lines;
  for (int i = 0; i < 150; ++i) {
    std::string text;
    for (auto length = 8 + random() % 30; length > 0; --length)
      text += static_cast<char>('!' + random() % 90);
    lines += json{{"text", text}}.dump() + "\n";
  }
  tiny.folder().write("corpora/a.jsonl", lines);
  int passed_over = 0;
  for (const int seed : {1, 2, 3}) {
    tiny.config["training"]["seed"] = seed;
    tiny.config["training"]["batch"] = 5000;
    int sequences = 0;  // of the first pass
    try {
      tiny.open("out");
    } catch (const UserError& error) {
      const std::string message = error.what();
      sequences = std::stoi(message.substr(message.find("texts make ") + 11));
    }
    ASSERT_GT(sequences, 1);
    tiny.config["training"]["batch"] = sequences;
    const std::string out = "out" + std::to_string(seed);
    const auto run = tiny.open(out);
    for (int i = 0; i < 10; ++i) run->step();
    run->write_state_file();
    EXPECT_EQ(run->steps_done(), 10);
    const std::string state = bytes_of(tiny / (out + "/training/state.safetensors"));
    passed_over += std::stoi(state.substr(state.find("\"pass\":") + 7)) - 9;  // a step took a whole pass
  }
  EXPECT_GT(passed_over, 0) << "no pass was smaller: the texts do not test this";
}

TEST(TrainingRun, RefusesTooLittleText) {
  TinyRun tiny("next_token");
  tiny.folder().write("corpora/a.jsonl", "");
  expect_refused(tiny, {"a.jsonl", "empty"});
  tiny.folder().write("corpora/a.jsonl", "\n\n\n");
  expect_refused(tiny, {"There are 0 documents with 0 bytes", "at least 1000 bytes", "Add more text"});
  tiny.folder().write("corpora/a.jsonl", R"({"text":"short"})");
  expect_refused(tiny, {"There are 1 documents with 5 bytes", "Add more text"});
  tiny.folder().write("corpora/a.jsonl", json{{"text", std::string(2000, 'x')}}.dump());
  tiny.config["training"]["batch"] = 500;
  expect_refused(tiny, {"config.json", "sequences of 48 tokens", "a step takes 500", "smaller \"batch\""});
}

TEST(TrainingRun, RefusesWhatItCannotRead) {
  TinyRun tiny("next_token");
  tiny.folder().write("corpora/a.jsonl", "{\"text\":\"\xFF\"}\n");
  expect_refused(tiny, {"a.jsonl: line 1 is not UTF-8", "Save the file as UTF-8"});
  std::filesystem::remove(tiny / "corpora/a.jsonl");
  expect_refused(tiny, {"a.jsonl"});
  TinyRun hash("next_token");
  hash.config["data"]["sources"][0]["sha256"] = std::string(64, '0');
  expect_refused(hash, {"a.jsonl: its SHA-256 is", "but the config expects 000", "Get that version"});
  hash.config["data"]["bundled"] = true;
  hash.config["data"]["sources"][0]["licence"] = "MIT";
  hash.config["data"]["sources"][0]["language"] = "en";
  expect_refused(hash, {"'data.sources[0].sha256'", "not on the list of files whose licence allows"});
}

TEST(TrainingRun, RefusesDataThatDoesNotFitTheModel) {
  for (const std::string& model : run_kinds) {
    for (const std::string& data : run_kinds) {
      const bool fits = model == data || (model == "next_token" && data == "masked") ||
                        (model == "masked" && data == "next_token");
      if (fits) continue;
      TinyRun tiny(model);
      tiny.config["data"]["sources"][0] = TinyRun::source(data);
      expect_refused(tiny, {"config.json: this model learns from", "but the sources are"});
    }
  }
  TinyRun labels("classes");
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += json{{"text", std::string(40, 'x') + std::to_string(i)}, {"label", i % 4}}.dump() + "\n";
  labels.folder().write("corpora/a.jsonl", lines);
  expect_refused(labels, {"config.json: a text of the source 'a' has the class 2", "classes are 0 to 1",
                          "\"num_labels\""});
  TinyRun no_mask("masked");
  no_mask.config["tokenizer"]["special_tokens"] = {"<pad>", "<bos>", "<eos>", "<sep>", "<cls>"};
  expect_refused(no_mask, {"no mask token", "Add \"<mask>\""});
}

TEST(TrainingRun, RefusesSamplesThatCannotBeContinued) {
  TinyRun masked("masked");
  masked.config["training"]["samples"] = {"the cat"};
  expect_refused(masked, {"config.json: \"samples\"", "this model continues none", "Leave them out"});
  TinyRun tiny("next_token");
  tiny.config["training"]["samples"] = {std::string(200, 'q')};
  expect_refused(tiny, {"config.json: the sample 'qqq", "tokens, but 1 to 48 were expected"});
}

TEST(TrainingRun, RefusesFamiliesItDoesNotTrain) {
  TinyRun tiny("next_token");
  tiny.config["model"] = {{"model_type", "gpt2"}, {"architectures", {"GPT2LMHeadModel"}},
                          {"n_embd", 16},         {"n_layer", 1},
                          {"n_head", 2},          {"n_positions", 32}};
  expect_refused(tiny, {"family 'gpt2'", "computes but does not train"});
  tiny.config["model"] = {{"model_type", "mamba"}};
  expect_refused(tiny, {"mamba"});
  TinyRun from("next_token");
  from.config["start_from"] = source_dir() + "/tests/golden/families/bert_masked";
  from.config.erase("tokenizer");
  expect_refused(from, {"bert_masked: is of the family 'bert', but the configuration asks for 'llama'"});
  from.config["start_from"] = source_dir() + "/tests/golden/families/llama_grouped";
  from.config["model"] = {{"intermediate_size", 30}};
  expect_refused(from, {"llama_grouped: the tensor", "[24, 16]", "asks for [30, 16]"});
  from.config["model"] = json::object();
  expect_refused(from, {"config.json: the model has no tokenizer.json"});
  from.config["start_from"] = "nowhere";
  expect_refused(from, {"nowhere"});
}

// Every key of every object, misspelt and with a value of another type.
TEST(TrainingRun, RefusesConfigsThatSayNothing) {
  const std::vector<std::string> objects = {"", "/tokenizer", "/data", "/data/sources/0", "/training"};
  for (const std::string& place : objects) {
    TinyRun tiny("next_token");
    tiny.config[json::json_pointer(place)]["stpes"] = 1;
    expect_refused(tiny, {"config.json: the key '", "stpes' is not known here; known are"});
    const json object = TinyRun("next_token").config.at(json::json_pointer(place));
    for (const auto& [key, value] : object.items()) {
      TinyRun wrong("next_token");
      wrong.config[json::json_pointer(place)][key] = json::array({json::array()});
      expect_refused(wrong, {"config.json: '", key});
      TinyRun nothing("next_token");
      nothing.config[json::json_pointer(place)][key] = nullptr;
      expect_refused(nothing, {"config.json: '", key});
    }
  }
  for (const char* key : {"name", "model", "tokenizer", "data", "training"}) {
    TinyRun tiny("next_token");
    tiny.config.erase(key);
    expect_refused(tiny, {"config.json: '" + std::string(key) + "' is missing"});
  }
  for (const auto& [key, value] : std::map<std::string, json>{{"steps", 0},
                                                              {"batch", -1},
                                                              {"context", 1},
                                                              {"together", 1},
                                                              {"learning_rate", "fast"},
                                                              {"final_share", 1.5},
                                                              {"warm_up", 0.5},
                                                              {"beta1", 1},
                                                              {"train_only", {1}},
                                                              {"seed", -1},
                                                              {"lanes", 0},
                                                              {"keep", {-1}},
                                                              {"samples", {""}},
                                                              {"number_format", "f8"}}) {
    TinyRun tiny("next_token");
    tiny.config["training"][key] = value;
    expect_refused(tiny, {"config.json: 'training." + key + "' is ", "expected"});
  }
  TinyRun text("next_token");
  const std::string path = text.folder().write("config.json", "{\"name\": ");
  expect_refused([&] { read_training_config(path); }, {"config.json"});
}

TEST(TrainingRun, StopsWhenItRunsAway) {
  for (const std::string& kind : run_kinds) {
    SCOPED_TRACE(kind);
    TinyRun tiny(kind);
    tiny.config["training"]["learning_rate"] = 10.0;  // the largest that a config may have
    tiny.config["training"]["steps"] = 400;
    const auto run = tiny.open("out");
    run->write_state_file();
    run->write_model_files();
    const std::string state = bytes_of(tiny / "out/training/state.safetensors");
    expect_refused(
        [&] {
          while (!run->finished()) run->step();
        },
        {"config.json: training ran away at step", "where guessing has",
         "The learning rate of 10 is too large", "try a third of it",
         "The last good state is in " + (tiny / "out"), "\"start_from\""});
    EXPECT_EQ(bytes_of(tiny / "out/training/state.safetensors"), state);
    EXPECT_EQ(tiny.open("out")->steps_done(), 0);
    EXPECT_NE(load_model(tiny / "out", "tiny"), nullptr);
  }
}

TEST(TrainingRun, RefusesWeightsThatAreNotFinite) {
  const TinyRun tiny("next_token");
  const auto run = tiny.open("trained");
  Parameters damaged(run->parameters().files(), 1);
  damaged.values()[40] = std::numeric_limits<float>::quiet_NaN();
  write_model(damaged, tiny / "damaged", false);
  TinyRun from("next_token");
  from.config["start_from"] = tiny / "damaged";
  from.config["model"] = json::object();
  from.config.erase("tokenizer");
  expect_refused(from, {"damaged: the tensor 'model.embed_tokens.weight' has nan at place 40", "Start from"});
}

class RunWithState : public testing::Test {
 protected:
  void SetUp() override {
    const auto run = tiny.open("out");
    for (int i = 0; i < 3; ++i) run->step();
    run->write_state_file();
    run->write_model_files();
    state = bytes_of(path);
  }
  void TearDown() override { EXPECT_EQ(bytes_of(path), state); }
  void refuses(const std::vector<std::string>& named) {
    expect_refused([&] { tiny.open("out"); }, named);
  }
  void damage(const std::string& bytes) {
    tiny.folder().write("out/training/state.safetensors", bytes);
    state = bytes;
  }

  TinyRun tiny{"next_token"};
  std::string path = tiny / "out/training/state.safetensors";
  std::string state;
};

TEST_F(RunWithState, RefusesAnotherConfig) {
  tiny.config["training"]["learning_rate"] = 2e-3;
  refuses({"config.json was changed since the run in", "another folder with --out, or remove that one"});
  tiny.config["model"]["hidden_size"] = 32;
  refuses({"state.safetensors: 'weights' has", "but the configuration trains ", "--out"});
}

TEST_F(RunWithState, RefusesAnotherVocabulary) {
  tiny.config["tokenizer"]["vocabulary_size"] = 280;
  refuses({"config.json was changed since the run in"});
}

TEST_F(RunWithState, RefusesDamage) {
  const std::string whole = state;
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
    damage(whole.substr(0, size));
    refuses({"state.safetensors"});
  }
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string bytes = whole;
    const std::size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return bytes.replace(at, from.size(), to);
  };
  damage(replaced("\"squares\"", "\"sqwares\""));
  refuses({"has no 'squares', so it is no state of a training run", "--out"});
  damage(replaced("\"steps\":3", "\"stops\":3"));
  refuses({"the notes of its training/state.safetensors are damaged", "Remove the folder"});
}

TEST_F(RunWithState, TakesNothingFromAStateThatIsNotWhole) {
  const std::size_t at = state.find("\"squares\"");
  std::string bytes = state;
  bytes.replace(at, 9, "\"sqwares\"");
  damage(bytes);
  const auto run = tiny.open("other");
  Parameters parameters(run->parameters().files(), 5);
  const std::vector<float> before(parameters.values().begin(), parameters.values().end());
  Optimizer optimizer(parameters, {});
  EXPECT_THROW(read_state(parameters.values(), optimizer, tiny / "out"), FileError);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), parameters.values().begin()));
}

// A file that may not grow further, as on a full disk: the old state stays, nothing unfinished is left.
TEST_F(RunWithState, AFullDiskLeavesTheOldState) {
  const auto run = tiny.open("out");
  run->step();
  rlimit was{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &was), 0);
  rlimit small = was;
  small.rlim_cur = 2000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message;
  try {
    run->write_state_file();
  } catch (const UserError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &was);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("Cannot write '"), std::string::npos) << message;
  EXPECT_NE(message.find("has room"), std::string::npos) << message;
  EXPECT_EQ(tiny.open("out")->steps_done(), 3);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(tiny / "out/training")) {
    EXPECT_EQ(entry.path().string().find("unfinished"), std::string::npos);
    ++files;
  }
  EXPECT_EQ(files, 2U);  // the state and the log
}

TEST(TrainingRun, SaysThatAFolderCannotBeWritten) {
  const TinyRun tiny("next_token");
  tiny.folder().write("file", "x");
  const auto run = tiny.open("file/out");
  expect_refused([&] { run->write_state_file(); }, {"the folder", "cannot be made", "--out"});
  if (::geteuid() == 0) return;  // whom no permission stops
  std::filesystem::create_directory(tiny / "closed");
  std::filesystem::permissions(tiny / "closed", std::filesystem::perms::owner_read);
  expect_refused([&] { tiny.open("closed/out")->write_model_files(); }, {"closed"});
  std::filesystem::permissions(tiny / "closed", std::filesystem::perms::owner_all);
}

// A vocabulary without a state is not of this run: the config may have been changed since.
TEST(TrainingRun, TakesAVocabularyOnlyWithAState) {
  TinyRun tiny("next_token");
  tiny.open("out")->write_model_files();
  tiny.config["tokenizer"]["vocabulary_size"] = 280;
  EXPECT_EQ(tiny.open("out")->parameters().model()->architecture.vocabulary, 280);
}

}  // namespace
}  // namespace headlight
