#include "core/model/catalog.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/model/find_model.h"
#include "tests/core/model/fake_wheel.h"
#include "tests/core/refusals.h"

namespace headlight {
namespace {

using nlohmann::json;

json good_entry() {
  return json::parse(R"({
    "name": "tiny", "title": "Tiny", "licence": "MIT", "origin": {"en": "made here", "ko": "여기서 만듦"},
    "about": {"en": "small", "ko": "작음"}, "languages": ["en"],
    "source": {"kind": "pypi", "package": "tiny-model", "version": "1.0", "wheel": "tiny_model-1.0-py3-none-any.whl",
               "bytes": 10, "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
               "files": [{"path": "tiny.gguf", "member": "tiny_model/tiny.gguf", "bytes": 20,
                          "sha256": "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"}]}})");
}

json good_hub_entry() {
  return json::parse(R"({
    "name": "small", "title": "Small", "licence": "MIT", "origin": {"en": "made there", "ko": "저기서 만듦"},
    "about": {"en": "small", "ko": "작음"}, "languages": ["ko"],
    "source": {"kind": "huggingface", "repository": "owner/small.model", "revision": "main"}})");
}

std::string refusal(const json& list) {
  return message_of<FileError>([&] { parse_catalog(list.dump(), "catalog.json"); });
}

TEST(Catalog, ReadsEveryField) {
  const auto entries = parse_catalog(json::array({good_entry()}).dump(), "catalog.json");
  ASSERT_EQ(entries.size(), 1U);
  const CatalogEntry& entry = entries[0];
  EXPECT_EQ(entry.name, "tiny");
  EXPECT_EQ(entry.licence, "MIT");
  EXPECT_EQ(entry.languages, std::vector<std::string>{"en"});
  EXPECT_EQ(entry.origin.ko, "여기서 만듦");
  EXPECT_EQ(entry.about.en, "small");
  ASSERT_NE(entry.wheel(), nullptr);
  EXPECT_EQ(entry.hub(), nullptr);
  EXPECT_EQ(entry.wheel()->version, "1.0");
  EXPECT_EQ(entry.wheel()->bytes, 10);
  EXPECT_EQ(entry.wheel()->sha256.substr(0, 4), "0123");
  ASSERT_EQ(entry.files.size(), 1U);
  EXPECT_EQ(entry.files[0].path, "tiny.gguf");
  EXPECT_EQ(entry.files[0].bytes, 20);
  EXPECT_EQ(entry.files[0].sha256.substr(0, 4), "fedc");
  EXPECT_TRUE(entry.pinned());
  EXPECT_EQ(entry.download_bytes(), 10);
  EXPECT_EQ(entry.first_text, std::nullopt);
  json object = good_entry();
  object["first_text"] = {{"en", "Once"}, {"ko", "옛날"}};
  EXPECT_EQ(parse_catalog(json::array({object}).dump(), "catalog.json").at(0).first_text->ko, "옛날");
}

TEST(Catalog, ReadsAnEntryOfAHub) {
  json object = good_hub_entry();
  CatalogEntry entry = parse_catalog(json::array({object}).dump(), "catalog.json").at(0);
  ASSERT_NE(entry.hub(), nullptr);
  EXPECT_EQ(entry.hub()->repository, "owner/small.model");
  EXPECT_FALSE(entry.hub()->gated);
  EXPECT_TRUE(entry.files.empty());
  EXPECT_FALSE(entry.pinned());
  EXPECT_EQ(entry.download_bytes(), 0);

  object["source"]["gated"] = true;
  object["source"]["about_bytes"] = 5000000;
  object["source"]["files"] =
      json::parse(R"([{"path": "config.json"}, {"path": "model.safetensors", "bytes": 7}])");
  entry = parse_catalog(json::array({object}).dump(), "catalog.json").at(0);
  EXPECT_TRUE(entry.hub()->gated);
  EXPECT_EQ(entry.download_bytes(), 5000000);
  EXPECT_EQ(entry.files.at(1).bytes, 7);
  EXPECT_FALSE(entry.pinned());
  for (auto& file : object["source"]["files"]) file["sha256"] = std::string(64, 'a');
  EXPECT_TRUE(parse_catalog(json::array({object}).dump(), "catalog.json").at(0).pinned());
}

TEST(Catalog, RefusesRepositoriesAndRevisionsThatCouldBeSomethingElse) {
  for (const char* name : {"repository", "revision"}) {
    for (const char* value :
         {"", "..", "a/../b", "owner", "a/b/c?x", "-a/b", "a/b#c", "a b/c", "https://x/y", "/a/b"}) {
      if (std::string(name) == "revision" && std::string(value) == "owner") continue;
      json bad = good_hub_entry();
      bad["source"][name] = value;
      EXPECT_NE(refusal(json::array({bad})).find(std::string("'") + name + "' must be"), std::string::npos)
          << name << " " << value;
    }
  }
  for (const char* path : {"../x", "/x", "a//b"}) {
    json bad = good_hub_entry();
    bad["source"]["files"] = json::array({{{"path", path}}});
    EXPECT_NE(refusal(json::array({bad})), "") << path;
  }
  json twice = good_hub_entry();
  twice["source"]["files"] = json::parse(R"([{"path": "config.json"}, {"path": "config.json"}])");
  EXPECT_NE(refusal(json::array({twice})).find("twice"), std::string::npos);
}

TEST(Catalog, KeptStepsRiseAndAreFewerThanAll) {
  const std::string hash(64, 'a');
  const auto with_steps = [&](const std::vector<int>& steps) {
    json object = good_hub_entry();
    object["source"] = {{"kind", "bundled"}, {"folder", "small"}};
    object["source"]["files"] = json::array({{{"path", "config.json"}}});
    object["steps"] = {{"all", 500}, {"kept", json::array()}};
    for (const int step : steps) {
      object["steps"]["kept"].push_back(
          {{"step", step}, {"path", "steps/" + std::to_string(step)}, {"bytes", 9}, {"sha256", hash}});
    }
    return json::array({object});
  };
  const auto entries = parse_catalog(with_steps({10, 100}).dump(), "catalog.json");
  EXPECT_EQ(entries.at(0).steps, 500);
  ASSERT_EQ(entries.at(0).kept_steps.size(), 2U);
  EXPECT_EQ(entries.at(0).kept_steps[1].file.path, "steps/100");
  EXPECT_EQ(name_of_step(entries[0], 100), "small@100");
  EXPECT_EQ(name_of_step(entries[0], 500), "small");
  for (const std::vector<int>& bad : {std::vector<int>{}, {0}, {100, 10}, {10, 10}, {500}}) {
    EXPECT_NE(refusal(with_steps(bad)), "") << json(bad);
  }
  json on_a_hub = good_hub_entry();
  on_a_hub["steps"] = with_steps({10})[0]["steps"];
  EXPECT_NE(refusal(json::array({on_a_hub})).find("'steps' is not known"), std::string::npos);
}

TEST(Catalog, AnyRepositoryHasAnEntry) {
  const auto entry = find_in_catalog("hf:Owner/Some-Model");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->name, "hf:Owner/Some-Model");
  EXPECT_EQ(entry->title, "Some-Model");
  EXPECT_EQ(entry->hub()->repository, "Owner/Some-Model");
  EXPECT_EQ(entry->hub()->revision, "main");
  EXPECT_EQ(entry->folder_name(), "hf--Owner--Some-Model");
  EXPECT_EQ(find_in_catalog("hf:o/m@refs/pr/1")->hub()->revision, "refs/pr/1");
  EXPECT_EQ(find_in_catalog("hf:o/m@refs/pr/1")->folder_name(), "hf--o--m@refs--pr--1");
  for (const char* name :
       {"hf:", "hf:o", "hf:o/", "hf:o/m@", "hf:../m", "hf:o/m/n", "hf:o/m@../x", "hf:o/m@a b"}) {
    EXPECT_EQ(find_in_catalog(name), std::nullopt) << name;
  }
}

TEST(Catalog, RefusesEveryMissingOrUnknownField) {
  const json good = good_entry();
  for (const auto& [name, value] : good.items()) {
    json bad = good;
    bad.erase(name);
    EXPECT_NE(refusal(json::array({bad})).find("'" + name + "' is missing"), std::string::npos) << name;
  }
  for (const auto& [name, value] : good.at("source").items()) {
    json bad = good;
    bad["source"].erase(name);
    EXPECT_NE(refusal(json::array({bad})).find("'" + name + "' is missing"), std::string::npos) << name;
  }
  for (const auto& [name, value] : good.at("source").at("files").at(0).items()) {
    json bad = good;
    bad["source"]["files"][0].erase(name);
    EXPECT_NE(refusal(json::array({bad})).find("'" + name + "' is missing"), std::string::npos) << name;
  }
  const json good_hub = good_hub_entry();
  for (const auto& [name, value] : good_hub.at("source").items()) {
    json bad = good_hub;
    bad["source"].erase(name);
    EXPECT_NE(refusal(json::array({bad})).find("'" + name + "' is missing"), std::string::npos) << name;
  }
  json one_language = good;
  one_language["about"].erase("ko");
  EXPECT_NE(refusal(json::array({one_language})).find("'ko' is missing"), std::string::npos);
  json more = good;
  more["colour"] = "red";
  EXPECT_NE(refusal(json::array({more})).find("'colour' is not known"), std::string::npos);
}

TEST(Catalog, RefusesValuesThatCannotBeRight) {
  const auto with = [](const char* field, const json& value) {
    json bad = good_entry();
    bad["source"][field] = value;
    return refusal(json::array({bad}));
  };
  const auto in_file = [](const char* field, const json& value) {
    json bad = good_entry();
    bad["source"]["files"][0][field] = value;
    return refusal(json::array({bad}));
  };
  for (const char* path : {"../x", "/x", "a/../../x", "a//x", "a/./x", "..", "a\\x", "a/"}) {
    EXPECT_NE(in_file("member", path).find("'member' must be"), std::string::npos) << path;
    EXPECT_NE(in_file("path", path).find("'path' must be"), std::string::npos) << path;
  }
  EXPECT_NE(in_file("member", std::string("a\0b", 3)), "");
  EXPECT_NE(in_file("bytes", "20"), "");
  EXPECT_NE(with("wheel", "folder/x.whl"), "");
  EXPECT_NE(with("wheel", "../x.whl"), "");
  EXPECT_NE(with("package", "x --index-url=y"), "");
  EXPECT_NE(with("package", "-r"), "");
  EXPECT_NE(with("version", "1.0\nother"), "");
  EXPECT_NE(with("sha256", std::string(63, 'a')), "");
  EXPECT_NE(with("sha256", std::string(64, 'A')), "");
  EXPECT_NE(with("bytes", 0), "");
  EXPECT_NE(with("bytes", -1), "");
  EXPECT_NE(with("bytes", 1.5), "");
  EXPECT_NE(with("kind", "ftp"), "");
  EXPECT_NE(refusal(json::array({good_entry(), good_entry()})).find("twice"), std::string::npos);
  EXPECT_NE(refusal(json::object()), "");
  EXPECT_NE(message_of<FileError>([] { parse_catalog("[{", "catalog.json"); }).find("not JSON"),
            std::string::npos);
}

TEST(Catalog, TheProgramsOwnHasWhatItPromises) {
  const auto entry = find_in_catalog("smollm2-135m");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->files.at(0).path, "SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_EQ(entry->licence, "Apache-2.0");
  EXPECT_TRUE(entry->pinned());
  const auto minilm = find_in_catalog("all-minilm-l6-v2");
  ASSERT_TRUE(minilm.has_value());
  EXPECT_TRUE(minilm->pinned());
  EXPECT_EQ(minilm->files.size(), 10U);
  EXPECT_EQ(find_in_catalog("no-such-model"), std::nullopt);
  for (const CatalogEntry& one : catalog()) {
    EXPECT_EQ(one.download_bytes() > 0, one.own() == nullptr) << one.name;
    EXPECT_NE(one.about.en, one.about.ko) << one.name;
  }
}

TEST(FindModel, TakesAPathAndListsTheNamesOtherwise) {
  const ScratchFolder folder;
  const std::string file = (folder.path() / "mine.gguf").string();
  write_all(file, "");
  const auto find = [](const std::string& name) {
    return find_or_fetch_model(
        name, [](const FetchState&) {}, [] { return true; });
  };
  EXPECT_EQ(find(file), file);
  EXPECT_NE(
      message_in_both_of<UserError>([&] { find("minilm"); }).find("all-minilm-l6-v2, multilingual-minilm"),
      std::string::npos);
  const std::string message = message_in_both_of<UserError>([&] { find("smolm-typo"); });
  EXPECT_NE(message.find("smollm2-135m"), std::string::npos) << message;
}

}  // namespace
}  // namespace headlight
