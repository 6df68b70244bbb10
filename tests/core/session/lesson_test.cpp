// Lesson files: every kind of mistake is refused with its line and a reason, and ours are sound.
#include "core/session/lesson.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/errors.h"
#include "tests/core/said_in_both.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

// Line 1 is "{"; the step's own text begins at line 5.
std::string lesson_with_step(const std::string& step) {
  return "{\n \"id\": \"tokens\",\n \"title\": {\"en\": \"Tokens\", \"ko\": \"토큰\"},\n \"steps\": [\n" +
         step + "\n ]\n}\n";
}

const std::string sound_text = R"("text": {"en": "Look.", "ko": "보십시오."})";

struct Broken {
  std::string name;
  std::string step;
  std::size_t line;
  std::string reason;
};

class BrokenLesson : public testing::TestWithParam<Broken> {};

TEST_P(BrokenLesson, is_refused_with_line_and_reason) {
  try {
    static_cast<void>(parse_lesson(lesson_with_step(GetParam().step), "01_tokens.json"));
    FAIL() << "was accepted";
  } catch (const LocatedError& error) {
    EXPECT_EQ(error.line(), GetParam().line) << error.what();
    EXPECT_NE(std::string(error.what()).find(GetParam().reason), std::string::npos) << error.what();
    expect_said_in_both(error);
  }
}

std::string with_question(const std::string& question) {
  return "{" + sound_text + ",\n\"question\": " + question + "}";
}

const std::string words = R"("prompt": {"en": "?", "ko": "?"}, "explanation": {"en": "!", "ko": "!"})";

INSTANTIATE_TEST_SUITE_P(
    Steps, BrokenLesson,
    testing::Values(
        Broken{"syntax", "{" + sound_text + ",\n,}", 6, "this is not JSON"},
        Broken{"cut_off_text", "{\"text\": {\"en\": \"Look", 5, "this is not JSON"},
        Broken{"step_is_a_number", "7", 5, "expected an object here, found a number"},
        Broken{"unknown_field", "{" + sound_text + ",\n\"texts\": 1}", 6,
               "the field 'texts' is not known here"},
        Broken{"field_twice", "{" + sound_text + ",\n" + sound_text + "}", 6, "'text' stands here twice"},
        Broken{"no_text", "{\n\"highlights\": []}", 5, "the field 'text' is missing"},
        Broken{"no_korean", "{\"text\":\n{\"en\": \"Look.\"}}", 6, "the field 'ko' is missing"},
        Broken{"empty_korean", "{\"text\": {\"en\": \"Look.\",\n\"ko\": \"\"}}", 6, "this text is empty"},
        Broken{"third_language", "{\"text\": {\"en\": \"a\", \"ko\": \"a\",\n\"de\": \"a\"}}", 6,
               "'de' is not known"},
        Broken{"text_is_a_list", "{\"text\": {\"en\": [\"a\"], \"ko\": \"a\"}}", 5,
               "expected a text here, found a list"},
        Broken{"formula_open", "{\"text\": {\"en\": \"$q\",\n\"ko\": \"a\"}}", 5,
               "begins with $ and does not end"},
        Broken{"formula_mixed", "{\"text\": {\"en\": \"a\",\n\"ko\": \"$$q$\"}}", 6,
               "begins with $$ and ends with $"},
        Broken{"unknown_panel", "{" + sound_text + ", \"highlights\": [\"chips\",\n\"chip\"]}", 6,
               "no panel 'chip'"},
        Broken{"panel_twice", "{" + sound_text + ", \"highlights\": [\"chips\",\n\"chips\"]}", 6, "twice"},
        Broken{"unknown_view", "{" + sound_text + ", \"state\": {\n\"view\": \"wall\"}}", 6,
               "no view 'wall'"},
        Broken{"negative_layer", "{" + sound_text + ", \"state\": {\n\"layer\": -1}}", 6,
               "expected 0 or more, found -1"},
        Broken{"half_a_layer", "{" + sound_text + ", \"state\": {\n\"layer\": 1.5}}", 6,
               "whole number here, found 1.5"},
        Broken{"huge_layer", "{" + sound_text + ", \"state\": {\n\"layer\": 18446744073709551615}}", 6,
               "whole number"},
        Broken{"cold", "{" + sound_text + ", \"state\": {\n\"temperature\": -1}}", 6, "from 0 to 100"},
        Broken{"nothing_kept", "{" + sound_text + ", \"state\": {\n\"top_p\": 0}}", 6,
               "expected a number from"},
        Broken{"claim_no_op", "{" + sound_text + ", \"claims\": [\n{\"quantity\": \"token_count\"}]}", 6,
               "'op' is missing"},
        Broken{"claim_empty_all", "{" + sound_text + ", \"claims\": [{\n\"all\": []}]}", 6,
               "conditions is empty"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Questions, BrokenLesson,
    testing::Values(
        Broken{"no_kind", with_question("{}"), 6, "the field 'kind' is missing"},
        Broken{"unknown_kind", with_question("{\n\"kind\": \"guess\"}"), 7, "no kind of question 'guess'"},
        Broken{"one_option",
               with_question("{\"kind\": \"choice\", " + words +
                             ", \"correct\": 0,\n\"options\": [{\"en\": \"a\", \"ko\": \"a\"}]}"),
               7, "two options or more"},
        Broken{"no_such_option",
               with_question(
                   "{\"kind\": \"choice\", " + words +
                   ",\n\"correct\": 2, \"options\": [{\"en\": \"a\", \"ko\": \"a\"}, {\"en\": \"b\", \"ko\": "
                   "\"b\"}]}"),
               7, "option 2 of 2 does not exist"},
        Broken{
            "correct_by_wish",
            with_question("{\"kind\": \"choice\", " + words + ",\n\"correct\": \"mine\", \"options\": []}"),
            7, "found 'mine'"},
        Broken{"option_without_condition",
               with_question("{\"kind\": \"choice\", " + words +
                             ", \"correct\": \"holds\",\n\"options\": [{\"en\": \"a\", \"ko\": \"a\"}]}"),
               7, "the field 'when' is missing"},
        Broken{"number_without_tolerance",
               with_question("{\"kind\": \"number\", " + words +
                             ", \"expected\": {\"quantity\": \"token_count\"}}"),
               6, "the field 'tolerance' is missing"},
        Broken{"unknown_quantity",
               with_question("{\"kind\": \"number\", " + words +
                             ", \"tolerance\": 1,\n\"expected\": {\"quantity\": \"tokens\"}}"),
               7, "there is no quantity 'tokens'; known are token_count"},
        Broken{"quantity_without_key",
               with_question("{\"kind\": \"number\", " + words +
                             ", \"tolerance\": 1,\n\"expected\": {\"quantity\": \"pattern\", \"query\": 1}}"),
               7, "the field 'key' is missing"},
        Broken{"quantity_with_too_much",
               with_question(
                   "{\"kind\": \"number\", " + words +
                   ", \"tolerance\": 1, \"expected\": {\"quantity\": \"token_count\",\n\"layer\": 1}}"),
               7, "'layer' is not known here"},
        Broken{"layer_without_head",
               with_question("{\"kind\": \"number\", " + words +
                             ", \"tolerance\": 1,\n\"expected\": {\"quantity\": \"mean_attention\", "
                             "\"target\": \"first\", "
                             "\"layer\": 1}}"),
               7, "'layer' and 'head' belong together"},
        Broken{
            "no_solution",
            with_question("{\"kind\": \"find_head\", " + words +
                          ", \"condition\": {\"quantity\": \"token_count\", \"op\": \">\", \"value\": 1}}"),
            6, "the field 'solution' is missing"},
        Broken{"unknown_comparison",
               with_question(
                   "{\"kind\": \"change_text\", " + words +
                   ", \"solution\": \"a\", \"condition\": {\"quantity\": \"token_count\",\n\"op\": \"=\", "
                   "\"value\": 1}}"),
               7, "there is no comparison '='"},
        Broken{"near_without_tolerance",
               with_question(
                   "{\"kind\": \"change_text\", " + words +
                   ", \"solution\": \"a\",\n\"condition\": {\"quantity\": \"token_count\", \"op\": \"near\", "
                   "\"value\": 1}}"),
               7, "'near' needs a 'tolerance'"}),
    [](const auto& test) { return test.param.name; });

TEST(Lesson, whole_file_mistakes_have_their_line) {
  const auto refused = [](const std::string& text, std::size_t line, const std::string& reason) {
    try {
      static_cast<void>(parse_lesson(text, "x"));
      ADD_FAILURE() << "was accepted: " << text;
    } catch (const LocatedError& error) {
      EXPECT_EQ(error.line(), line) << error.what();
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
      expect_said_in_both(error);
    }
  };
  refused("", 1, "this is not JSON");
  refused("[]", 1, "expected an object here, found a list");
  refused("{\"id\": \"a\",\n\"title\": {\"en\": \"a\", \"ko\": \"a\"},\n\"steps\": []}", 3,
          "at least one step");
  refused("{\n\"id\": \"A b\", \"title\": {\"en\": \"a\", \"ko\": \"a\"}, \"steps\": []}", 2,
          "only the letters a-z");
  refused("{\n\"id\": \"a\xff\"}", 2, "this is not JSON");
  refused(std::string(100000, '['), 1, "this is not JSON");
  refused(std::string(100, '[') + std::string(100, ']'), 1, "nested deeper than 64");
  refused(std::string((std::size_t{4} << 20) + 1, ' '), 0, "at most");
}

TEST(Lesson, a_sound_step_keeps_everything_it_says) {
  const Lesson lesson = parse_lesson(
      lesson_with_step(
          "{" + sound_text +
          R"(, "state": {"model": "smollm2-135m", "text": "A b", "view": "attention", "attention": "row", "layer": 3, "head": 2,
      "query": -1, "key": 0, "temperature": 0.5, "top_k": 4, "top_p": 0.9, "min_p": 0.1},
      "highlights": ["row", "next"],
      "claims": [{"none": [{"quantity": "next_rank", "token": " b", "op": "<=", "value": {"quantity": "token_count"}}]}],
      "question": {"kind": "find_head", "prompt": {"en": "?", "ko": "?"}, "explanation": {"en": "!", "ko": "!"},
        "condition": {"quantity": "pattern", "query": -1, "key": " b", "op": "near", "value": 0.5, "tolerance": 0.1},
        "solution": {"layer": 1, "head": 0}}})"),
      "01_tokens.json");
  ASSERT_EQ(lesson.steps.size(), 1U);
  const Step& step = lesson.steps[0];
  EXPECT_EQ(step.text, (Bilingual{"Look.", "보십시오."}));
  EXPECT_EQ(step.state.model, "smollm2-135m");
  EXPECT_EQ(step.state.text, "A b");
  EXPECT_EQ(step.state.view, CenterView::attention);
  EXPECT_EQ(step.state.attention, AttentionMode::row);
  EXPECT_EQ(step.state.layer, 3);
  EXPECT_EQ(step.state.head, 2);
  EXPECT_EQ(step.state.query, -1);
  EXPECT_EQ(step.state.key, 0);
  EXPECT_EQ(step.state.temperature, 0.5);
  EXPECT_EQ(step.state.top_k, 4);
  EXPECT_EQ(step.state.top_p, 0.9);
  EXPECT_EQ(step.state.min_p, 0.1);
  EXPECT_EQ(step.highlights, (std::vector<Panel>{Panel::row, Panel::next}));
  ASSERT_EQ(step.claims.size(), 1U);
  ASSERT_EQ(step.claims[0].kind, Condition::Kind::none);
  EXPECT_EQ(step.claims[0].parts[0].comparison, Comparison::at_most);
  EXPECT_TRUE(std::holds_alternative<Quantity>(step.claims[0].parts[0].value));
  const auto& question = std::get<FindHeadQuestion>(step.question.value().kind);
  EXPECT_EQ(std::get<std::string>(question.condition.quantity.key), " b");
  EXPECT_EQ(question.condition.tolerance, 0.1);
  EXPECT_EQ(question.solution_layer, 1);
}

TEST(Lesson, dollars_in_code_and_escaped_dollars_are_no_formulas) {
  const Lesson lesson =
      parse_lesson(lesson_with_step(R"({"text": {"en": "`$x` costs 5 \\$, $q$ and $$k$$", "ko": "a"}})"),
                   "01_tokens.json");
  EXPECT_EQ(lesson.steps[0].text.en, "`$x` costs 5 \\$, $q$ and $$k$$");
}

TEST(Lesson, state_adds_up_over_the_steps) {
  const Lesson lesson =
      parse_lesson(lesson_with_step("{" + sound_text + ", \"state\": {\"text\": \"A\", \"layer\": 1}}, {" +
                                    sound_text + ", \"state\": {\"layer\": 2}}, {" + sound_text + "}"),
                   "01_tokens.json");
  EXPECT_EQ(state_at(lesson, 0).layer, 1);
  EXPECT_EQ(state_at(lesson, 2).layer, 2);
  EXPECT_EQ(state_at(lesson, 2).text, "A");
  EXPECT_EQ(state_at(lesson, 2).head, std::nullopt);
}

class LessonDirectory : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  std::filesystem::path directory_;
};

TEST_F(LessonDirectory, a_broken_lesson_is_listed_and_the_others_work) {
  const std::string sound = lesson_with_step("{" + sound_text + "}");
  write("02_tokens.json", sound);
  write("01_broken.json", "{\n\"id\": \"broken\",\n\"oops\": 1}");
  write("03_other.json", sound);   // its id is not "other"
  write("04_tokens.json", sound);  // the id is taken
  write("lesson.json", sound);
  write("notes.txt", "no lesson");
  std::filesystem::create_directories(directory_ / "05_folder.json");
  const std::vector<LessonOrError> lessons = load_lessons(directory_.string());
  ASSERT_EQ(lessons.size(), 6U);
  const auto error = [&](std::size_t index) { return std::get<LessonError>(lessons[index]); };
  EXPECT_EQ(error(0).line, 3U);
  EXPECT_NE(error(0).reason.en.find("'oops' is not known"), std::string::npos);
  EXPECT_NE(error(0).file.find("01_broken.json"), std::string::npos);
  EXPECT_EQ(std::get<Lesson>(lessons[1]).id, "tokens");
  EXPECT_NE(error(2).reason.en.find("file's name says 'other'"), std::string::npos);
  EXPECT_NE(error(3).reason.en.find("another lesson"), std::string::npos);
  EXPECT_NE(error(5).reason.en.find("01_name.json"), std::string::npos);
  for (const std::size_t index : {0U, 2U, 3U, 4U, 5U}) expect_said_in_both(error(index).reason);
  EXPECT_EQ(place_of(error(0)), error(0).file + ":3");
  EXPECT_EQ(place_of(error(5)), error(5).file);
}

TEST_F(LessonDirectory, a_missing_directory_is_the_users_error) {
  EXPECT_THROW(static_cast<void>(load_lessons((directory_ / "none").string())), UserError);
}

TEST(Lesson, ours_are_sound_and_each_asks_something) {
  const std::vector<LessonOrError> lessons = load_lessons(source_dir() + "/lessons");
  ASSERT_GE(lessons.size(), 3U);
  for (const LessonOrError& entry : lessons) {
    if (const auto* error = std::get_if<LessonError>(&entry)) {
      ADD_FAILURE() << place_of(*error) << ": " << error->reason.en;
      continue;
    }
    const auto& lesson = std::get<Lesson>(entry);
    EXPECT_TRUE(lesson.steps[0].state.model && lesson.steps[0].state.text)
        << lesson.id << ": begins without a set-up";
    std::size_t questions = 0;
    for (const Step& step : lesson.steps) {
      questions += step.question ? 1 : 0;
      EXPECT_NE(step.text.en, step.text.ko) << lesson.id << ": not translated";
    }
    EXPECT_GE(questions, 1U) << lesson.id;
  }
}

}  // namespace
}  // namespace headlight
