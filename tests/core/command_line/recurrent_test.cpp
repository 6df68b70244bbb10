// `headlight next` and `headlight generate` with a recurrent network.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/command_line/commands.h"
#include "tests/core/command_line/run_command.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

using nlohmann::json;

// float32 here, float64 there, 368 wide: 1e-4 of a logit's place among logits of some ten, and the same of a
// probability. A wrong gate, layer or order of tokens moves the first digit.
TEST(RecurrentCommands, NextIsThatOfPyTorch) {
  const json golden =
      json::parse(std::ifstream(std::filesystem::path(source_dir()) / "tests/golden/gru/tiny_gru_next.json"));
  for (const json& one : golden.at("texts")) {
    const Answer answer = run_command(
        add_next, {"next", "--model", "tiny-gru", "--text", one.at("text"), "--json", "--top", "10"});
    ASSERT_EQ(answer.exit_code, 0) << answer.errors;
    const json next = json::parse(answer.output).at("next");
    ASSERT_EQ(next.size(), one.at("next").size());
    for (std::size_t rank = 0; rank < next.size(); ++rank) {
      const json& theirs = one.at("next")[rank];
      EXPECT_EQ(next[rank].at("id"), theirs.at("id")) << one.at("text") << " " << rank;
      EXPECT_NEAR(next[rank].at("logit").get<double>(), theirs.at("logit").get<double>(), 1e-4);
      EXPECT_NEAR(next[rank].at("probability").get<double>(), theirs.at("probability").get<double>(), 1e-4);
    }
  }
}

// With temperature 0 each token is the one that `next` has first, however the state was carried on.
TEST(RecurrentCommands, GenerateGoesOnWithTheLikeliest) {
  const std::string text = "Once upon a time, there was a little";
  const Answer whole = run_command(add_generate, {"generate", "--model", "tiny-gru", "--text", text,
                                                  "--tokens", "6", "--temperature", "0"});
  ASSERT_EQ(whole.exit_code, 0) << whole.errors;
  std::string grown = text;
  for (int i = 0; i < 6; ++i) {
    const Answer one =
        run_command(add_next, {"next", "--model", "tiny-gru", "--text", grown, "--json", "--top", "1"});
    ASSERT_EQ(one.exit_code, 0) << one.errors;
    const json answer = json::parse(one.output);
    for (const json& byte : answer.at("next").at(0).at("bytes")) grown += static_cast<char>(byte.get<int>());
  }
  EXPECT_EQ(text + whole.output, grown + "\n");
}

TEST(RecurrentCommands, SayWhatARecurrentNetworkHasNot) {
  const auto refused = [](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"next", "--model", "tiny-gru"};
    words.insert(words.end(), more.begin(), more.end());
    const Answer answer = run_command(add_next, words);
    EXPECT_EQ(answer.exit_code, 1);
    return answer.errors;
  };
  EXPECT_NE(refused({"--text", "Hello", "--chat"}).find("leave --chat"), std::string::npos);
  EXPECT_NE(refused({"--text", "Hello", "--source-text", "안녕"}).find("an encoder"), std::string::npos);
  EXPECT_NE(refused({"--text", "\xff"}).find("UTF-8"), std::string::npos);
  const Answer embed = run_command(add_embed, {"embed", "--model", "tiny-gru", "--text", "Hello"});
  EXPECT_EQ(embed.exit_code, 1);
  EXPECT_NE(embed.errors.find("recurrent network"), std::string::npos) << embed.errors;
}

}  // namespace
}  // namespace headlight
