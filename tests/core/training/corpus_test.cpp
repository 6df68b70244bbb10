// A folder of small files of every kind, and everything that can be wrong with a config or a file.
#include "core/training/corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/base/errors.h"
#include "core/base/sha256.h"
#include "core/training/bundled_sources.h"
#include "tests/core/model_files/safetensors_builder.h"
#include "tests/core/refusals.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

using nlohmann::json;

const std::string long_text(1000, 'x');

class CorpusTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) { folder_.write(name, bytes); }
  std::string hash(const std::string& name) const { return sha256_of_file(folder_ / name); }

  static json source(const std::string& path, const json& more = json::object()) {
    json object = {{"name", path}, {"path", path}};
    if (path.ends_with(".jsonl") && !more.contains("source")) object["text"] = "{text}";
    object.update(more);
    return object;
  }
  Corpus read(const std::vector<json>& sources) const {
    return read_corpus(data_settings_from_json({{"sources", sources}}, "config.json"), folder_.path());
  }
  // The message, which must name all of these.
  void refuses(const std::vector<json>& sources, const std::vector<std::string>& named) const {
    refuses_data({{"sources", sources}}, named);
  }
  void refuses_data(const json& data, const std::vector<std::string>& named) const {
    SCOPED_TRACE(data.dump());
    expect_refused([&] { read_corpus(data_settings_from_json(data, "config.json"), folder_.path()); }, named);
  }

  TemporaryFolder folder_;
};

TEST_F(CorpusTest, FillsTemplates) {
  write("a/chat.jsonl", R"({"q":"물음","a":"답","topic":"x"})"
                        "\n\n"
                        R"({"q":"2","a":")" +
                            long_text + "\"}\n");
  write("lists.jsonl", R"({"ko":["하나.","둘."],"en":["one.","two."],"empty":[]})"
                       "\r\n"
                       R"({"ko":[],"en":["three."]})");
  write("lines.txt",
        "\xEF\xBB\xBF"
        "first {line}\r\n\nsecond\n");
  const Corpus corpus = read({source("a/chat.jsonl", {{"text", "{q}\n{a}"}}),
                              source("lists.jsonl", {{"text", "<{ko}> {en}"}}), source("lines.txt")});
  std::vector<std::string> texts;
  for (const CorpusDocument& document : corpus.train) texts.push_back(document.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"물음\n답", "2\n" + long_text, "<하나. 둘.> one. two.",
                                             "<> three.", "first {line}", "second"}));
  EXPECT_EQ(corpus.train[1].source, 0);
  EXPECT_EQ(corpus.train[5].source, 2);
  EXPECT_EQ(corpus.counts[2].train_documents, 2);
  EXPECT_EQ(corpus.counts[2].train_bytes, 18);
  EXPECT_TRUE(corpus.valid.empty());
}

TEST_F(CorpusTest, SkipsEmptyDocuments) {
  write("a.jsonl", R"({"text":""})"
                   "\n"
                   R"({"text":")" +
                       long_text + "\"}");
  write("b.jsonl", R"({"en":"a","ko":""})"
                   "\n"
                   R"({"en":"b","ko":"c"})");
  EXPECT_EQ(read({source("a.jsonl")}).train.size(), 1U);
  write("c.jsonl", R"({"en":")" + long_text + R"(","ko":"c"})");
  const json fields = {{"source", "{ko}"}, {"target", "{en}"}};
  EXPECT_EQ(read({source("b.jsonl", fields), source("c.jsonl", fields)}).train.size(), 2U);
}

TEST_F(CorpusTest, ReadsTranslationsAndLabels) {
  write("pairs.jsonl", R"({"en":"Hi.","ko":"안녕."})"
                       "\n"
                       R"({"en":")" +
                           long_text + R"(","ko":"길다."})");
  const Corpus pairs = read({source("pairs.jsonl", {{"source", "{ko}"}, {"target", "{en}"}})});
  EXPECT_EQ(pairs.train[0].text, "안녕.");
  EXPECT_EQ(pairs.train[0].target, "Hi.");
  EXPECT_EQ(pairs.train[0].label, -1);

  write("labels.jsonl", R"({"text":"good","label":1})"
                        "\n"
                        R"({"text":")" +
                            long_text + R"(","label":0})");
  const Corpus labelled = read({source("labels.jsonl", {{"label", "label"}})});
  EXPECT_EQ(labelled.train[0].label, 1);
  EXPECT_EQ(labelled.train[1].label, 0);

  refuses({source("labels.jsonl", {{"label", "text"}})}, {"labels.jsonl", "line 1", "'text'", "class"});
  write("one.jsonl", R"({"text":")" + long_text + R"(","label":1})");
  refuses({source("one.jsonl", {{"label", "label"}})}, {"class 1", "two"});
  refuses({source("labels.jsonl", {{"label", "label"}}), source("one.jsonl")}, {"one.jsonl", "mixed"});
}

TEST_F(CorpusTest, HoldsOutAndKeepsThatAwayFromTraining) {
  std::string lines;
  for (int i = 1; i <= 100; ++i) lines += "document number " + std::to_string(i) + "\n";
  write("all.txt", lines);
  write("held.txt", "document number 7\nsomething else\n");
  write("last.txt", "document number 9\n");
  const Corpus corpus =
      read({source("all.txt", {{"hold_out_every", 20}}), source("held.txt", {{"part", "valid"}}),
            source("last.txt", {{"part", "test"}})});
  ASSERT_EQ(corpus.valid.size(), 7U);
  EXPECT_EQ(corpus.valid[0].text, "document number 20");
  EXPECT_EQ(corpus.valid[4].text, "document number 100");
  EXPECT_EQ(corpus.valid[5].source, 1);
  ASSERT_EQ(corpus.test.size(), 1U);
  EXPECT_EQ(corpus.train.size(), 93U);
  EXPECT_EQ(corpus.counts[0].train_documents, 93);
  EXPECT_EQ(corpus.counts[0].held_out_documents, 5);
  EXPECT_EQ(corpus.counts[0].left_out, 2);
  EXPECT_EQ(corpus.counts[1].held_out_bytes, 31);
  std::set<std::string> held_out;
  for (const CorpusDocument& document : corpus.valid) held_out.insert(document.text);
  std::int64_t bytes = 0;
  for (const CorpusDocument& document : corpus.train) {
    EXPECT_FALSE(held_out.contains(document.text));
    bytes += static_cast<std::int64_t>(document.text.size());
  }
  EXPECT_EQ(corpus.counts[0].train_bytes, bytes);
}

TEST(CorpusPasses, RepeatWhatTheConfigSays) {
  for (const double repeat : {0.0, 0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 6.0}) {
    for (const std::int64_t pass : {0, 1, 7}) {
      std::int64_t total = 0;
      for (std::int64_t i = 0; i < 1000; ++i) total += copies(repeat, i, pass);
      EXPECT_NEAR(static_cast<double>(total), 1000 * repeat, 1.0) << repeat;
    }
  }
  for (std::int64_t i = 0; i < 10; ++i) EXPECT_EQ(copies(0.5, i, 0) + copies(0.5, i, 1), 1);

  Corpus corpus;
  corpus.sources.resize(2);
  corpus.sources[0].repeat = 2;
  corpus.sources[1].repeat = 0.5;
  for (int i = 0; i < 3; ++i) corpus.train.push_back({"a", "", "", -1, 0});
  for (int i = 0; i < 4; ++i) corpus.train.push_back({"b", "", "", -1, 1});
  EXPECT_EQ(documents_of_pass(corpus, 0), (std::vector<std::size_t>{0, 0, 1, 1, 2, 2, 4, 6}));
  EXPECT_EQ(documents_of_pass(corpus, 1), (std::vector<std::size_t>{0, 0, 1, 1, 2, 2, 3, 5}));
}

TEST(CorpusPasses, VocabularyCountsAsTheConfigSays) {
  Corpus corpus;
  corpus.sources.resize(2);
  corpus.sources[0].vocabulary_repeat = 3;
  corpus.sources[1].vocabulary_repeat = 0;
  corpus.train = {{"banana", "", "", -1, 0}, {"xyxyxyxyxy", "", "", -1, 1}, {"", "banana", "", -1, 0}};
  const TrainedBytePairs trained = train_byte_pairs(corpus_words(corpus), {400, {}, 6, TextFrame::none});
  ASSERT_EQ(trained.pieces.size(), 260U);  // an, anan of "banana", each 6 times; no xy
  for (const std::string& piece : trained.pieces) EXPECT_NE(piece, "xy");
}

TEST_F(CorpusTest, RefusesTooLittle) {
  write("tiny.txt", "one\ntwo\n");
  refuses({source("tiny.txt")}, {"2 documents", "6 bytes", "1000 bytes"});
  write("blank.txt", "\n\n\n");
  refuses({source("blank.txt")}, {"0 documents", "1000 bytes"});
  write("empty.txt", "");
  refuses({source("empty.txt")}, {"empty.txt", "empty"});
  write("all_held.txt", long_text);
  refuses({source("all_held.txt", {{"part", "valid"}})}, {"0 documents"});
}

TEST_F(CorpusTest, RefusesFilesThatAreNotAsTheConfigSays) {
  refuses({source("missing.txt")}, {"missing.txt"});
  write("a.txt", long_text);
  const std::string right = hash("a.txt");
  EXPECT_EQ(read({source("a.txt", {{"sha256", right}})}).train.size(), 1U);
  write("a.txt", long_text + "y");
  refuses({source("a.txt", {{"sha256", right}})}, {"a.txt", right, hash("a.txt")});
  write("bad.txt", long_text + "\ncaf\xE9\n");
  refuses({source("bad.txt")}, {"bad.txt", "line 2", "UTF-8"});
  write("bad.jsonl", R"({"text":"a"})"
                     "\n"
                     R"({"text":"a")");
  refuses({source("bad.jsonl")}, {"bad.jsonl", "line 2"});
  write("list.jsonl", "[1]");
  refuses({source("list.jsonl")}, {"list.jsonl", "line 1", "array"});
  write("fields.jsonl", R"({"other":"a","list":["a",1],"number":3})");
  refuses({source("fields.jsonl")}, {"fields.jsonl", "line 1", "'text'"});
  for (const char* field : {"list", "number"}) {
    refuses({source("fields.jsonl", {{"text", std::string("{") + field + "}"}})}, {"line 1", field});
  }
}

TEST_F(CorpusTest, RefusesTemplatesThatAreNone) {
  write("a.jsonl", R"({"text":")" + long_text + "\"}");
  for (const char* wrong : {"text", "{text", "text}", "{}", "{{text}}", "{text}}", "{te{xt}", "}text{"})
    refuses({source("a.jsonl", {{"text", wrong}})}, {"template", wrong});
}

TEST_F(CorpusTest, RefusesConfigsThatMakeNoSense) {
  write("a.txt", long_text);
  write("a.jsonl", R"({"text":")" + long_text + "\"}");
  EXPECT_EQ(read({source("a.txt")}).train.size(), 1U);
  refuses({source("a.txt", {{"weight", 2}})}, {"config.json", "data.sources[0].weight", "repeat"});
  refuses_data({{"sources", {source("a.txt")}}, {"bundeld", true}}, {"data.bundeld", "bundled"});
  refuses_data({{"sources", json::array()}}, {"data.sources"});
  refuses_data(json::array(), {"data"});
  refuses_data({{"sources", {3}}}, {"data.sources[0]"});
  refuses_data(json::object(), {"data.sources", "missing"});
  refuses({json{{"name", "x"}}}, {"data.sources[0].path", "missing"});
  refuses({source("a.txt"), source("a.txt")}, {"data.sources[1].name", "a.txt"});
  for (const char* path : {"/etc/passwd", "../a.txt", "a/../a.txt"}) refuses({source(path)}, {"path", path});
  for (const json& wrong : {json(-1), json("2"), json(nullptr), json(1e9), json(true)})
    refuses({source("a.txt", {{"repeat", wrong}})}, {"data.sources[0].repeat", wrong.dump().substr(0, 4)});
  for (const json& wrong : {json(0), json(1), json(2.5), json(UINT64_MAX)})
    refuses({source("a.txt", {{"hold_out_every", wrong}})}, {"hold_out_every"});
  refuses({source("a.txt", {{"part", "dev"}})}, {"part", "dev", "valid"});
  refuses({source("a.txt", {{"part", "valid"}, {"repeat", 2}})}, {"repeat", "held out"});
  refuses({source("a.txt", {{"sha256", "abc"}})}, {"sha256", "64"});
  refuses({source("a.txt", {{"label", "x"}})}, {"a.txt", ".jsonl"});
  refuses({source("a.jsonl", {{"text", "{text}"}, {"source", "{text}"}})}, {"source", "text"});
  refuses({source("a.jsonl", {{"source", "{text}"}})}, {"target", "missing"});
  refuses({source("a.jsonl", {{"text", ""}})}, {"text"});
}

TEST_F(CorpusTest, TellsProgressAndStops) {
  write("a.txt", long_text);
  const DataSettings settings = data_settings_from_json(
      {{"sources", {source("a.txt"), source("a.txt", {{"name", "b"}})}}}, "config.json");
  std::vector<float> shares;
  read_corpus(settings, folder_.path(), [&](float share) { shares.push_back(share); });
  EXPECT_EQ(shares, (std::vector<float>{0.5F, 1.0F}));
  EXPECT_THROW(read_corpus(settings, folder_.path(), [](float) { throw std::runtime_error("stop"); }),
               std::runtime_error);
}

TEST(BytePairSettingsFromJson, ReadsAndRefuses) {
  const json right = {{"vocabulary_size", 600}, {"special_tokens", {"<bos>", "<eos>"}}, {"frame", "end"}};
  const BytePairSettings settings = byte_pair_settings_from_json(right, "config.json");
  EXPECT_EQ(settings.vocabulary_size, 600);
  EXPECT_EQ(settings.special_tokens, (std::vector<std::string>{"<bos>", "<eos>"}));
  EXPECT_EQ(settings.frame, TextFrame::end);
  EXPECT_EQ(settings.least_count, 2);
  for (const json& wrong : {json{{"vocabulary_size", 257}}, json{{"vocabulary_size", "600"}},
                            json{{"special_tokens", {1}}}, json{{"special_tokens", "<bos>"}},
                            json{{"frame", "begin"}}, json{{"size", 1}}, json{{"least_count", 0}}}) {
    json object = right;
    object.update(wrong);
    try {
      byte_pair_settings_from_json(object, "config.json");
      FAIL() << object.dump();
    } catch (const FileError& error) {
      const std::string key = "tokenizer." + wrong.items().begin().key();
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  }
}

json config(const std::filesystem::path& path) {
  std::ifstream file(path);
  return json::parse(file);
}

TEST(BundledModels, LearnOnlyFromWhatTheListAllows) {
  std::size_t configs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/assets/training")) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path());
    const json whole = config(entry.path());
    if (!whole.contains("data")) continue;  // no config: what a finished model is asked
    ++configs;
    json data = whole.at("data");
    const std::string path = entry.path();
    const DataSettings settings = data_settings_from_json(data, path);
    EXPECT_TRUE(settings.bundled);
    const auto is_file = [](const CorpusSource& source) { return source.generated == 0; };
    const auto file = std::find_if(settings.sources.begin(), settings.sources.end(), is_file);
    if (file == settings.sources.end()) continue;  // all made up by a rule, from no text
    for (const CorpusSource& source : settings.sources) {
      if (!is_file(source)) continue;
      const BundledSource* known = bundled_source(source.sha256);
      ASSERT_NE(known, nullptr);
      EXPECT_EQ(source.path, known->path);
      EXPECT_NE(source.licence.find_first_of("MCp"), std::string::npos);
    }
    if (whole.contains("tokenizer")) byte_pair_settings_from_json(whole.at("tokenizer"), path);

    for (const char* change : {"sha256", "licence", "unnamed"}) {
      json changed = data;
      json& first = changed["sources"][static_cast<std::size_t>(file - settings.sources.begin())];
      if (change == std::string("sha256")) first["sha256"] = std::string(64, '0');
      if (change == std::string("licence")) first["licence"] = "CC-BY-SA-4.0";
      if (change == std::string("unnamed")) first.erase("sha256");
      EXPECT_THROW(data_settings_from_json(changed, path), FileError) << change;
      changed["bundled"] = false;
      EXPECT_NO_THROW(data_settings_from_json(changed, path)) << change;
    }
  }
  EXPECT_GE(configs, 4U);
}

TEST(BundledModels, TheListHasNoShareAlikeText) {
  std::set<std::string_view> hashes;
  for (const BundledSource& source : bundled_sources()) {
    EXPECT_TRUE(hashes.insert(source.sha256).second) << source.path;
    EXPECT_EQ(source.sha256.size(), 64U);
    EXPECT_EQ(source.licence.find("-SA"), std::string_view::npos);
    EXPECT_EQ(source.licence.find("NC"), std::string_view::npos);
    const std::string_view folder = source.path.substr(0, source.path.find('/'));
    for (const char* other : {"jhe_koen", "korsts_stsb", "kobest_ko", "intent_3i4k_ko"})
      EXPECT_NE(folder, other);
  }
  EXPECT_EQ(bundled_source(std::string(64, '0')), nullptr);
}

}  // namespace
}  // namespace headlight
