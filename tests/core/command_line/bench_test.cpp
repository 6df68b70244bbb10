// `bench` as a user calls it, on a tiny model: what it measures, and what it refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/command_line/bench_passes.h"
#include "core/command_line/commands.h"
#include "tests/core/command_line/run_command.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

Answer bench(std::vector<std::string> words, const std::string& model = "tiny_llama_q.gguf") {
  words.insert(words.begin(),
               {"bench", "--model", source_dir() + "/tests/golden/" + model, "--threads", "2"});
  const auto add = [](CLI::App& app, int& exit_code) { add_bench(app, exit_code); };
  return run_command(add, std::move(words));
}

nlohmann::json json_of(const std::vector<std::string>& words) {
  const Answer answer = bench(words);
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  return nlohmann::json::parse(answer.output);
}

void expect_samples(const nlohmann::json& samples, std::size_t runs) {
  EXPECT_GE(samples["seconds"].size(), runs);
  EXPECT_GT(samples["best"].get<double>(), 0.0);
  EXPECT_GE(samples["median"].get<double>(), samples["best"].get<double>());
}

TEST(Bench, MeasuresEverythingOnce) {
  const nlohmann::json found = json_of({"--json", "--repeats", "2", "--tokens", "1000,4"});
  EXPECT_EQ(found["model"]["parameters"], 115328);
  EXPECT_EQ(found["model"]["file_bytes"], 147776);
  EXPECT_EQ(found["threads"], 2);
  EXPECT_EQ(found["clock"], "wall");
  EXPECT_EQ(found["left_out"],
            nlohmann::json::parse(R"(["frames of the window: this program was built without the window."])"));
  for (const char* rate : {"flops_a_second", "memory_bytes_a_second", "cache_bytes_a_second"}) {
    EXPECT_GT(found["machine"][rate].get<double>(), 1e6) << rate;
  }
  for (const char* step : {"opened", "first_tokens", "first_values"}) expect_samples(found["load"][step], 2);
  EXPECT_EQ(found["memory"]["tokens"], 128);
  EXPECT_GT(found["memory"]["peak_cold_bytes"], found["memory"]["trace_bytes"]);
  EXPECT_GE(found["memory"]["peak_edits_bytes"], found["memory"]["peak_cold_bytes"]);
  std::vector<std::string> passes;
  for (const nlohmann::json& pass : found["passes"]) {
    expect_samples(pass, 2);
    passes.push_back(pass["kind"].get<std::string>() + " " + pass["tokens"].dump() + " " +
                     pass["computed"].dump() + " " + pass["capture"].get<std::string>());
  }
  std::vector<std::string> expected;
  // Cut at the context of 256, the shorter one first; half of 128 tokens stand behind an edit in the middle.
  for (const char* pass : {"cold 4 4 ", "cold 256 256 ", "append 129 1 ", "edit 128 64 "}) {
    for (const char* capture : {"everything", "rows", "next token"})
      expected.push_back(std::string(pass) + capture);
  }
  expected.push_back("sweep 64 768 next token");  // all twelve heads
  EXPECT_EQ(passes, expected);
  ASSERT_EQ(found["profiles"].size(), 3U);
  for (const nlohmann::json& profile : found["profiles"]) {
    EXPECT_EQ(profile["layers"].size(), 3U);
    double inside = 0.0;
    for (const nlohmann::json& operation : profile["operations"])
      inside += operation["seconds"].get<double>();
    EXPECT_GT(inside, 0.0);
    EXPECT_LE(inside, profile["seconds"].get<double>());
  }
}

TEST(Bench, CountsTheArithmeticOfAPass) {
  const nlohmann::json found = json_of({"--json", "--only", "cold", "--repeats", "1", "--tokens", "4"});
  ASSERT_EQ(found["passes"].size(), 1U);
  EXPECT_FALSE(found.contains("load"));
  EXPECT_FALSE(found.contains("memory"));
  EXPECT_FALSE(found.contains("machine"));
  // Three layers of q and o, k and v, gate and in, out; the output layer; four queries see ten keys, of four
  // heads, 16 wide, once for the scores and once for the values.
  const int block = 2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64;
  EXPECT_EQ(found["passes"][0]["multiply_adds"], 4 * (3 * block + 355 * 64) + 3 * 2 * 10 * 4 * 16);
  // All weights but the gains of the norms, and four rows of the embedding on top.
  EXPECT_GT(found["passes"][0]["weight_bytes"], 0.8 * 147776);
}

TEST(Bench, MeasuresEveryFamily) {
  for (const std::string& name : family_names()) {
    const std::shared_ptr<const Model> model = load_family(name);
    const auto backend = make_reference_backend();
    PassBench passes(model, *backend, 1);
    const std::int64_t base = passes.append_base();
    ASSERT_LT(base, model->architecture.context) << name;
    for (const PassFigures& pass :
         {passes.cold(base, {Capture::everything}).at(0), passes.append({Capture::everything}).at(0),
          passes.edit({Capture::everything}).at(0)}) {
      EXPECT_FALSE(pass.samples.seconds.empty()) << name;
      EXPECT_GT(pass.multiply_adds, 0.0) << name;
      // Models that look both ways re-use nothing.
      EXPECT_TRUE(model->architecture.causal || pass.computed == pass.tokens) << name;
    }
  }
}

TEST(Bench, FramesAreMeasuredByTheWindow) {
  const std::string path = source_dir() + "/tests/golden/tiny_llama_q.gguf";
  CLI::App app;
  int exit_code = -1;
  std::string model;
  add_bench(app, exit_code, [&](const ComputeOptions& compute, bool scenes) {
    model = compute.model;
    EXPECT_TRUE(scenes);
    FrameFigures figures{640, 480, 0.25, 0.5, {{0.001}}, {{0.002}}, {{0.003}}, {}};
    SceneFigures scene{"flow", 5, 0.003, {std::vector<double>(100, 0.002)}};
    scene.frames.seconds[7] = 0.1;  // one frame of a hundred
    figures.scenes = {scene, {"attention wall", 5, 0.001, scene.frames}};
    return figures;
  });
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  app.parse("bench --json --frames --model " + path);
  std::fflush(stdout);
  testing::internal::GetCapturedStderr();
  const nlohmann::json found = nlohmann::json::parse(testing::internal::GetCapturedStdout());
  EXPECT_EQ(exit_code, 0);
  EXPECT_EQ(model, path);
  EXPECT_EQ(found["frames"]["width"], 640);
  EXPECT_EQ(found["frames"]["first_picture"], 0.5);
  EXPECT_EQ(found["frames"]["typing"]["median"], 0.002);
  EXPECT_FALSE(found.contains("load"));
  ASSERT_EQ(found["frames"]["scenes"].size(), 2U);
  EXPECT_EQ(found["frames"]["scenes"][0]["scene"], "flow");
  EXPECT_EQ(found["frames"]["scenes"][0]["usual_most"], 0.002);
  EXPECT_TRUE(found["frames"]["scenes"][0]["within_budget"]);
  EXPECT_FALSE(found["frames"]["scenes"][1]["within_budget"]);
}

TEST(Bench, TheTableNamesWhatItMeasured) {
  const Answer answer = bench({"--only", "append,profile", "--repeats", "1"});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  for (const char* word :
       {"Tiny random llama", "append", "between operations", "linear 96 x 64 Q4_1", "layers, ms:"}) {
    EXPECT_NE(answer.output.find(word), std::string::npos) << word << "\n" << answer.output;
  }
  EXPECT_NE(answer.errors.find("bench: one token more than 128"), std::string::npos) << answer.errors;
}

TEST(Bench, RefusesWhatMakesNoSense) {
  EXPECT_EQ(bench({"--tokens", "0"}).exit_code, 2);
  EXPECT_EQ(bench({"--tokens", "many"}).exit_code, 2);
  EXPECT_EQ(bench({"--only", "everything"}).exit_code, 2);
  EXPECT_EQ(bench({"--repeats", "0"}).exit_code, 2);
  EXPECT_EQ(bench({"--json"}, "there_is_no_such_model.gguf").exit_code, 1);
}

TEST(Bench, MediansAreInTheMiddle) {
  EXPECT_EQ((Samples{{3.0, 1.0, 2.0}}.median()), 2.0);
  EXPECT_EQ((Samples{{4.0, 1.0, 2.0, 3.0}}.median()), 2.5);
  EXPECT_EQ((Samples{{4.0, 1.0, 2.0}}.best()), 1.0);
  EXPECT_EQ(Samples{}.median(), 0.0);
}

}  // namespace
}  // namespace headlight
