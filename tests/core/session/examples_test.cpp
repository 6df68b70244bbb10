// The list of examples is read strictly, and ours is sound.
#include "core/session/examples.h"

#include <gtest/gtest.h>

#include "core/base/errors.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

std::string example(const std::string& id, const std::string& more = "") {
  return R"({"id": ")" + id +
         R"(", "text": "A", "title": {"en": "a", "ko": "가"}, "note": {"en": "a", "ko": "가"},
 "view": "flow", "layer": 1, "head": 2, "claims": [{"quantity": "token_count", "op": "==", "value": 1}])" +
         more + "}";
}

void expect_refused(const std::string& text, std::size_t line, const std::string& reason) {
  try {
    static_cast<void>(parse_examples(text));
    ADD_FAILURE() << "was accepted";
  } catch (const LocatedError& error) {
    EXPECT_EQ(error.line(), line) << error.what();
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
  }
}

TEST(Examples, are_read_strictly) {
  EXPECT_EQ(parse_examples("{\"examples\": [" + example("a") + "," + example("b") + "]}").size(), 2U);
  expect_refused("{\"examples\": [" + example("a", ",\n\"model\": \"x\"") + "]}", 3, "'model' is not known");
  expect_refused("{\"examples\": [" + example("a") + ",\n" + example("a") + "]}", 3, "another example");
  expect_refused("{\n\"examples\": []}", 2, "this list is empty");
  expect_refused("{\"examples\": [\n{}]}", 2, "'id' is missing");
}

TEST(Examples, one_that_is_shown_replaces_what_was_there) {
  const Example shown = parse_examples("{\"examples\": [" + example("a") + "]}").front();
  Document before;
  before.text = "old";
  before.query = 3;
  before.sampling.top_k = 5;
  before.lesson = LessonPlace{"tokens", 1};
  const Document after = with_example(before, shown);
  Document expected;
  expected.text = "A";
  expected.layer = 1;
  expected.head = 2;
  expected.attention_mode = AttentionMode::matrix;
  EXPECT_EQ(after, expected);
}

TEST(Examples, ours_are_sound) {
  const std::vector<Example> examples = load_examples(source_dir() + "/assets/examples.json");
  EXPECT_GE(examples.size(), 8U);
  for (const Example& each : examples) EXPECT_NE(each.note.en, each.note.ko) << each.id;
  EXPECT_THROW(static_cast<void>(load_examples("/nowhere/examples.json")), FileError);
}

}  // namespace
}  // namespace headlight
