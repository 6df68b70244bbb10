// `sweep` as a user calls it: the heads that matter most, all of them as JSON, and what it cannot do.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/command_line/commands.h"
#include "tests/core/command_line/run_command.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

Answer sweep(std::vector<std::string> words, const std::string& model = "tiny_induction") {
  words.insert(words.begin(), {"sweep", "--model", source_dir() + "/assets/models/" + model, "--text"});
  return run_command(add_sweep, std::move(words));
}

std::int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(SweepCommand, ListsTheHeadsThatMatterMost) {
  const Answer answer = sweep({"kqzmtkqzm", "--top", "3"});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_TRUE(answer.output.starts_with("behind position ")) << answer.output;
  EXPECT_NE(answer.output.find(": |t|, ln p = "), std::string::npos) << answer.output;
  EXPECT_EQ(answer.output.find("behind", 1), std::string::npos) << answer.output;
  EXPECT_EQ(lines(answer.output), 2 + 3);
  const Answer against = sweep({"kqzmtkqzm", "--target", "t", "--distractor", "k", "--top", "1"});
  EXPECT_NE(against.output.find(": |t| against |k|, +"), std::string::npos) << against.output;
  const Answer masked = sweep({"the sky is <mask> .", "--top", "1"}, "tiny_bert");
  EXPECT_TRUE(masked.output.starts_with("at position 5: |")) << masked.output << masked.errors;
}

TEST(SweepCommand, GivesEveryHeadAsJson) {
  const Answer answer =
      sweep({"kqzmtkqzm", "--target", "t", "--distractor", "k", "--position", "2", "--json"});
  const nlohmann::json found = nlohmann::json::parse(answer.output);
  EXPECT_EQ(found["position"], 2);
  EXPECT_EQ(found["target"]["token"], "t");
  EXPECT_EQ(found["distractor"]["token"], "k");
  EXPECT_TRUE(found["nats"].is_number());
  for (const char* key : {"lost", "kl"}) {
    EXPECT_EQ(found[key].size(), 2U) << key;  // layers
    EXPECT_EQ(found[key][0].size(), found[key][1].size());
  }
}

TEST(SweepCommand, SaysWhatIsWrong) {
  const auto refused = [](const Answer& answer, const std::string& words) {
    EXPECT_EQ(answer.exit_code, 1);
    EXPECT_NE(answer.errors.find(words), std::string::npos) << answer.errors;
  };
  refused(sweep({"kq", "--target", "kq"}), "--target must be one token of this model, but 'kq' is 2");
  refused(sweep({"kq", "--distractor", ""}), "--distractor must be one token");
  refused(sweep({"kq", "--position", "9"}), "position 9 does not exist");
  refused(sweep({"a good film"}, "tiny_sentiment"), "give probabilities to tokens");
  refused(sweep({"kq"}, "tiny_gru"), "recurrent network");
}

}  // namespace
}  // namespace headlight
