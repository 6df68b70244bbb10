#include "core/session/autosave.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/errors.h"
#include "core/base/whole_file.h"
#include "core/session/file_kind.h"
#include "core/session/recent_files.h"
#include "core/session/session_file.h"
#include "tests/core/said_in_both.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class AutosaveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("headlight_autosave_test_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    fs::permissions(folder_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }
  std::string saved(const fs::path& file) const { return read_session(file.string()).document.text; }
  static Document with_text(const std::string& text) {
    Document document;
    document.text = text;
    return document;
  }
  fs::path folder_;
};

TEST_F(AutosaveTest, WritesTheNewestWithinHalfASecondWhileTypingGoesOn) {
  const fs::path file = folder_ / "session.json";
  Autosave autosave(file);
  int typed = 0;
  const auto start = Autosave::Clock::now();
  while (Autosave::Clock::now() - start < 1500ms) {  // never a pause as long as the delay
    autosave.save(with_text(std::to_string(++typed)));
    std::this_thread::sleep_for(10ms);
  }
  const int on_disk = std::stoi(saved(file));
  EXPECT_GT(on_disk, typed - 60) << "more than half a second of typing is not on the disk";
  EXPECT_LE(on_disk, typed);
  autosave.flush();
  EXPECT_EQ(saved(file), std::to_string(typed));
}

TEST_F(AutosaveTest, WritesAtOnceWhenItEnds) {
  const fs::path file = folder_ / "session.json";
  {
    Autosave autosave(file, 1h);
    autosave.save(with_text("last words"));
  }
  EXPECT_EQ(saved(file), "last words");
}

TEST_F(AutosaveTest, SaysWhyItCannotWriteAndEnds) {
  Autosave autosave(folder_ / "absent" / "session.json", 1ms);
  autosave.save(with_text("a"));
  autosave.flush();
  expect_said_in_both(autosave.error());
  EXPECT_NE(autosave.error().en.find("absent"), std::string::npos) << autosave.error().en;
  fs::create_directories(folder_ / "absent");
  autosave.save(with_text("b"));
  for (int i = 0; i < 400 && !autosave.error().empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(autosave.error().en, "");
  EXPECT_EQ(saved(folder_ / "absent" / "session.json"), "b");
}

TEST_F(AutosaveTest, EachProgramHasItsOwnFile) {
  const OwnSessionFile first(folder_);
  EXPECT_EQ(first.path(), folder_ / "session.json");
  {
    const OwnSessionFile second(folder_);
    EXPECT_EQ(second.path(), folder_ / "session-2.json");
    const OwnSessionFile third(folder_);
    EXPECT_EQ(third.path(), folder_ / "session-3.json");
  }
  const OwnSessionFile again(folder_);
  EXPECT_EQ(again.path(), folder_ / "session-2.json");
}

// Only the system can give a lock back that its holder did not.
TEST_F(AutosaveTest, AKilledProgramLetsItsFileGo) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const OwnSessionFile held(folder_);
    const char letter = held.path().filename() == "session.json" ? 'y' : 'n';
    if (write(ready[1], &letter, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char letter = 0;
  ASSERT_EQ(read(ready[0], &letter, 1), 1);
  EXPECT_EQ(letter, 'y');
  EXPECT_EQ(OwnSessionFile(folder_).path(), folder_ / "session-2.json");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(OwnSessionFile(folder_).path(), folder_ / "session.json");
  close(ready[0]);
  close(ready[1]);
}

TEST_F(AutosaveTest, WhatAnInterruptedWriteLeftIsCleared) {
  std::ofstream(folder_ / "session.json.unfinished-12") << "{";
  std::ofstream(folder_ / "session-2.json.unfinished-13") << "{";
  const OwnSessionFile own(folder_);
  EXPECT_FALSE(fs::exists(folder_ / "session.json.unfinished-12"));
  EXPECT_TRUE(fs::exists(folder_ / "session-2.json.unfinished-13"));  // of another program
}

TEST_F(AutosaveTest, RecentFilesAreRememberedNewestFirst) {
  RecentFiles recent;
  for (int i = 0; i < 14; ++i) remember(recent.sessions, "/a/" + std::to_string(i));
  remember(recent.sessions, "/a/8");
  remember(recent.models, "gpt2");
  ASSERT_EQ(recent.sessions.size(), 10U);
  EXPECT_EQ(recent.sessions[0], "/a/8");
  EXPECT_EQ(recent.sessions[1], "/a/13");
  save_recent(recent, folder_);
  EXPECT_EQ(load_recent(folder_), recent);
  std::ofstream(folder_ / "recent.json") << R"({"sessions": [1, "/b"], "models": 7})";
  EXPECT_EQ(load_recent(folder_).sessions, std::vector<std::string>{"/b"});
  std::ofstream(folder_ / "recent.json") << "{";
  EXPECT_EQ(load_recent(folder_), RecentFiles{});
}

class FileKinds : public AutosaveTest {
 protected:
  std::string file(const char* name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }
  static std::string refusal(const std::string& path) {
    try {
      kind_of_file(path);
    } catch (const UserError& error) {
      expect_said_in_both(error);
      return error.what();
    }
    return "nothing was refused";
  }
};

TEST_F(FileKinds, AreToldApart) {
  EXPECT_EQ(kind_of_file(file("a.gguf", "GGUF....")), FileKind::model);
  EXPECT_EQ(kind_of_file(file("without", "GGUF....")), FileKind::model);
  EXPECT_EQ(kind_of_file(file("a.headlight", session_text({}))), FileKind::session);
  EXPECT_EQ(kind_of_file(file("a.json", session_text({}))), FileKind::session);
  EXPECT_EQ(kind_of_file(file("A.NPZ", "PK")), FileKind::trace);
  EXPECT_EQ(kind_of_file(file("t.safetensors", R"(........{"blocks.0.hook_resid_pre":)")), FileKind::trace);
  EXPECT_EQ(kind_of_file(file("m.safetensors", R"(........{"model.embed_tokens.weight":)")), FileKind::model);
  EXPECT_EQ(kind_of_file(file("a.txt", "")), FileKind::text);
  EXPECT_EQ(kind_of_file(file("README.MD", "# a")), FileKind::text);
  fs::create_directory(folder_ / "model");
  file("model/config.json", "{}");
  EXPECT_EQ(kind_of_file((folder_ / "model").string()), FileKind::model);
}

TEST_F(FileKinds, OthersAreNamedWithWhatCanBeOpened) {
  const struct {
    std::string path, found;
  } others[] = {{file("a.pt", "PK"), "PyTorch"},
                {file("a.png", "\x89PNG"), ".png"},
                {file("word", "hello"), "'hello'"},
                {file("nothing.dat", ""), "empty"},
                {folder_.string(), "without config.json"},
                {(folder_ / "absent.txt").string(), "not there"},
                {"/dev/null", "no file"}};
  for (const auto& other : others) {
    const std::string said = refusal(other.path);
    EXPECT_NE(said.find(other.found), std::string::npos) << said;
    EXPECT_NE(said.find(".gguf"), std::string::npos) << said;
  }
}

TEST_F(FileKinds, TextsAreUtf8AndNotEndless) {
  EXPECT_EQ(read_text_file(file("bom.txt", "\xEF\xBB\xBF등불\n")), "등불\n");
  try {
    read_text_file(file("latin.txt", "one\ntw\xF6"));
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("line 2 has the byte 0xF6 at offset 6"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(read_text_file(file("large.txt", std::string(1'000'001, 'a'))), UserError);
  EXPECT_EQ(read_text_file(file("full.txt", std::string(1'000'000, 'a'))).size(), 1'000'000U);
}

}  // namespace
}  // namespace headlight
