// Executes every step of every lesson, and every example, on the real model: set-up, claims, questions,
// solutions. Needs the model file in HEADLIGHT_TEST_MODEL.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "core/backends/backend_list.h"
#include "core/forward/forward_pass.h"
#include "core/session/examples.h"
#include "core/session/lesson_player.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

class LessonsOnTheModel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* path = std::getenv("HEADLIGHT_TEST_MODEL");
    if (path == nullptr) return;
    model_ = load_model(path, "smollm2-135m");
    backend_ = make_backend("cpu", 0);
  }
  static void TearDownTestSuite() {
    traces_.clear();
    backend_.reset();
    model_.reset();
  }
  void SetUp() override {
    if (!model_) GTEST_SKIP() << "set HEADLIGHT_TEST_MODEL to a SmolLM2-135M GGUF file to run this";
  }

  // The world after the window has computed this text. Each text is run once.
  static LessonWorld world(const std::string& text, std::int64_t layer, std::int64_t head) {
    LessonWorld shown;
    shown.text = text;
    shown.tokenizer = model_->tokenizer.get();
    shown.tokens = model_->tokenizer->encode(text);
    shown.layer = layer;
    shown.head = head;
    std::shared_ptr<const Trace>& trace = traces_[text];
    if (!trace) {
      ForwardRequest request;
      for (const Token& token : shown.tokens) request.tokens.push_back(token.id);
      trace = run_forward(model_, *backend_, request);
    }
    shown.trace = trace.get();
    return shown;
  }

  static void expect_claims(const std::vector<Condition>& claims, const LessonWorld& shown) {
    for (std::size_t index = 0; index < claims.size(); ++index) {
      const Verdict verdict = evaluate(claims[index], shown);
      ASSERT_TRUE(verdict.holds.has_value())
          << "claim " << index << ": " << undecided_text(verdict.reason).en;
      EXPECT_TRUE(*verdict.holds) << "claim " << index << " (" << quantity_name(claims[index].quantity.kind)
                                  << "): the model says " << verdict.measured.value_or(0.0);
    }
  }

  // The question can be decided as the step sets it up, is not answered by doing nothing, and has an answer.
  static void expect_answerable(const Question& question, const LessonWorld& shown) {
    if (const auto* choice = std::get_if<ChoiceQuestion>(&question.kind)) {
      const CorrectOption correct = correct_option(*choice, shown);
      ASSERT_TRUE(correct.option.has_value()) << "no single option is correct";
      for (std::size_t option = 0; option < choice->options.size(); ++option) {
        const AnswerCheck check = check_answer(question, ChosenOption{option}, shown);
        EXPECT_TRUE(check.decided);
        EXPECT_EQ(check.correct, option == *correct.option);
      }
    } else if (const auto* number = std::get_if<NumberQuestion>(&question.kind)) {
      const Measured measured = measure(number->expected, shown);
      ASSERT_TRUE(measured.value.has_value()) << undecided_text(measured.reason).en;
      const double asked = number->percent ? 100.0 * *measured.value : *measured.value;
      EXPECT_TRUE(check_answer(question, EnteredNumber{asked}, shown).correct);
      EXPECT_FALSE(check_answer(question, EnteredNumber{asked + 2 * number->tolerance + 1}, shown).correct);
    } else if (const auto* find_head = std::get_if<FindHeadQuestion>(&question.kind)) {
      EXPECT_FALSE(check_answer(question, ChosenHead{shown.layer, shown.head}, shown).correct)
          << "already found";
      const ChosenHead solution{find_head->solution_layer, find_head->solution_head};
      EXPECT_TRUE(check_answer(question, solution, shown).correct);
    } else {
      const auto& change = std::get<ChangeTextQuestion>(question.kind);
      const AnswerCheck unchanged = check_answer(question, ChangedText{shown.text}, shown);
      EXPECT_FALSE(unchanged.correct) << "already so";
      const LessonWorld solved = world(change.solution, shown.layer, shown.head);
      EXPECT_TRUE(check_answer(question, ChangedText{change.solution}, solved).correct);
    }
  }

  static inline std::shared_ptr<const Model> model_;
  static inline std::unique_ptr<Backend> backend_;
  static inline std::map<std::string, std::shared_ptr<const Trace>> traces_;
};

TEST_F(LessonsOnTheModel, every_step_holds) {
  std::size_t steps = 0;
  for (const LessonOrError& entry : load_lessons(source_dir() + "/lessons")) {
    const auto& lesson = std::get<Lesson>(entry);
    for (std::size_t step = 0; step < lesson.steps.size(); ++step, ++steps) {
      SCOPED_TRACE(lesson.id + ", step " + std::to_string(step));
      const Document document = document_at({}, lesson, step, model_->tokenizer.get());
      ASSERT_FALSE(document.text.empty());
      const LessonState state = state_at(lesson, step);
      EXPECT_EQ(document.query.has_value(), state.query.has_value());
      EXPECT_EQ(document.key.has_value(), state.key.has_value());
      EXPECT_LT(document.layer, model_->architecture.layers);
      EXPECT_LT(document.head, model_->architecture.heads);
      const LessonWorld shown = world(document.text, document.layer, document.head);
      expect_claims(lesson.steps[step].claims, shown);
      if (lesson.steps[step].question) expect_answerable(*lesson.steps[step].question, shown);
    }
  }
  EXPECT_GE(steps, 18U);  // three lessons of six steps or more
}

TEST_F(LessonsOnTheModel, every_example_shows_what_its_note_says) {
  const std::vector<Example> examples = load_examples(source_dir() + "/assets/examples.json");
  ASSERT_GE(examples.size(), 8U);
  for (const Example& example : examples) {
    SCOPED_TRACE(example.id);
    EXPECT_LT(example.layer, model_->architecture.layers);
    EXPECT_LT(example.head, model_->architecture.heads);
    expect_claims(example.claims, world(example.text, example.layer, example.head));
  }
}

// A wrong claim must fail: otherwise the two tests above would show nothing.
TEST_F(LessonsOnTheModel, a_wrong_claim_is_seen) {
  const Condition wrong = read_condition(
      LocatedJson::parse(R"({"quantity": "next_rank", "token": " London", "op": "==", "value": 1})"));
  EXPECT_EQ(evaluate(wrong, world("The capital of France is", 0, 0)).holds, false);
}

}  // namespace
}  // namespace headlight
