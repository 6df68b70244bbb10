#include "core/model/catalog.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/model/find_model.h"
#include "tests/core/model/fake_wheel.h"

namespace headlight {
namespace {

using nlohmann::json;

json good_entry() {
  return json::parse(R"({
    "name": "tiny", "title": "Tiny", "licence": "MIT", "origin": "made here", "languages": ["en"],
    "source": {"kind": "pypi", "package": "tiny-model", "version": "1.0", "wheel": "tiny_model-1.0-py3-none-any.whl",
               "bytes": 10, "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
               "member": "tiny_model/tiny.gguf", "member_bytes": 20,
               "member_sha256": "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"}})");
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
  EXPECT_EQ(entry.version, "1.0");
  EXPECT_EQ(entry.wheel_bytes, 10);
  EXPECT_EQ(entry.member_bytes, 20);
  EXPECT_EQ(entry.file_name(), "tiny.gguf");
  EXPECT_EQ(entry.wheel_sha256.substr(0, 4), "0123");
  EXPECT_EQ(entry.member_sha256.substr(0, 4), "fedc");
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
  for (const char* path : {"../x", "/x", "a/../../x", "a//x", "a/./x", "..", "a\\x", "a/"}) {
    EXPECT_NE(with("member", path).find("'member' must be"), std::string::npos) << path;
  }
  EXPECT_NE(with("member", std::string("a\0b", 3)), "");
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
  EXPECT_NE(with("member_bytes", "20"), "");
  EXPECT_NE(with("kind", "ftp"), "");
  EXPECT_NE(refusal(json::array({good_entry(), good_entry()})).find("twice"), std::string::npos);
  EXPECT_NE(refusal(json::object()), "");
  EXPECT_NE(message_of<FileError>([] { parse_catalog("[{", "catalog.json"); }).find("not JSON"),
            std::string::npos);
}

TEST(Catalog, TheProgramsOwnHasTheDefaultModel) {
  const auto entry = find_in_catalog("smollm2-135m");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->file_name(), "SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_EQ(entry->licence, "Apache-2.0");
  EXPECT_EQ(find_in_catalog("no-such-model"), std::nullopt);
}

TEST(FindModel, TakesAPathAndListsTheNamesOtherwise) {
  const ScratchFolder folder;
  const std::string file = (folder.path() / "mine.gguf").string();
  write_all(file, "");
  const auto find = [](const std::string& name) {
    return find_or_fetch_model(
        name, [](auto, auto) {}, [] { return true; });
  };
  EXPECT_EQ(find(file), file);
  const std::string message = message_of<UserError>([&] { find("smolm-typo"); });
  EXPECT_NE(message.find("smollm2-135m"), std::string::npos) << message;
}

}  // namespace
}  // namespace headlight
