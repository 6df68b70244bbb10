// The worker with models that read two texts, fill in a mask, sort into classes, or end in vectors.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/session/computation.h"
#include "tests/core/golden/family_models.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

// The letters 'a' to 'z' behind five special tokens, with the start and end that a template adds.
nlohmann::json letter_tokenizer(const std::vector<std::string>& special, bool encloses) {
  nlohmann::json added = nlohmann::json::array(), vocabulary;
  for (std::size_t id = 0; id < special.size(); ++id) {
    vocabulary[special[id]] = id;
    added.push_back({{"id", id},
                     {"content", special[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  for (char letter = 'a'; letter <= 'z'; ++letter) vocabulary[std::string(1, letter)] = vocabulary.size();
  nlohmann::json processor = nullptr;
  if (encloses) {
    const auto token = [](const std::string& name) {
      return nlohmann::json{{"SpecialToken", {{"id", name}, {"type_id", 0}}}};
    };
    const nlohmann::json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    nlohmann::json names;
    for (const std::string name : {"[CLS]", "[SEP]"}) {
      names[name] = {{"id", name}, {"ids", {vocabulary[name]}}, {"tokens", {name}}};
    }
    processor = {{"type", "TemplateProcessing"},
                 {"single", {token("[CLS]"), text, token("[SEP]")}},
                 {"pair", {token("[CLS]"), text, token("[SEP]")}},
                 {"special_tokens", names}};
  }
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", processor},
          {"decoder", nullptr},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", special[1]},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocabulary}}}};
}

// A computation with a family's random weights and letters for tokens.
struct OpenedFamily {
  explicit OpenedFamily(const std::string& name)
      : folder(fs::temp_directory_path() / ("headlight_family_" + name)) {
    fs::remove_all(folder);
    fs::copy(families_folder() / name, folder, fs::copy_options::recursive);
    const bool is_bert = name.starts_with("bert") || name.starts_with("sentence");
    const std::vector<std::string> special =
        is_bert ? std::vector<std::string>{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
                : std::vector<std::string>{"<pad>", "<unk>", "</s>"};
    std::ofstream(folder / "tokenizer.json") << letter_tokenizer(special, is_bert).dump();
    nlohmann::json names = {{"unk_token", special[1]}, {"pad_token", special[0]}};
    if (is_bert) names["mask_token"] = "[MASK]";
    std::ofstream(folder / "tokenizer_config.json") << names.dump();
    computation.open_model(folder.string());
    computation.wait_idle();
  }
  ~OpenedFamily() { fs::remove_all(folder); }

  Result run(const Document& document) {
    computation.request(document);
    computation.wait_idle();
    EXPECT_EQ(computation.error().en, "");
    return computation.result();
  }

  fs::path folder;
  Computation computation{"reference", 1, [] {}};
};

TEST(FamilyComputation, AnEncoderDecoderReadsBothTexts) {
  OpenedFamily opened("t5_gated");
  ASSERT_EQ(opened.computation.load_state().phase, LoadPhase::ready)
      << opened.computation.load_state().error.en;
  Document document;
  EXPECT_FALSE(opened.run(document).trace) << "nothing to read yet";
  document.source_text = "a b c d";
  const Result empty = opened.run(document);
  ASSERT_TRUE(empty.trace && empty.next && empty.wall);
  EXPECT_EQ(empty.trace->tokens(), (std::vector<TokenId>{0}));  // the decoder's start
  document.text = "e f";
  const Result first = opened.run(document);
  ASSERT_TRUE(first.trace && first.trace->source());
  EXPECT_EQ(first.trace->tokens(), (std::vector<TokenId>{0, 7, 8}));
  EXPECT_EQ(first.trace->source()->tokens(), (std::vector<TokenId>{3, 4, 5, 6}));
  EXPECT_EQ(first.trace->source(), empty.trace->source()) << "the source did not change";
  ASSERT_TRUE(first.scores);
  // Another kind of attention is another wall of the same pass.
  document.attention_part = AttentionPart::cross;
  const Result cross = opened.run(document);
  EXPECT_EQ(cross.trace, first.trace);
  EXPECT_EQ(cross.wall_part, AttentionPart::cross);
  EXPECT_EQ(cross.wall->queries, 3);
  EXPECT_EQ(cross.wall->keys, 4);
  document.attention_part = AttentionPart::encoder;
  EXPECT_EQ(opened.run(document).wall->queries, 4);
  // Another source is another pass, and other scores.
  document.source_text = "d c b a";
  const Result other = opened.run(document);
  EXPECT_NE(other.trace->source(), first.trace->source());
  EXPECT_NE(other.next->ranked[0].logit, first.next->ranked[0].logit);
  EXPECT_NE(other.scores->scores, first.scores->scores);
}

TEST(FamilyComputation, AMaskedModelIsAskedAtItsMask) {
  OpenedFamily opened("bert_masked");
  Document document;
  document.text = "a b [MASK] d";
  const Result asked = opened.run(document);
  ASSERT_TRUE(asked.next);
  EXPECT_EQ(asked.next_position, 3);  // behind [CLS] a b
  EXPECT_FALSE(asked.scores);         // there is no token before: nothing is predicted from the left
  document.query = 1;
  EXPECT_EQ(opened.run(document).next_position, 1);
  document.query.reset();
  document.text = "a b c";
  EXPECT_EQ(opened.run(document).next_position, 4);
}

TEST(FamilyComputation, ModelsWithoutTokensToPredictHaveNone) {
  for (const char* name : {"bert_classes", "sentence_mean", "bert_plain"}) {
    OpenedFamily opened(name);
    Document document;
    document.text = "a b c";
    const Result result = opened.run(document);
    ASSERT_TRUE(result.trace && result.trace->complete()) << name;
    EXPECT_FALSE(result.next) << name;
    EXPECT_FALSE(result.scores) << name;
    EXPECT_TRUE(result.wall) << name;
  }
}

}  // namespace
}  // namespace headlight
