// Damaged tokenizer metadata: each is refused with a FileError that begins with the path and names the fault.
#include <gtest/gtest.h>

#include <functional>

#include "core/base/errors.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight::test {
namespace {

using nlohmann::json;

struct Damage {
  const char* name;
  std::function<void(json&)> make;
  const char* message;  // part of what must be said
};

const std::vector<Damage>& damages() {
  static const auto set = [](const char* key, json value) {
    return [key, value](json& metadata) { metadata[std::string("tokenizer.ggml.") + key] = value; };
  };
  static const auto without = [](const char* key) {
    return [key](json& metadata) { metadata.erase(std::string("tokenizer.ggml.") + key); };
  };
  static const auto at = [](const char* key, std::size_t index, json value) {
    return [key, index, value](json& metadata) {
      metadata[std::string("tokenizer.ggml.") + key].at(index) = value;
    };
  };
  static const std::vector<Damage> list = {
      {"not_an_object", [](json& metadata) { metadata = json::array(); }, "not a list of keys"},
      {"no_model", without("model"), "'tokenizer.ggml.model' is missing"},
      {"model_number", set("model", 3), "is a number, not a string"},
      {"model_unknown", set("model", "rwkv"), "is 'rwkv'; this program knows gpt2"},
      {"model_not_utf8", set("model", "\xFF\x1B"), "<0xFF><0x1B>"},
      {"no_pre", without("pre"), "'tokenizer.ggml.pre' is missing"},
      {"pre_unknown", set("pre", "qwen9"), "'qwen9' is not known; this program knows smollm, "},
      {"no_tokens", without("tokens"), "'tokenizer.ggml.tokens' is missing"},
      {"tokens_text", set("tokens", "a"), "is a string, not an array"},
      {"tokens_empty", set("tokens", json::array()), "is empty"},
      {"token_number", at("tokens", 7, 1.5), "holds a number at 7"},
      {"token_twice", at("tokens", 8, "<|im_end|>"), "in the vocabulary twice, as 2 and as 8"},
      {"token_not_utf8", at("tokens", 8, "a\xC0"), "is not UTF-8 at its byte 1"},
      {"special_empty", at("tokens", 1, ""), "the special piece 1 is empty"},
      {"types_text", set("token_type", "a"), "is a string, not an array"},
      {"types_short", set("token_type", {1, 3}), "has 2 entries for 600 pieces"},
      {"type_text", at("token_type", 5, "a"), "holds a string where an integer belongs"},
      {"type_float", at("token_type", 5, 1.0), "where an integer belongs"},
      {"type_huge", at("token_type", 5, 0xFFFFFFFFFFFFFFFFULL), "where an integer belongs"},
      {"type_zero", at("token_type", 5, 0), "gives piece 5 the type 0"},
      {"type_sentencepiece_byte", at("token_type", 5, 6), "gives piece 5 the type 6"},
      {"no_byte_tokens",
       [](json& metadata) {
         metadata["tokenizer.ggml.tokens"] = {"ab", "cd"};
         metadata["tokenizer.ggml.token_type"] = {1, 1};
       },
       "no token for any single byte"},
      {"no_merges", without("merges"), "'tokenizer.ggml.merges' is missing"},
      {"merge_number", at("merges", 3, 4), "holds a number at 3"},
      {"merge_one_piece", at("merges", 3, "ab"), "is not two pieces with one space"},
      {"merge_three_pieces", at("merges", 3, "a b c"), "is not two pieces with one space"},
      {"merge_left_empty", at("merges", 3, " b"), "has an empty piece"},
      {"merge_right_empty", at("merges", 3, "a "), "has an empty piece"},
      {"merge_unknown_left", at("merges", 3, "QQQ a"), "needs the piece 'QQQ'"},
      {"merge_unknown_right", at("merges", 3, "a QQQ"), "needs the piece 'QQQ'"},
      {"merge_unknown_result", at("merges", 3, "~ ~"), "needs the piece '~~'"},
      {"merge_not_utf8", at("merges", 3, "a \xFF"), "needs the piece '<0xFF>'"},
      {"merge_twice",
       [](json& metadata) {
         auto& merges = metadata["tokenizer.ggml.merges"];
         merges.at(9) = merges.at(2);
       },
       "merge rule 9"},
      {"bos_outside", set("bos_token_id", 600), "is 600, outside the vocabulary of 600"},
      {"bos_negative", set("bos_token_id", -1), "is -1, outside"},
      {"bos_text", set("bos_token_id", "1"), "where an integer belongs"},
      {"eos_outside", set("eos_token_id", 1'000'000'000'000), "outside the vocabulary"},
      {"add_bos_number", set("add_bos_token", 1), "is a number, not true or false"},
      {"add_bos_without_bos",
       [](json& metadata) {
         metadata["tokenizer.ggml.add_bos_token"] = true;
         metadata.erase("tokenizer.ggml.bos_token_id");
       },
       "there is no 'tokenizer.ggml.bos_token_id'"},
      {"add_eos_without_eos",
       [](json& metadata) {
         metadata["tokenizer.ggml.add_eos_token"] = true;
         metadata.erase("tokenizer.ggml.eos_token_id");
       },
       "there is no 'tokenizer.ggml.eos_token_id'"},
      {"space_prefix", set("add_space_prefix", true), "would change the ids"},
  };
  return list;
}

TEST(GgufTokenizer, every_damage_is_refused_by_name) {
  const json sound = small_metadata();
  ASSERT_NO_THROW(tokenizer_from_gguf(sound, "m.gguf"));
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.name);
    json metadata = sound;
    damage.make(metadata);
    try {
      tokenizer_from_gguf(metadata, "m.gguf");
      ADD_FAILURE() << "was accepted";
    } catch (const FileError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.rfind("m.gguf: ", 0), 0U) << message;
      EXPECT_NE(message.find(damage.message), std::string::npos) << message;
      EXPECT_EQ(invalid_utf8_offset(message), std::nullopt);
    }
  }
}

TEST(GgufTokenizer, unused_and_unreachable_pieces_are_no_fault) {
  json metadata = small_metadata();
  metadata["tokenizer.ggml.tokens"].push_back("<unused> \u2581");
  metadata["tokenizer.ggml.token_type"].push_back(5);
  metadata["tokenizer.ggml.tokens"].push_back("한 글");
  metadata["tokenizer.ggml.token_type"].push_back(1);
  metadata["tokenizer.ggml.tokens"].push_back("<tool>");
  metadata["tokenizer.ggml.token_type"].push_back(4);
  const auto tokenizer = tokenizer_from_gguf(metadata, "m.gguf");
  EXPECT_EQ(tokenizer->bytes(600), "<unused> \u2581");
  EXPECT_EQ(tokenizer->bytes(601), "한 글");
  for (const Token& token : tokenizer->encode("<unused> \u2581 한 글")) EXPECT_LT(token.id, 600);
  EXPECT_EQ(tokenizer->encode("a<tool>b").at(1), (Token{602, 1, 7}));
  EXPECT_FALSE(tokenizer->is_special(602));  // a user's token is text, a control token is not
  EXPECT_TRUE(tokenizer->is_special(2));
  metadata.erase("tokenizer.ggml.token_type");
  EXPECT_FALSE(tokenizer_from_gguf(metadata, "m.gguf")->is_special(2));
}

}  // namespace
}  // namespace headlight::test
