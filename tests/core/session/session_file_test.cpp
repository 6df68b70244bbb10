#include "core/session/session_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/session/located_json.h"
#include "tests/core/said_in_both.h"
#include "tests/core/session/random_documents.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

class SessionFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("headlight_session_file_test_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  void write(const char* name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path folder_;
};

// The most that the window learns from.
std::string text_to_learn_from(char ends_with) {
  std::string text;
  while (text.size() + 20 < 300'000) text += "등불이 켜졌다. ";
  return text + ends_with;
}

// NaN is not equal to itself: compared as text, in which it has one spelling.
void expect_same(const Document& read, const Document& written) {
  EXPECT_EQ(session_text(read), session_text(written));
  Document a = read, b = written;
  a.interventions.clear();
  b.interventions.clear();
  EXPECT_TRUE(a == b);
}

template <class Parse>
LocatedError refusal(const Parse& parse) {
  try {
    parse();
  } catch (const LocatedError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return {0, ""};
}

std::string changed(const std::function<void(nlohmann::json&)>& change) {
  nlohmann::json json = nlohmann::json::parse(session_text(Document{}));
  change(json);
  return json.dump(1);
}

TEST_F(SessionFile, EveryDocumentComesBack) {
  test::RandomDocuments documents(7);
  for (int i = 0; i < 1000; ++i) {
    const Document document = documents.next();
    const std::string text = session_text(document);
    EXPECT_LT(text.size(), 100'000U);
    const OpenedSession opened = parse_session(text);
    EXPECT_TRUE(opened.notes.empty()) << opened.notes.front().en;
    expect_same(opened.document, document);
    ASSERT_FALSE(HasFailure()) << text;
  }
}

TEST_F(SessionFile, IsSmallAlsoWithSteeringVectorsOfALargeModel) {
  Document document;
  document.text = std::string(20'000, 'x');
  for (int i = 0; i < 3; ++i) {
    AddDirection add{std::vector<float>(4096), 3.0F};
    for (std::size_t at = 0; at < add.direction.size(); ++at)
      add.direction[at] = 0.1F / static_cast<float>(at + 1);
    document.interventions.push_back({Hook::resid_post, i, {}, {}, add});
  }
  const std::string text = session_text(document);
  EXPECT_LT(text.size(), 100'000U);
  EXPECT_TRUE(parse_session(text).document == document);
}

// What the user typed is never refused or cut for its length.
TEST_F(SessionFile, ALongTextIsKeptWhole) {
  Document document;
  for (int i = 0; i < 200'000; ++i) document.text += "등불 \x01 ";
  write_session(document, path("long.headlight"));
  EXPECT_TRUE(read_session(path("long.headlight")).document == document);
}

TEST_F(SessionFile, ALongTextToLearnFromLiesBesideTheSession) {
  Document document;
  document.learning.text = text_to_learn_from('a');
  write_session(document, path("a.headlight"));
  EXPECT_LT(fs::file_size(path("a.headlight")), 10'000U);
  ASSERT_EQ(files().size(), 2U);
  const fs::path first = folder_ / files().back();
  EXPECT_EQ(fs::file_size(first), document.learning.text.size());
  EXPECT_TRUE(read_session(path("a.headlight")).document == document);

  const auto written = fs::last_write_time(first) - std::chrono::hours(1);
  fs::last_write_time(first, written);
  document.seed = 7;
  write_session(document, path("a.headlight"));
  EXPECT_EQ(fs::last_write_time(first), written);  // the same text is not written again
  EXPECT_TRUE(read_session(path("a.headlight")).document == document);

  write_session(document, path("b.headlight"));  // each session has its own
  document.learning.text = text_to_learn_from('b');
  write_session(document, path("a.headlight"));
  EXPECT_FALSE(fs::exists(first));
  EXPECT_EQ(files().size(), 4U);
  EXPECT_TRUE(read_session(path("a.headlight")).document == document);
  EXPECT_EQ(read_session(path("b.headlight")).document.learning.text, text_to_learn_from('a'));

  fs::create_symlink(path("a.headlight"), path("link.headlight"));
  EXPECT_TRUE(read_session(path("link.headlight")).document == document);
  fs::remove(path("link.headlight"));

  document.learning.text = "short";
  write_session(document, path("a.headlight"));
  EXPECT_EQ(files().size(), 3U);
  EXPECT_TRUE(read_session(path("a.headlight")).document == document);
}

TEST_F(SessionFile, AMissingTextToLearnFromIsSaid) {
  Document document;
  document.text = "kept";
  document.learning.text = text_to_learn_from('a');
  write_session(document, path("a.headlight"));
  const std::string text = files().back();
  fs::rename(folder_ / text, path("elsewhere"));
  const OpenedSession opened = read_session(path("a.headlight"));
  EXPECT_EQ(opened.document.text, "kept");
  ASSERT_EQ(opened.notes.size(), 1U);
  EXPECT_NE(opened.notes[0].en.find(path(text.c_str())), std::string::npos) << opened.notes[0].en;
  fs::rename(path("elsewhere"), folder_ / text);
  EXPECT_TRUE(read_session(path("a.headlight")).document == document);
  fs::remove(folder_ / text);
  fs::create_directory(folder_ / text);
  EXPECT_THROW(read_session(path("a.headlight")), FileError);
}

// What a text that could not be written belongs to stays as it was.
TEST_F(SessionFile, AFullDiskLeavesTheOldSessionWithItsText) {
  Document document;
  document.learning.text = text_to_learn_from('a');
  write_session(document, path("a.headlight"));
  Document later = document;
  later.learning.text += " and more";
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_session(later, path("a.headlight")), UserError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(files().size(), 2U);
  EXPECT_TRUE(read_session(path("a.headlight")).document == document);
}

TEST_F(SessionFile, MissingFieldsAreAsInANewDocument) {
  const OpenedSession opened =
      parse_session(R"({"format": "headlight session", "version": 1, "document": {"text": "a"}})");
  Document expected;
  expected.text = "a";
  EXPECT_TRUE(opened.document == expected);
  EXPECT_TRUE(opened.notes.empty());
}

TEST_F(SessionFile, WhatIsNotKnownIsSaid) {
  const OpenedSession opened = parse_session(changed([](nlohmann::json& json) {
    json["version"] = 2;
    json["window"] = "large";
    json["document"]["camera"] = {1, 2, 3};
    json["document"]["view"] = "hologram";
    json["document"]["attention"]["colour"] = "red";
    json["document"]["text"] = "kept";
  }));
  EXPECT_EQ(opened.document.text, "kept");
  EXPECT_EQ(opened.document.view, Document{}.view);
  ASSERT_EQ(opened.notes.size(), 5U);
  const std::string all = [&] {
    std::string joined;
    for (const Bilingual& note : opened.notes) {
      expect_said_in_both(note);
      joined += note.en + "\n";
    }
    return joined;
  }();
  for (const char* expected : {"newer version", "'window'", "'camera'", "'hologram'", "'colour'", "Line "}) {
    EXPECT_NE(all.find(expected), std::string::npos) << expected << " is not in " << all;
  }
}

TEST_F(SessionFile, MistakesHaveALineAndAReason) {
  const struct {
    const char* field;
    nlohmann::json value;
    const char* reason;
  } mistakes[] = {
      {"/document/text", 5, "expected a text"},
      {"/document/text", {{"base64", "?"}}, "base64"},
      {"/document/layer", -1, "from 0 on"},
      {"/document/layer", 1.5, "whole number"},
      {"/document/layer", 1e300, "whole number"},
      {"/document/candidate", 5'000'000'000, "too large"},
      {"/document/query", "a", "whole number"},
      {"/document/view", "hologram", "flow, attention"},
      {"/document/hide_sink", 1, "true or false"},
      {"/document/attention", nullptr, "object"},
      {"/document/attention/compared", {{"layer", {}}}, "whole number"},
      {"/document/embedding/dimensions", 4, "2 or 3"},
      {"/document/sampling/temperature", "hot", "number"},
      {"/document/sampling/temperature", -1, "temperature from 0"},
      {"/document/sampling/top_p", "nan", "expected a number"},
      {"/document/sampling/top_p", 1.5, "top_p"},
      {"/document/next/beam_width", 0, "counts from 1"},
      {"/document/interventions", {{{"hook", "logits"}, {"set", 1e39}}}, "too large"},
      {"/document/seed", -3, "from 0 on"},
      {"/document/value", {{"hook", "blocks.0.hook_nothing"}, {"index", {0, 0, 0}}}, "hook_nothing"},
      {"/document/value", {{"hook", "logits"}, {"index", {0, 0}}}, "expected 3 values"},
      {"/document/interventions", {{{"hook", "blocks.0.hook_mlp_out"}}}, "one of scale"},
      {"/document/interventions",
       {{{"hook", "logits"}, {"add", {{"direction", "AAA="}, {"strength", 1}}}}},
       "float32"},
      {"/document/lesson", {{"id", "a"}, {"step", -1}}, "from 0 on"},
      {"/version", 0, "version 0"},
      {"/learning_text", "../../0123456789", "16 digits"},
      {"/format", "another", "no session"},
      {"/document", nlohmann::json::array(), "object"},
  };
  for (const auto& mistake : mistakes) {
    const std::string text = changed(
        [&](nlohmann::json& json) { json[nlohmann::json::json_pointer(mistake.field)] = mistake.value; });
    const LocatedError error = refusal([&] { parse_session(text); });
    EXPECT_NE(std::string(error.what()).find(mistake.reason), std::string::npos)
        << mistake.field << ": " << error.what();
    EXPECT_GE(error.line(), 1U) << mistake.field;
  }
}

TEST_F(SessionFile, CutAtAnyByteItIsRefused) {
  Document document;
  document.text = "The lamp 등불 \xFF";
  document.interventions = {{Hook::z, 3, 1, {2}, Scale{0.0F}}};
  const std::string whole = session_text(document);
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_THROW(parse_session(std::string_view(whole).substr(0, size)), LocatedError) << size;
  }
  EXPECT_NO_THROW(parse_session(whole.substr(0, whole.size() - 1)));  // only the last newline is missing
}

TEST_F(SessionFile, AChangedByteNeverDoesMore) {
  Document document;
  document.text = "The lamp";
  document.interventions = {{Hook::z, 3, 1, {2}, Scale{0.0F}}};
  const std::string whole = session_text(document);
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      session_text(parse_session(damaged).document);
    } catch (const LocatedError&) {
    }
  }
}

TEST_F(SessionFile, TooManyValuesAreRefused) {
  std::string many = R"({"format": "headlight session", "version": 1, "document": {"interventions": [)";
  for (int i = 0; i < 1'500'000; ++i) many += "0,";
  EXPECT_THROW(parse_session(many + "0]}}"), LocatedError);
}

TEST_F(SessionFile, FilesNameTheirPathAndLine) {
  write("bad.headlight",
        "{\n\"format\": \"headlight session\",\n\"version\": 1,\n\"document\": {\"layer\": []}}");
  try {
    read_session(path("bad.headlight"));
    ADD_FAILURE();
  } catch (const FileError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(path("bad.headlight") + ":4: ")) << error.what();
    expect_said_in_both(error);
  }
  EXPECT_THROW(read_session(path("absent.headlight")), FileError);
  EXPECT_THROW(read_session(folder_.string()), FileError);
}

TEST_F(SessionFile, WritingReplacesTheFileAndLeavesNothingElse) {
  Document document;
  document.text = "first";
  write_session(document, path("a.headlight"));
  document.text = "second";
  write_session(document, path("a.headlight"));
  EXPECT_EQ(read_session(path("a.headlight")).document.text, "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);

  fs::create_symlink(path("a.headlight"), path("link.headlight"));
  document.text = "third";
  write_session(document, path("link.headlight"));
  EXPECT_TRUE(fs::is_symlink(path("link.headlight")));
  EXPECT_EQ(read_session(path("a.headlight")).document.text, "third");

  fs::create_directory(path("folder"));
  EXPECT_THROW(write_session(document, path("folder")), UserError);
  EXPECT_THROW(write_session(document, path("no/such/folder")), UserError);
}

// A limit on the size of files stands in for a full disk.
TEST_F(SessionFile, AFullDiskLeavesTheOldFile) {
  Document document;
  document.text = "old";
  write_session(document, path("a.headlight"));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  document.text = std::string(100'000, 'x');
  EXPECT_THROW(write_session(document, path("a.headlight")), UserError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_session(path("a.headlight")).document.text, "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
  EXPECT_THROW(write_session(document, "/dev/null"), UserError);  // must stay a device
}

TEST_F(SessionFile, ExperimentsThatCopyAreLeftOutAndSaid) {
  Document document;
  document.interventions = {{Hook::z, 0, {}, {}, CopyFrom{}}, {Hook::z, 1, {}, {}, Scale{}}};
  const OpenedSession opened = parse_session(session_text(document));
  ASSERT_EQ(opened.document.interventions.size(), 1U);
  EXPECT_EQ(opened.document.interventions[0].layer, 1);
  ASSERT_EQ(opened.notes.size(), 1U);
  EXPECT_NE(opened.notes[0].en.find("second text"), std::string::npos);
}

}  // namespace
}  // namespace headlight
