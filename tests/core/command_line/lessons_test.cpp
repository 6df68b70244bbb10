// headlight lessons list | check: exit codes, and what is printed where.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/command_line/command_line.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Ran run_words(std::vector<std::string> words) {
  words.insert(words.begin(), "headlight");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const CommandLine line = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  return {line.exit_code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

class LessonsCommand : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) / "lessons_command";
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  std::filesystem::path directory_;
};

const std::string sound =
    R"({"id": "a", "title": {"en": "A title", "ko": "제목"}, "steps": [{"text": {"en": "a", "ko": "가"}}]})";

TEST_F(LessonsCommand, ours_pass_and_are_listed) {
  const std::string ours = source_dir() + "/lessons";
  EXPECT_EQ(run_words({"lessons", "check", ours}).exit_code, 0);
  const Ran listed = run_words({"lessons", "list", ours});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_NE(listed.out.find("attention_by_hand"), std::string::npos);
  EXPECT_NE(listed.out.find("마지막 벡터"), std::string::npos);
}

TEST_F(LessonsCommand, a_broken_lesson_fails_the_check_with_file_line_and_reason) {
  write("01_a.json", sound);
  write("02_b.json", "{\n\"oops\": 1}");
  const Ran ran = run_words({"lessons", "check", directory_.string()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("01_a.json"), std::string::npos);
  EXPECT_NE(ran.err.find("02_b.json:2: /oops: the field 'oops' is not known here"), std::string::npos)
      << ran.err;
  EXPECT_EQ(run_words({"lessons", "list", directory_.string()}).exit_code, 0);
}

TEST_F(LessonsCommand, json_holds_sound_and_broken_lessons) {
  write("01_a.json", sound);
  write("02_b.json", "{\n\"oops\": 1}");
  const Ran ran = run_words({"lessons", "check", "--json", directory_.string()});
  EXPECT_EQ(ran.exit_code, 1);
  const nlohmann::json printed = nlohmann::json::parse(ran.out);
  EXPECT_EQ(printed.at("lessons").at(0).at("id"), "a");
  EXPECT_EQ(printed.at("lessons").at(0).at("title").at("ko"), "제목");
  EXPECT_EQ(printed.at("broken").at(0).at("line"), 2);
}

TEST_F(LessonsCommand, nothing_to_check_is_an_error) {
  EXPECT_EQ(run_words({"lessons", "check", directory_.string()}).exit_code, 1);
  EXPECT_EQ(run_words({"lessons", "check", (directory_ / "none").string()}).exit_code, 1);
  EXPECT_EQ(run_words({"lessons"}).exit_code, 2);
}

}  // namespace
}  // namespace headlight
