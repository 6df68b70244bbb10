#include "core/base/child_process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/base/errors.h"
#include "tests/core/model/fake_wheel.h"

namespace headlight {
namespace {

const auto always = [] { return true; };

TEST(ChildProcess, KeepsWordsEnvironmentAndExitCode) {
  const ScratchFolder folder;
  const std::string log = (folder.path() / "log").string();
  const ChildEnd end = run_child(
      {{"sh", "-c", R"(echo "$0|$1|$HEADLIGHT_TEST|${HOME:+home}"; echo to stderr >&2; echo; exit 7)", "a b",
        "c;d"},
       {{"HEADLIGHT_TEST", "set"}},
       log},
      always);
  EXPECT_TRUE(end.started);
  EXPECT_FALSE(end.cancelled);
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_EQ(read_all(log).substr(0, 12), "a b|c;d|set|");
  EXPECT_EQ(last_line(log), "to stderr");
}

TEST(ChildProcess, TellsAMissingProgramAndASignal) {
  const ScratchFolder folder;
  const std::string log = (folder.path() / "log").string();
  EXPECT_FALSE(run_child({{"no-such-program-here"}, {}, log}, always).started);
  EXPECT_EQ(run_child({{"sh", "-c", "kill -TERM $$"}, {}, log}, always).exit_code, 128 + SIGTERM);
  EXPECT_THROW(run_child({{"true"}, {}, (folder.path() / "no" / "log").string()}, always), UserError);
}

TEST(ChildProcess, CancelKillsTheWholeGroup) {
  const ScratchFolder folder;
  const std::string log = (folder.path() / "log").string();
  const std::string pid_file = (folder.path() / "pid").string();
  const auto grandchild = [&] {
    int pid = 0;
    std::ifstream(pid_file) >> pid;
    return pid;
  };
  const ChildEnd end = run_child({{"sh", "-c", "sleep 600 & echo $! > \"$0\"; wait", pid_file}, {}, log},
                                 [&] { return grandchild() == 0; });
  EXPECT_TRUE(end.cancelled);
  ASSERT_GT(grandchild(), 0);
  // Whoever adopts the orphan reaps it in its own time; until then it may be seen as a zombie.
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    const std::string state = read_all("/proc/" + std::to_string(grandchild()) + "/stat");
    gone = state.empty() || state.find(") Z ") != std::string::npos;
    if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(gone) << "the grandchild survived";
}

}  // namespace
}  // namespace headlight
