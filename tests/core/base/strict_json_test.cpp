// JSON from others: what is accepted, the limits, and the places in messages.
#include "core/base/strict_json.h"

#include <gtest/gtest.h>

#include "core/base/errors.h"

namespace headlight {
namespace {

std::string refusal(const std::string& text, const StrictJson& limits = {.path = "f.json"}) {
  try {
    parse_strict_json(text, limits);
  } catch (const FileError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(StrictJsonTest, BuildsWhatTheLibraryBuilds) {
  for (
      const std::string text :
      {R"({"a": [1, -2, 2.5, 18446744073709551615, true, false, null, "ä\n\u00e4", {}], "b": {"a": {"a": []}}})",
       "[[1, [2]], [], {}]", "3", "\"x\"", "null", " {\"\": 0} \n", "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(parse_strict_json(text, {.path = "f.json"}), nlohmann::json::parse(text)) << text;
  }
}

TEST(StrictJsonTest, SaysWhereAKeyStandsTwice) {
  EXPECT_EQ(
      refusal("{\"a\": {\"b\": 1},\n \"a\": 2}"),
      "f.json: line 2, column 4: the key 'a' stands twice in one object, but once was expected. The file is "
      "damaged; download it again.");
  EXPECT_EQ(refusal(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]})"), "accepted");
}

TEST(StrictJsonTest, PlacesAreBytesInsideABinaryFile) {
  EXPECT_EQ(refusal("{]", {.path = "f", .first_byte = 8}).substr(0, 35),
            "f: at byte 9: this is no valid JSON");
}

TEST(StrictJsonTest, KeepsItsLimits) {
  const StrictJson limits = {.path = "f", .largest_text = 40, .most_values = 5, .deepest = 3};
  EXPECT_EQ(refusal("[1, 2, 3, 4]", limits), "accepted");  // the list is the fifth value
  EXPECT_NE(refusal("[1, 2, 3, 4, 5]", limits).find("more than 5 values"), std::string::npos);
  EXPECT_EQ(refusal("[[{}]]", limits), "accepted");
  EXPECT_NE(refusal("[[{\"a\": []}]]", limits).find("deeper than 3"), std::string::npos);
  EXPECT_EQ(refusal("\"" + std::string(38, 'x') + "\"", limits), "accepted");
  EXPECT_NE(refusal("\"" + std::string(39, 'x') + "\"", limits).find("41 bytes, but at most 40"),
            std::string::npos);
}

TEST(StrictJsonTest, AHundredThousandBracketsDoNotOverflowTheStack) {
  const StrictJson deep = {.path = "f", .deepest = 1 << 20};
  EXPECT_NE(refusal(std::string(100000, '['), deep).find("no valid JSON"), std::string::npos);
}

TEST(StrictJsonTest, MessagesArePrintable) {
  const std::string message = refusal("{\"a\": \"\x1b[31m\xff\n\"}");
  EXPECT_NE(message.find("no valid JSON"), std::string::npos);
  for (const char letter : message) EXPECT_TRUE(letter >= 0x20 && letter < 0x7F) << message;
}

TEST(StrictJsonTest, AnObjectIsAnObject) {
  EXPECT_EQ(parse_strict_object("{\"a\": 1}", {.path = "f"}).at("a"), 1);
  EXPECT_THROW(parse_strict_object("[1]", {.path = "f"}), FileError);
}

}  // namespace
}  // namespace headlight
