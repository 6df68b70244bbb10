// `headlight train` as the program runs it: what it prints where, exit codes, and runs that are ended from
// outside.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "core/backends/backend_list.h"
#include "core/command_line/commands.h"
#include "core/model/model.h"
#include "tests/core/command_line/run_command.h"
#include "tests/core/training/tiny_runs.h"

namespace headlight {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> words(const TinyRun& tiny, const std::string& out,
                               const std::vector<std::string>& more = {}) {
  std::vector<std::string> all = {"train",        "--config", tiny.write_config(), "--corpora",
                                  tiny.corpora(), "--out",    tiny / out};
  const bool says_where = std::ranges::find(more, "--device") != more.end();
  if (!says_where) all.insert(all.end(), {"--device", "cpu"});  // the same bits on every machine
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Answer train(const TinyRun& tiny, const std::string& out, const std::vector<std::string>& more = {}) {
  return run_command(add_train, words(tiny, out, more));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(TrainCommand, PrintsResultsAndProgressApart) {
  TinyRun tiny("next_token");
  tiny.config["training"]["samples"] = {"the cat"};
  const Answer answer = train(tiny, "out");
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_TRUE(contains(answer.output, "tiny: ")) << answer.output;
  EXPECT_TRUE(contains(answer.output, "0 of 24 steps done, in " + (tiny / "out"))) << answer.output;
  for (const char* step : {"6", "12", "18", "24"})
    EXPECT_TRUE(contains(answer.output, std::string("step ") + step + ", held-out a: ")) << answer.output;
  EXPECT_TRUE(contains(answer.output, "nats a token")) << answer.output;
  EXPECT_TRUE(contains(answer.output, "  the cat |")) << answer.output;
  EXPECT_TRUE(contains(answer.output, "24 steps done")) << answer.output;
  EXPECT_FALSE(contains(answer.output, "tokens/s")) << answer.output;
  EXPECT_TRUE(contains(answer.errors, "vocabulary … ")) << answer.errors;
  EXPECT_TRUE(contains(answer.errors, "step 24 of 24   loss ")) << answer.errors;
  EXPECT_TRUE(contains(answer.errors, "tokens/s   0:00 left")) << answer.errors;
  EXPECT_FALSE(contains(answer.errors, "\033")) << "no terminal codes in a file";
  EXPECT_NE(load_model(tiny / "out", "tiny"), nullptr);
  // What is done is done.
  const Answer again = train(tiny, "out");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_TRUE(contains(again.output, "24 of 24 steps done")) << again.output;
}

TEST(TrainCommand, StopsAfterSteps) {
  const TinyRun tiny("next_token");
  ASSERT_EQ(train(tiny, "whole").exit_code, 0);
  const Answer first = train(tiny, "pieces", {"--steps", "7", "--threads", "1"});
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_TRUE(contains(first.output, "7 steps done")) << first.output;
  EXPECT_TRUE(contains(first.output, "the same command goes on from here")) << first.output;
  const Answer second = train(tiny, "pieces", {"--steps", "100", "--threads", "2"});
  EXPECT_TRUE(contains(second.output, "7 of 24 steps done")) << second.output;
  EXPECT_TRUE(contains(second.output, "24 steps done")) << second.output;
  EXPECT_TRUE(bytes_of(tiny / "pieces/model.safetensors") == bytes_of(tiny / "whole/model.safetensors"));
}

TEST(TrainCommand, TakesTheDeviceThatIsAskedFor) {
  const TinyRun tiny("next_token");
  for (const char* device : {"reference", "nonsense"}) {
    const Answer refused = train(tiny, "out", {"--device", device});
    EXPECT_EQ(refused.exit_code, 1) << device;
    EXPECT_TRUE(contains(refused.errors, std::string("'") + device + "'")) << refused.errors;
    EXPECT_FALSE(std::filesystem::exists(tiny / "out"));
  }
  const Answer cpu = train(tiny, "cpu", {"--device", "cpu"});
  EXPECT_EQ(cpu.exit_code, 0) << cpu.errors;
  EXPECT_FALSE(contains(cpu.errors, "GPU") || contains(cpu.errors, "CPU")) << cpu.errors;
  if (gpu_behind("auto").memory) GTEST_SKIP() << "there is a GPU, which is taken where nothing is said";
  const Answer unsaid = train(tiny, "unsaid");
  EXPECT_TRUE(bytes_of(tiny / "unsaid/model.safetensors") == bytes_of(tiny / "cpu/model.safetensors"));
  EXPECT_FALSE(contains(unsaid.errors, "GPU")) << unsaid.errors;
  EXPECT_EQ(train(tiny, "out", {"--device", "cuda"}).exit_code, 1);
}

TEST(TrainCommand, WrongUsageIsTwoAndFailureIsOne) {
  const TinyRun tiny("next_token");
  EXPECT_EQ(run_command(add_train, {"train"}).exit_code, 2);
  EXPECT_EQ(run_command(add_train, {"train", "--config", tiny.write_config()}).exit_code, 2);
  EXPECT_EQ(train(tiny, "out", {"--steps", "0"}).exit_code, 2);
  EXPECT_EQ(train(tiny, "out", {"--threads", "-1"}).exit_code, 2);
  EXPECT_EQ(train(tiny, "out", {"--nonsense"}).exit_code, 2);
  const Answer missing =
      run_command(add_train, {"train", "--config", tiny / "none.json", "--corpora", tiny.corpora()});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_TRUE(contains(missing.errors, "headlight: ")) << missing.errors;
  EXPECT_TRUE(contains(missing.errors, "none.json")) << missing.errors;
  EXPECT_EQ(missing.output, "");
  EXPECT_FALSE(std::filesystem::exists(tiny / "out"));
}

TEST(TrainCommand, ExplainsItself) {
  CLI::App app;
  int exit_code = 0;
  add_train(app, exit_code);
  const std::string help = app.get_subcommand("train")->help();
  for (const char* option :
       {"--config", "--corpora", "--out", "--device", "--threads", "--steps", "REQUIRED"})
    EXPECT_TRUE(contains(help, option)) << help;
}

// A rate that is too large: exit code 1, the reason on standard error, and a folder that loads and goes on.
TEST(TrainCommand, RunningAwayLeavesAGoodState) {
  TinyRun tiny("next_token");
  tiny.config["training"]["learning_rate"] = 10.0;
  tiny.config["training"]["steps"] = 400;
  const Answer answer = train(tiny, "out");
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_TRUE(contains(answer.errors, "training ran away at step")) << answer.errors;
  EXPECT_NE(load_model(tiny / "out", "tiny"), nullptr);
  EXPECT_EQ(tiny.open("out")->steps_done(), 0);
}

// Runs the command in a process of its own.
pid_t begin(const TinyRun& tiny, const std::string& out, const std::vector<std::string>& more) {
  const std::vector<std::string> all = words(tiny, out, more);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr ||
        std::freopen("/dev/null", "w", stderr) == nullptr)
      ::_exit(9);
    CLI::App app;
    int exit_code = 9;
    add_train(app, exit_code);
    try {
      std::vector<std::string> reversed(all.rbegin(), all.rend());
      app.parse(reversed);
    } catch (...) {
      ::_exit(8);
    }
    ::_exit(exit_code);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

void pause_for(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

TEST(TrainCommand, ControlCLeavesAStateToGoOnFrom) {
  TinyRun tiny("next_token");
  tiny.config["training"]["steps"] = 3000;
  tiny.config["training"]["evaluate_every"] = 3000;
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string out = signal == SIGINT ? "interrupted" : "terminated";
    const pid_t child = begin(tiny, out, {});
    while (!std::filesystem::exists(tiny / (out + "/config.json"))) pause_for(5);
    pause_for(100);
    ::kill(child, signal);
    const int status = wait_for(child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    const auto run = tiny.open(out);
    EXPECT_GT(run->steps_done(), 0);
    EXPECT_LT(run->steps_done(), 3000);
    const auto uninterrupted = tiny.open("whole");
    while (uninterrupted->steps_done() < run->steps_done()) uninterrupted->step();
    EXPECT_EQ(weights_of(*run), weights_of(*uninterrupted));
    run->step();
  }
}

// Killed again and again at random moments, most of them inside the writing of files: whatever is in the
// folder then loads, and in the end the run has the bits of one that was never disturbed.
TEST(TrainCommand, KillsAtRandomMomentsChangeNothing) {
  TinyRun tiny("next_token");
  tiny.config["training"]["steps"] = 60;
  tiny.config["training"]["evaluate_every"] = 1000;
  ASSERT_EQ(wait_for(begin(tiny, "whole", {})), 0);
  std::mt19937 random(3);
  std::int64_t done = 0;
  int kills = 0;
  const auto start = std::chrono::steady_clock::now();
  while (done < 60 && std::chrono::steady_clock::now() - start < std::chrono::seconds(8)) {
    const pid_t child = begin(tiny, "killed", {"--steps", "2"});
    pause_for(static_cast<int>(random() % 120));
    ::kill(child, SIGKILL);
    kills += WIFSIGNALED(wait_for(child)) ? 1 : 0;
    const auto run = tiny.open("killed");
    EXPECT_GE(run->steps_done(), done) << "a state was lost";
    done = run->steps_done();
    if (std::filesystem::exists(tiny / "killed/config.json")) {  // written last
      EXPECT_NE(load_model(tiny / "killed", "tiny"), nullptr);
    }
  }
  EXPECT_GT(kills, 3);
  ASSERT_EQ(wait_for(begin(tiny, "killed", {})), 0);
  EXPECT_TRUE(bytes_of(tiny / "killed/model.safetensors") == bytes_of(tiny / "whole/model.safetensors"));
  const auto run = tiny.open("killed"), whole = tiny.open("whole");
  EXPECT_EQ(run->tokens_done(), whole->tokens_done());
  EXPECT_EQ(weights_of(*run), weights_of(*whole));
}

}  // namespace
}  // namespace headlight
