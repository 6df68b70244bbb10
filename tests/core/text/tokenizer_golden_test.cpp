// Token ids against an independent implementation (tests/golden/make_tokenizer_golden.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/model_files/model_file.h"
#include "core/text/pre_tokenizers.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight::test {
namespace {

std::vector<TokenId> ids_of(const std::vector<Token>& tokens) {
  std::vector<TokenId> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

// Lines are [text, ids, ids with the second pre-tokenizer …].
void expect_same_ids(const Tokenizer& tokenizer, const nlohmann::json& lines, std::size_t column) {
  ASSERT_GT(lines.size(), 400U);
  for (const auto& line : lines) {
    const auto& text = line.at(0).get_ref<const std::string&>();
    EXPECT_EQ(ids_of(tokenizer.encode(text)), line.at(column).get<std::vector<TokenId>>())
        << visible_bytes(text);
  }
}

TEST(TokenizerGolden, small_vocabulary_gives_the_same_ids_with_both_pre_tokenizers) {
  const nlohmann::json golden = golden_json("tokenizer_small.json");
  ASSERT_EQ(golden.at("pre").size(), 2U);
  for (std::size_t index = 0; index < 2; ++index) {
    const auto pre = golden.at("pre").at(index).get<std::string>();
    SCOPED_TRACE(pre);
    expect_same_ids(*small_tokenizer(pre), golden.at("lines"), index + 1);
  }
}

std::filesystem::path real_model() {
  if (const char* named = std::getenv("HEADLIGHT_SMOLLM2")) return named;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  const auto cache = variable("XDG_CACHE_HOME");
  return (cache.empty() ? variable("HOME") / ".cache" : cache) /
         "headlight/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf";
}

// The vocabulary lies inside the model's file of 98 MB, so this runs only where the model is.
TEST(TokenizerGolden, smollm2_gives_the_same_ids) {
  const auto path = real_model();
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the model is not at " << path << "; fetch it or name it in HEADLIGHT_SMOLLM2";
  }
  const auto file = open_model_file(path.string());
  const auto tokenizer = tokenizer_from_gguf(file->metadata(), file->path());
  ASSERT_EQ(tokenizer->vocabulary_size(), 49152);
  EXPECT_EQ(tokenizer->end_of_text(), 2);
  EXPECT_EQ(tokenizer->piece(1), "<|im_start|>");
  EXPECT_TRUE(tokenizer->is_special(1));
  expect_same_ids(*tokenizer, golden_json("tokenizer_smollm2.json").at("lines"), 1);
}

// How a character is classed, seen from outside: with which neighbours it forms one word.
char character_class(const PreTokenizer& gpt2, char32_t code_point) {
  const auto joins = [&](char neighbour) {
    std::string text(1, neighbour);
    append_utf8(text, code_point);
    return gpt2.split(text).size() == 1;
  };
  if (joins('a')) return 'L';
  if (joins('1')) return 'N';
  return joins('!') ? 'O' : 'S';
}

// Every code point there is. The other implementation's Unicode tables are newer than PCRE2's, so letters and
// numbers that Unicode got after version 14 may differ; tests/golden/unicode_differences.json lists them. An
// unlisted difference is an error; a listed one that is gone (a newer PCRE2) is not.
TEST(TokenizerGolden, classes_of_all_code_points_agree_but_for_the_listed_ones) {
  const nlohmann::json runs = golden_json("unicode_classes.json").at("runs");
  const nlohmann::json listed = golden_json("unicode_differences.json").at("runs");
  const PreTokenizer gpt2("gpt-2");
  std::vector<bool> may_differ(0x110000, false);
  for (const auto& run : listed) {
    for (std::size_t code = run.at(0); code <= run.at(1).get<std::size_t>(); ++code)
      may_differ.at(code) = true;
  }
  std::string unlisted;
  std::size_t compared = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    const char32_t begin = runs[run].at(0).get<unsigned>();
    const char32_t end = run + 1 < runs.size() ? runs[run + 1].at(0).get<unsigned>() : 0x110000;
    const char expected = runs[run].at(1).get<std::string>().at(0);
    if (expected == '-') continue;  // surrogates
    for (char32_t code = begin; code < end; ++code) {
      ++compared;
      const char found = character_class(gpt2, code);
      if (found != expected && !may_differ[code]) {
        unlisted += fmt::format("U+{:04X} {} {}\n", static_cast<unsigned>(code), found, expected);
      }
    }
  }
  EXPECT_EQ(unlisted, "");
  EXPECT_EQ(compared, 0x110000U - 0x800U);
}

}  // namespace
}  // namespace headlight::test
