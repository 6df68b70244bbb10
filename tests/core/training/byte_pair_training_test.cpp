// Vocabularies against those of Hugging Face's trainer, piece by piece; the files against our own reader.
#include "core/training/byte_pair_training.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/base/errors.h"
#include "core/text/hugging_face_tokenizer.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight {
namespace {

using nlohmann::json;
using test::golden_json;

// The same rules as in tests/golden/make_bpe_training.py.
std::string numbered_story(std::uint64_t number) {
  constexpr std::array<const char*, 6> who = {"Mina",   "a fox",       "the old turtle",
                                              "민아는", "작은 여우가", "거북이와"};
  constexpr std::array<const char*, 6> did = {"found",    "looked for",      "painted",
                                              "찾았어요", "그리고 싶었어요", "노래했어요"};
  constexpr std::array<const char*, 6> what = {"a lamp", "snow",   "the banana",
                                               "눈을",   "등불을", "바나나나무를"};
  std::string made;
  for (std::uint64_t digits = number * number; digits > 0; digits /= 7) {
    made += "kamitsu"[digits % 7];
    made += "aeiou"[digits % 5];
  }
  return std::string(who[number % 6]) + " " + did[number / 6 % 6] + " " + what[number / 36 % 6] + ", " +
         made + ".";
}

std::string numbered_run(std::uint64_t number) {
  std::string run;
  for (std::uint64_t digits = number * number * number; digits > 0; digits /= 2)
    run.insert(run.begin(), "ab"[digits % 2]);
  return run.empty() ? "a" : run;
}

WordCounts golden_words(std::uint64_t stories, std::uint64_t runs) {
  WordCounts words;
  for (const json& line : golden_json("tokenizer_kinds/lines.json")) {
    if (line.is_string()) words.add(line.get<std::string>());
  }
  for (std::uint64_t number = 0; number < stories; ++number) words.add(numbered_story(number));
  for (std::uint64_t number = 0; number < runs; ++number) words.add(numbered_run(number));
  return words;
}

BytePairSettings settings_from(const json& golden) {
  BytePairSettings settings;
  settings.vocabulary_size = golden.at("vocabulary_size").get<std::int64_t>();
  settings.least_count = golden.at("least_count").get<std::int64_t>();
  settings.special_tokens = golden.at("special_tokens").get<std::vector<std::string>>();
  const std::string frame = golden.at("frame").get<std::string>();
  settings.frame = frame == "beginning"        ? TextFrame::beginning
                   : frame == "classification" ? TextFrame::classification
                   : frame == "end"            ? TextFrame::end
                                               : TextFrame::none;
  return settings;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

std::shared_ptr<const Tokenizer> read(const TrainedBytePairs& trained, const BytePairSettings& settings) {
  HuggingFaceTokenizerFiles files;
  files.tokenizer_json = tokenizer_json(trained, settings);
  files.tokenizer_config_json = tokenizer_config_json(settings);
  return tokenizer_from_hugging_face(files, "trained");
}

const std::vector<std::string> usual = {"<pad>", "<bos>", "<eos>", "<sep>", "<mask>", "<cls>"};

TEST(BytePairTraining, MakesWhatHuggingFacesTrainerMakes) {
  std::size_t merges_seen = 0;
  for (const json& golden : golden_json("bpe_training.json")) {
    SCOPED_TRACE(golden[0].dump());
    const BytePairSettings settings = settings_from(golden[0]);
    const TrainedBytePairs trained = train_byte_pairs(
        golden_words(golden[0].at("stories").get<std::uint64_t>(), golden[0].at("runs").get<std::uint64_t>()),
        settings);
    const auto first = static_cast<std::ptrdiff_t>(settings.special_tokens.size() + 256);
    EXPECT_EQ(joined({trained.pieces.begin() + first, trained.pieces.end()}), golden[2]);
    json file = json::parse(tokenizer_json(trained, settings));
    std::vector<std::string> merges;
    for (const json& merge : file.at("model").at("merges")) {
      merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    }
    EXPECT_EQ(joined(merges), golden[3]);
    merges_seen += merges.size();
    EXPECT_EQ(file.at("model").at("vocab").size(), trained.pieces.size());
    file.at("model").erase("vocab");
    file.at("model").erase("merges");
    EXPECT_EQ(file, golden[1]);
  }
  EXPECT_GT(merges_seen, 4000U);
}

TEST(BytePairTraining, FilesAreReadByOurOwnTokenizer) {
  BytePairSettings settings{600, usual, 2, TextFrame::beginning};
  const TrainedBytePairs trained = train_byte_pairs(golden_words(300, 0), settings);
  for (const TextFrame frame :
       {TextFrame::none, TextFrame::beginning, TextFrame::classification, TextFrame::end}) {
    settings.frame = frame;
    const auto tokenizer = read(trained, settings);
    EXPECT_EQ(tokenizer->vocabulary_size(), 600);
    EXPECT_EQ(tokenizer->named_tokens().padding, 0);
    EXPECT_EQ(tokenizer->beginning_of_text(), 1);
    EXPECT_EQ(tokenizer->end_of_text(), 2);
    EXPECT_EQ(tokenizer->named_tokens().separator, 3);
    EXPECT_EQ(tokenizer->mask_token(), 4);
    EXPECT_EQ(tokenizer->named_tokens().classification, 5);
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
      const std::string text =
          i < 100 ? numbered_story(static_cast<std::uint64_t>(i)) : test::random_unicode(random);
      if (text.empty()) continue;
      std::vector<TokenId> ids;
      for (const Token& token : tokenizer->encode(text)) ids.push_back(token.id);
      const bool in_front = frame == TextFrame::beginning || frame == TextFrame::classification;
      const bool behind = frame == TextFrame::end || frame == TextFrame::classification;
      ASSERT_GT(ids.size(), (in_front ? 1U : 0U) + (behind ? 1U : 0U));
      EXPECT_EQ(ids.front() < 6, in_front);
      EXPECT_EQ(ids.back() < 6, behind);
      if (in_front) ids.erase(ids.begin());
      if (behind) ids.pop_back();
      EXPECT_EQ(tokenizer->decode(ids), text);
    }
  }
}

TEST(BytePairTraining, TimesCountAsRepeatedTexts) {
  WordCounts once, repeated;
  for (std::uint64_t number = 0; number < 50; ++number) {
    once.add(numbered_story(number), 3);
    for (int i = 0; i < 3; ++i) repeated.add(numbered_story(number));
  }
  once.add("not counted", 0);
  const BytePairSettings settings{400, usual, 2, TextFrame::none};
  EXPECT_EQ(once.size(), repeated.size());
  EXPECT_EQ(train_byte_pairs(once, settings).pieces, train_byte_pairs(repeated, settings).pieces);
}

TEST(BytePairTraining, StopsWhenNothingIsFrequent) {
  WordCounts words;
  words.add("banana");
  const TrainedBytePairs trained = train_byte_pairs(words, {1000, {}, 2, TextFrame::none});
  EXPECT_EQ(trained.pieces.size(), 257U);  // "an" stands there twice, "ana" once
  EXPECT_EQ(trained.pieces.back(), "an");
  EXPECT_EQ(train_byte_pairs(WordCounts(), {1000, {}, 2, TextFrame::none}).pieces.size(), 256U);
}

TEST(BytePairTraining, TellsProgressAndStops) {
  WordCounts words;
  for (std::uint64_t number = 0; number < 50; ++number) words.add(numbered_story(number));
  float last = 0;
  train_byte_pairs(words, {400, usual, 2, TextFrame::none}, [&](float share) {
    EXPECT_GE(share, last);
    last = share;
  });
  EXPECT_FLOAT_EQ(last, 1.0F);
  int calls = 0;
  EXPECT_THROW(train_byte_pairs(words, {400, usual, 2, TextFrame::none},
                                [&](float) {
                                  if (++calls == 5) throw std::runtime_error("stop");
                                }),
               std::runtime_error);
  EXPECT_EQ(calls, 5);
}

TEST(BytePairTraining, RefusesWhatMakesNoSense) {
  WordCounts words;
  EXPECT_THROW(words.add("caf\xE9"), UserError);
  words.add("banana banana");
  EXPECT_THROW(train_byte_pairs(words, {261, usual, 2, TextFrame::none}), UserError);
  EXPECT_THROW(train_byte_pairs(words, {std::int64_t{1} << 40, usual, 2, TextFrame::none}), UserError);
  EXPECT_THROW(train_byte_pairs(words, {400, {"<a>", "<a>"}, 2, TextFrame::none}), UserError);
  EXPECT_THROW(train_byte_pairs(words, {400, {""}, 2, TextFrame::none}), UserError);
  const BytePairSettings settings{400, {"<pad>"}, 2, TextFrame::end};
  const TrainedBytePairs trained = train_byte_pairs(words, settings);
  try {
    tokenizer_json(trained, settings);
    FAIL() << "a frame without its token was written";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("<eos>"), std::string::npos);
  }
}

}  // namespace
}  // namespace headlight
