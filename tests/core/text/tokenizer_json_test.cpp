// tokenizer.json: damaged and unknown values are refused by name; parts that the golden kinds do not have.
#include <gtest/gtest.h>

#include <functional>

#include "core/base/errors.h"
#include "tests/core/text/tokenizer_kinds.h"

namespace headlight::test {
namespace {

using nlohmann::json;

struct Damage {
  const char* name;
  const char* kind;
  std::function<void(json&)> make;
  const char* message;  // part of what must be said
};

// Sets the value at a JSON pointer ("/model/vocab").
std::function<void(json&)> set(const char* place, json value) {
  return [place, value](json& document) { document[json::json_pointer(place)] = value; };
}

std::function<void(json&)> without(const char* parent, const char* key) {
  return [parent, key](json& document) { document[json::json_pointer(parent)].erase(key); };
}

json nested(const char* list, int depth) {
  json value = {{"type", "Lowercase"}};
  for (int level = 0; level < depth; ++level) value = {{"type", "Sequence"}, {list, json::array({value})}};
  return value;
}

const std::vector<Damage>& damages() {
  static const std::vector<Damage> list = {
      {"not_an_object", "gpt2", [](json& document) { document = json::array(); },
       "is a array, not an object"},
      {"no_model", "gpt2", without("", "model"), "has no 'model'"},
      {"model_text", "gpt2", set("/model", "BPE"), "is a string, not an object"},
      {"model_unknown", "gpt2", set("/model/type", "Patches"), "knows BPE, WordPiece, Unigram and WordLevel"},
      {"no_vocab", "gpt2", without("/model", "vocab"), "has no 'vocab'"},
      {"vocab_array", "gpt2", set("/model/vocab", json::array()), "is a array, not an object"},
      {"vocab_empty", "gpt2", set("/model/vocab", json::object()), "'tokenizer.json.model.vocab' is empty"},
      {"id_text", "gpt2", set("/model/vocab/a", "7"), "gives 'a' a string, not an id"},
      {"id_negative", "gpt2", set("/model/vocab/a", -1), "has the id -1"},
      {"id_huge", "gpt2", set("/model/vocab/a", 4'000'000'000U), "has the id 4000000000"},
      {"no_merges", "gpt2", without("/model", "merges"), "has no 'merges'"},
      {"merges_object", "gpt2", set("/model/merges", json::object()), "is a object, not an array"},
      {"merge_number", "gpt2", set("/model/merges/3", 4), "holds a number at 3"},
      {"merge_three", "gpt2", set("/model/merges/3", "a b c"), "the rule 3 'a·b·c'"},
      {"merge_list_of_one", "gpt2", set("/model/merges/3", json::array({"a"})), "holds a array at 3"},
      {"merge_unknown", "gpt2", set("/model/merges/3", "QQQ a"), "needs the piece 'QQQ' in the rule 3"},
      {"merge_unmade", "gpt2", set("/model/merges/3", "~ ~"), "needs the piece '~~'"},
      {"dropout", "gpt2", set("/model/dropout", 0.1), "left out at random"},
      {"fuse_text", "gpt2", set("/model/fuse_unk", "no"), "is a string, not true or false"},
      {"unknown_missing", "bert_cased", set("/model/unk_token", "[QQQ]"), "'[QQQ]', which is not in 'vocab'"},
      {"longest_negative", "bert_cased", set("/model/max_input_chars_per_word", -5), "is negative"},
      {"longest_text", "bert_cased", set("/model/max_input_chars_per_word", "9"), "not an integer"},
      {"unigram_object", "xlmr", set("/model/vocab", json::object()), "is a object, not an array"},
      {"unigram_empty", "xlmr", set("/model/vocab", json::array()), "vocab' is empty"},
      {"unigram_entry", "xlmr", set("/model/vocab/5", json::array({"a"})),
       "vocab[5]' is not a piece and its score"},
      {"unigram_score", "xlmr", set("/model/vocab/5", json::array({"a", "b"})), "vocab[5][1]' is a string"},
      {"unigram_unknown", "xlmr", set("/model/unk_id", 440), "is 440, outside the vocabulary of 440"},
      {"normalizer_unknown", "qwen2", set("/normalizer/type", "NFX"),
       "is \"NFX\"; this program knows Sequence, NFC"},
      {"normalizer_typeless", "qwen2", without("/normalizer", "type"), "has no 'type'"},
      {"normalizer_deep", "qwen2", set("/normalizer", nested("normalizers", 40)), "nested more than 16 deep"},
      {"splitter_deep", "qwen2", set("/pre_tokenizer", nested("pretokenizers", 40)),
       "nested more than 16 deep"},
      {"replace_group", "gemma",
       set("/normalizer", {{"type", "Replace"}, {"pattern", {{"Regex", "(a)"}}}, {"content", "$1"}}),
       "refers to groups"},
      {"replace_patternless", "gemma", set("/normalizer/pattern", json::object()),
       "has neither 'String' nor 'Regex'"},
      {"map_not_base64", "t5", set("/normalizer/precompiled_charsmap", "a*=="), "is not base64"},
      {"map_short", "t5", set("/normalizer/precompiled_charsmap", "AAA="), "the size of its trie"},
      {"map_cut", "t5", set("/normalizer/precompiled_charsmap", "/////w=="), "not some times four"},
      {"splitter_unknown", "gpt2", set("/pre_tokenizer/type", "UnicodeScripts"),
       "is \"UnicodeScripts\"; this program knows"},
      {"regex_broken", "llama3", set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "a("),
       "does not compile"},
      {"regex_possessive", "llama3", set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "a{1,3}+"),
       "uses '}+'"},
      {"regex_nested_class", "llama3", set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "[a[b]]"),
       "a class inside a class"},
      {"regex_intersection", "llama3", set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "[a&&b]"),
       "uses '&&'"},
      {"regex_long", "llama3", set("/pre_tokenizer/pretokenizers/0/pattern/Regex", std::string(30'000, 'a')),
       "30000 characters"},
      {"behavior", "llama3", set("/pre_tokenizer/pretokenizers/0/behavior", "Merged"),
       "knows Removed, Isolated"},
      {"metaspace_scheme", "xlmr", set("/pre_tokenizer/prepend_scheme", "last"),
       "knows always, first and never"},
      {"delimiter", "words_by_comma", set("/pre_tokenizer/pretokenizers/0/delimiter", "ab"),
       "is not a single character"},
      {"length_zero", "words_by_comma", set("/pre_tokenizer/pretokenizers/1/length", 0), "is less than 1"},
      {"processor_unknown", "gpt2", set("/post_processor/type", "Other"),
       "knows Sequence, TemplateProcessing"},
      {"template_pair", "t5", set("/post_processor/single/0/Sequence/id", "B"), "is not the text itself"},
      {"template_textless", "t5", set("/post_processor/single", json::array()), "has the text 0 times"},
      {"template_token", "t5", set("/post_processor/single/1/SpecialToken/id", "<q>"), "has no '<q>'"},
      {"template_id", "t5", set("/post_processor/special_tokens/<~1s>/ids/0", 5000), "adds the token 5000"},
      {"cls_alone", "roberta", set("/post_processor/cls", json::array({"<s>"})), "is not a token and its id"},
      {"added_object", "gpt2", set("/added_tokens", json::object()), "is a object, not an array"},
      {"added_idless", "gpt2", without("/added_tokens/0", "id"), "has no 'id'"},
      {"added_far", "gpt2", set("/added_tokens/0", {{"id", 900'000'000}, {"content", "<far>"}}),
       "far outside the vocabulary"},
      {"added_contentless", "gpt2", without("/added_tokens/0", "content"), "has no 'content'"},
      {"added_flag", "gpt2", set("/added_tokens/0/lstrip", 1), "is a number, not true or false"},
      {"decoder_typeless", "gpt2", without("/decoder", "type"), "has no 'type'"},
  };
  return list;
}

TEST(TokenizerJson, every_damage_is_refused_by_name) {
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.name);
    json document = kind_json(damage.kind);
    damage.make(document);
    try {
      tokenizer_of(document);
      ADD_FAILURE() << "was accepted";
    } catch (const FileError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.rfind("model: ", 0), 0U) << message;
      EXPECT_NE(message.find(damage.message), std::string::npos) << message;
      EXPECT_EQ(invalid_utf8_offset(message), std::nullopt);
    }
  }
}

TEST(TokenizerJson, text_that_is_no_json_is_refused_wherever_it_is_cut) {
  const std::string text = kind_json("prefix").dump();
  HuggingFaceTokenizerFiles files;
  for (std::size_t size = 0; size < text.size(); size += 1 + size / 50) {
    files.tokenizer_json = text.substr(0, size);
    EXPECT_THROW(tokenizer_from_hugging_face(files, "model"), FileError) << size;
  }
  files.tokenizer_json = "{\"model\":\"\xFF\"}";
  EXPECT_THROW(tokenizer_from_hugging_face(files, "model"), FileError);
  EXPECT_THROW(tokenizer_from_hugging_face({}, "model"), FileError);
}

TEST(TokenizerJson, merges_may_be_texts_or_lists_and_models_may_leave_out_their_type) {
  json document = kind_json("gpt2");
  const std::string text = "The lamp lights a page, 책상 위의 등불.";
  const auto expected = tokenizer_of(document)->encode(text);
  for (json& rule : document["model"]["merges"])
    rule = rule[0].get<std::string>() + " " + rule[1].get<std::string>();
  EXPECT_EQ(tokenizer_of(document)->encode(text), expected);
  document["model"].erase("type");
  EXPECT_EQ(tokenizer_of(document)->encode(text), expected);
  for (const char* kind : {"bert_cased", "xlmr"}) {
    json other = kind_json(kind);
    const auto tokens = tokenizer_of(other)->encode(text);
    other["model"].erase("type");
    EXPECT_EQ(tokenizer_of(other)->encode(text), tokens) << kind;
  }
}

TEST(TokenizerJson, small_files_name_tokens_and_add_some) {
  HuggingFaceTokenizerFiles files;
  files.tokenizer_json = kind_json("roberta").dump();
  files.tokenizer_config_json = R"({"bos_token":"<s>","eos_token":{"content":"</s>"},"mask_token":"<mask>",
      "added_tokens_decoder":{"700":{"content":"<new>","special":true,"normalized":false}}})";
  files.special_tokens_map_json =
      R"({"pad_token":"<pad>","sep_token":"</s>","cls_token":"<s>","unk_token":"missing"})";
  files.generation_config_json = R"({"eos_token_id":[7,2,99999]})";
  const auto tokenizer = tokenizer_from_hugging_face(files, "model");
  const NamedTokens& named = tokenizer->named_tokens();
  EXPECT_EQ(named.beginning_of_text, 0);
  EXPECT_EQ(named.end_of_text, 2);
  EXPECT_EQ(named.padding, 1);
  EXPECT_EQ(named.separator, 2);
  EXPECT_EQ(named.classification, 0);
  EXPECT_EQ(tokenizer->mask_token(), 4);
  EXPECT_EQ(named.unknown, std::nullopt);
  EXPECT_EQ(named.ends, (std::vector<TokenId>{7, 2}));
  EXPECT_EQ(tokenizer->vocabulary_size(), 701);
  EXPECT_TRUE(tokenizer->is_special(700));
  EXPECT_EQ(tokenizer->encode("<new>").at(1), (Token{700, 0, 5}));
  for (const char* damaged :
       {"[]", "{\"bos_token\":3}", "{\"added_tokens_decoder\":{\"x\":{\"content\":\"y\"}}}", "{"}) {
    files.tokenizer_config_json = damaged;
    EXPECT_THROW(tokenizer_from_hugging_face(files, "model"), FileError) << damaged;
  }
}

TEST(TokenizerJson, bytes_that_are_not_utf8_have_their_own_tokens_and_keep_spans) {
  for (const auto& [name, kind] : tokenizer_kinds().at("kinds").items()) {
    SCOPED_TRACE(name);
    const auto tokenizer = tokenizer_of(kind_json(name));
    std::mt19937 random(7);
    for (int count = 0; count < 300; ++count) {
      const std::string text = random_bytes(random) + random_unicode(random) + random_bytes(random);
      for (const Token& token : tokenizer->encode(text)) {
        ASSERT_LE(token.begin, token.end);
        ASSERT_LE(token.end, text.size());
        ASSERT_LT(token.id, tokenizer->vocabulary_size());
      }
      tokenizer->merge_history(text);
      tokenizer->lattice(text);
    }
  }
  const auto llama = tokenizer_of(kind_json("llama2"));
  const std::vector<Token> tokens = llama->encode("a\xFF한");
  ASSERT_GE(tokens.size(), 4U);
  const auto byte = std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.begin == 1; });
  ASSERT_NE(byte, tokens.end());
  EXPECT_EQ(llama->piece(byte->id), "<0xFF>");
  EXPECT_EQ(byte->end, 2U);
  const auto bert = tokenizer_of(kind_json("bert_cased"));
  EXPECT_EQ(bert->encode("\xFF").at(1), (Token{1, 0, 1}));
}

}  // namespace
}  // namespace headlight::test
