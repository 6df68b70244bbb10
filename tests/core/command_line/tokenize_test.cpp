// `tokenize` as a user calls it: what it prints, and what it answers to texts that are no texts.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/command_line/commands.h"
#include "core/model_files/model_file.h"
#include "core/text/tokenizer.h"
#include "tests/core/command_line/run_command.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

const std::string model_path = source_dir() + "/tests/golden/tiny_llama_q.gguf";

Answer tokenize(std::vector<std::string> words) {
  words.insert(words.begin(), {"tokenize", "--model", model_path});
  return run_command(add_tokenize, std::move(words));
}

// A file in the tests' temporary folder.
std::string written(const std::string& name, const std::string& content) {
  std::string path = testing::TempDir() + "/headlight_" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

nlohmann::json expected_json(const std::string& text) {
  const auto file = open_model_file(model_path);
  const auto tokenizer = tokenizer_from_gguf(file->metadata(), file->path());
  nlohmann::json result = {{"ids", nlohmann::json::array()},
                           {"spans", nlohmann::json::array()},
                           {"tokens", nlohmann::json::array()}};
  for (const Token& token : tokenizer->encode(text)) {
    result["ids"].push_back(token.id);
    result["spans"].push_back({token.begin, token.end});
    result["tokens"].push_back(readable_bytes(text.substr(token.begin, token.end - token.begin)));
  }
  return result;
}

TEST(Tokenize, prints_one_json_object_a_text) {
  const std::string text = "The capital of 한국 is\n12";
  const Answer one = tokenize({"--text", text, "--json"});
  EXPECT_EQ(one.exit_code, 0) << one.errors;
  EXPECT_EQ(nlohmann::json::parse(one.output), expected_json(text));
  EXPECT_FALSE(expected_json(text)["ids"].empty());
  const Answer file = tokenize({"--file", written("text.txt", text), "--json"});
  EXPECT_EQ(file.output, one.output);
  const Answer lines =
      tokenize({"--jsonl", written("ok.jsonl", "{\"text\":\"\"}\r\n\n{\"text\":\"a b\"}"), "--json"});
  EXPECT_EQ(lines.exit_code, 0) << lines.errors;
  EXPECT_EQ(lines.output, expected_json("").dump() + "\n" + expected_json("a b").dump() + "\n");
}

TEST(Tokenize, an_empty_text_has_empty_lists) {
  const Answer answer = tokenize({"--text", "", "--json"});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_EQ(answer.output, "{\"ids\":[],\"spans\":[],\"tokens\":[]}\n");
}

TEST(Tokenize, the_table_shows_spaces_and_bytes) {
  const Answer answer = tokenize({"--text", " 안"});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_NE(answer.output.find("·"), std::string::npos) << answer.output;
  EXPECT_NE(answer.output.find("from 4 bytes"), std::string::npos) << answer.output;
}

TEST(Tokenize, says_what_is_wrong_with_the_text) {
  const Answer text = tokenize({"--text", "ab\xFF"});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_NE(text.errors.find("byte 2"), std::string::npos) << text.errors;
  const Answer file = tokenize({"--file", written("bad.txt", "abc\x80")});
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_NE(file.errors.find("byte 3"), std::string::npos) << file.errors;
  EXPECT_EQ(tokenize({"--file", testing::TempDir() + "/headlight_is_not_there"}).exit_code, 1);
  EXPECT_EQ(tokenize({"--file", testing::TempDir()}).exit_code, 1);
  const Answer line =
      tokenize({"--jsonl", written("bad.jsonl", "{\"text\":\"a\"}\n{\"text\":1}\n"), "--json"});
  EXPECT_EQ(line.exit_code, 1);
  EXPECT_NE(line.errors.find("line 2"), std::string::npos) << line.errors;
  EXPECT_EQ(line.output, expected_json("a").dump() + "\n");
  EXPECT_EQ(tokenize({"--json"}).exit_code, 2);
  EXPECT_EQ(tokenize({"--text", "a", "--file", "b"}).exit_code, 2);
}

}  // namespace
}  // namespace headlight
