// Conditions and answers on a trace whose numbers are written by hand.
#include "core/session/lesson_world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <stdexcept>

#include "core/session/lesson_player.h"

namespace headlight {
namespace {

// Words with their leading space are tokens; the vocabulary is these four.
class WordTokenizer : public Tokenizer {
 public:
  std::vector<Token> encode(std::string_view text) const override {
    std::vector<Token> tokens;
    std::size_t begin = 0;
    while (begin < text.size()) {
      std::size_t end = text.find(' ', begin + 1);
      if (end == std::string_view::npos) end = text.size();
      tokens.push_back({id_of(std::string(text.substr(begin, end - begin))), begin, end});
      begin = end;
    }
    return tokens;
  }
  std::vector<MergeHistory> merge_history(std::string_view) const override { return {}; }
  std::int64_t vocabulary_size() const override { return static_cast<std::int64_t>(words_.size()); }
  const std::string& piece(TokenId id) const override { return words_.at(static_cast<std::size_t>(id)); }
  const std::string& bytes(TokenId id) const override { return words_.at(static_cast<std::size_t>(id)); }
  bool is_special(TokenId) const override { return false; }
  bool has_byte(std::uint8_t) const override { return false; }
  std::optional<TokenId> beginning_of_text() const override { return {}; }
  std::optional<TokenId> end_of_text() const override { return {}; }

 private:
  TokenId id_of(const std::string& word) const {
    for (std::size_t id = 0; id < words_.size(); ++id) {
      if (words_[id] == word) return static_cast<TokenId>(id);
    }
    return 3;
  }
  std::vector<std::string> words_ = {"A", " b", " c", " other"};
};

// "A b b": 1 layer, 2 heads that share one key/value head, d_head 2, scale 0.5.
class LessonWorldTest : public testing::Test {
 protected:
  LessonWorldTest() {
    auto model = std::make_shared<Model>();
    ArchitectureDescription& architecture = model->architecture;
    architecture.layers = 1;
    architecture.heads = 2;
    architecture.kv_heads = 1;
    architecture.d_head = 2;
    architecture.vocabulary = 4;
    architecture.attention_scale = 0.5;
    architecture.rotary.dimensions = 2;
    trace_ = std::make_shared<Trace>(model, std::vector<TokenId>{0, 1, 1});
    // [position, head, d_head] and [position, key/value head, d_head]
    trace_->set(Hook::rot_q, 0, Tensor({3, 2, 2}, std::vector<float>{1, 0, 0, 1, 1, 1, 2, 0, 0, 2, 4, 6}));
    trace_->set(Hook::rot_k, 0, Tensor({3, 1, 2}, std::vector<float>{1, 2, 3, 4, -1, 0.5F}));
    trace_->set(Hook::pattern, 0,
                Tensor({2, 3, 3}, std::vector<float>{1, 0, 0, 0.75F, 0.25F, 0, 0.5F, 0.25F, 0.25F,  //
                                                     1, 0, 0, 0.5F, 0.5F, 0, 0.125F, 0.75F, 0.125F}));
    // Row 2: probabilities 0.5, 0.25, 0.125, 0.125 (logits are logarithms base e).
    const float half = std::log(0.5F);
    trace_->set(
        Hook::logits, 0,
        Tensor({3, 4}, std::vector<float>{0, 0, 0, 5, 0, 9, 0, 0, 3 * half, 1 * half, 2 * half, 3 * half}));
    world_.trace = trace_.get();
    world_.text = "A b b";
    world_.tokenizer = &tokenizer_;
    world_.tokens = tokenizer_.encode(world_.text);
  }

  double value(const std::string& json) const {
    const Measured measured = measure(read_quantity(LocatedJson::parse(json)), world_);
    EXPECT_TRUE(measured.value.has_value()) << json << ": " << undecided_text(measured.reason).en;
    return measured.value.value_or(NAN);
  }
  Undecided reason(const std::string& json) const {
    const Measured measured = measure(read_quantity(LocatedJson::parse(json)), world_);
    EXPECT_FALSE(measured.value.has_value()) << json;
    return measured.reason;
  }
  Verdict verdict(const std::string& json) const {
    return evaluate(read_condition(LocatedJson::parse(json)), world_);
  }

  WordTokenizer tokenizer_;
  std::shared_ptr<Trace> trace_;
  LessonWorld world_;
};

TEST_F(LessonWorldTest, measures_the_text) {
  EXPECT_EQ(value(R"({"quantity": "token_count"})"), 3);
  EXPECT_EQ(value(R"({"quantity": "byte_count"})"), 5);
  EXPECT_EQ(value(R"({"quantity": "character_count"})"), 5);
  EXPECT_EQ(value(R"({"quantity": "vocabulary_size"})"), 4);
  EXPECT_EQ(value(R"({"quantity": "token_id", "position": -1})"), 1);
  EXPECT_EQ(value(R"({"quantity": "token_bytes", "position": 0})"), 1);
  EXPECT_EQ(value(R"({"quantity": "token_bytes", "position": " b"})"), 2);
  EXPECT_EQ(value(R"({"quantity": "occurrences", "of": " b"})"), 2);
  EXPECT_EQ(value(R"({"quantity": "occurrences", "of": "c"})"), 0);
  world_.text = "한a";
  EXPECT_EQ(value(R"({"quantity": "byte_count"})"), 4);
  EXPECT_EQ(value(R"({"quantity": "character_count"})"), 2);
}

TEST_F(LessonWorldTest, measures_attention) {
  // Head 1, query 2: (4, 6); key 1: (3, 4) -> 12 + 24 = 36, times 0.5.
  EXPECT_EQ(value(R"({"quantity": "attention_dot", "layer": 0, "head": 1, "query": 2, "key": 1})"), 36);
  EXPECT_EQ(value(R"({"quantity": "attention_score", "layer": 0, "head": 1, "query": -1, "key": 1})"), 18);
  EXPECT_EQ(value(R"({"quantity": "pattern", "layer": 0, "head": 1, "query": 2, "key": 1})"), 0.75);
  EXPECT_EQ(value(R"({"quantity": "pattern", "layer": 0, "head": 0, "query": " b", "key": "A"})"), 0.5);
  EXPECT_EQ(value(R"({"quantity": "pattern", "layer": 0, "head": 0, "query": 1, "key": 2})"), 0.0);
  EXPECT_EQ(value(R"({"quantity": "mean_attention", "layer": 0, "head": 0, "target": "first"})"), 0.625);
  EXPECT_EQ(value(R"({"quantity": "mean_attention", "layer": 0, "head": 1, "target": "previous"})"), 0.625);
  EXPECT_EQ(value(R"({"quantity": "mean_attention", "layer": 0, "head": 1, "target": "itself"})"), 0.3125);
  world_.head = 1;  // no head named: the chosen one
  EXPECT_EQ(value(R"({"quantity": "pattern", "query": 2, "key": 1})"), 0.75);
}

TEST_F(LessonWorldTest, measures_the_next_token) {
  // The logits are float32 logarithms: the probabilities are exact to about 1e-7.
  EXPECT_NEAR(value(R"({"quantity": "next_probability", "token": " b"})"), 0.5, 1e-6);
  EXPECT_NEAR(value(R"({"quantity": "next_probability", "token": " c"})"), 0.25, 1e-6);
  EXPECT_NEAR(value(R"({"quantity": "next_logit", "token": " c"})"), 2 * std::log(0.5), 1e-6);
  EXPECT_EQ(value(R"({"quantity": "next_rank", "token": " b"})"), 1);
  EXPECT_EQ(value(R"({"quantity": "next_rank", "token": " c"})"), 2);
  EXPECT_EQ(value(R"({"quantity": "next_rank", "token": " other", "position": 0})"), 1);
  EXPECT_NEAR(value(R"({"quantity": "next_entropy"})"), 1.75 * std::log(2.0), 1e-6);
  // Temperature 0.5 squares the probabilities: 16, 4, 1, 1 of 22.
  EXPECT_NEAR(value(R"({"quantity": "next_probability", "token": " b", "temperature": 0.5})"), 16.0 / 22.0,
              1e-6);
  EXPECT_NEAR(value(R"({"quantity": "next_probability", "token": " b", "top_k": 2})"), 2.0 / 3.0, 1e-6);
  EXPECT_EQ(value(R"({"quantity": "next_probability", "token": " other", "top_k": 2})"), 0);
  EXPECT_EQ(value(R"({"quantity": "next_kept", "top_k": 3})"), 3);
  EXPECT_EQ(value(R"({"quantity": "next_kept", "top_p": 0.7})"), 2);
  EXPECT_EQ(value(R"({"quantity": "next_kept"})"), 4);
}

TEST_F(LessonWorldTest, says_why_it_cannot_decide) {
  EXPECT_EQ(reason(R"({"quantity": "pattern", "layer": 1, "head": 0, "query": 0, "key": 0})"),
            Undecided::no_such_head);
  EXPECT_EQ(reason(R"({"quantity": "pattern", "layer": 0, "head": 2, "query": 0, "key": 0})"),
            Undecided::no_such_head);
  EXPECT_EQ(reason(R"({"quantity": "pattern", "layer": 0, "head": 0, "query": 3, "key": 0})"),
            Undecided::no_such_token);
  EXPECT_EQ(reason(R"({"quantity": "pattern", "layer": 0, "head": 0, "query": -4, "key": 0})"),
            Undecided::no_such_token);
  EXPECT_EQ(reason(R"({"quantity": "token_id", "position": " c"})"), Undecided::no_such_token);
  EXPECT_EQ(reason(R"({"quantity": "attention_score", "layer": 0, "head": 0, "query": 0, "key": 1})"),
            Undecided::masked);
  EXPECT_EQ(reason(R"({"quantity": "next_rank", "token": " b c"})"), Undecided::not_one_token);
  world_.tokens = tokenizer_.encode("A b c");  // the trace is of the text before
  EXPECT_EQ(reason(R"({"quantity": "next_entropy"})"), Undecided::still_computing);
  EXPECT_EQ(value(R"({"quantity": "token_count"})"), 3);  // the text alone decides
  world_.trace = nullptr;
  EXPECT_EQ(reason(R"({"quantity": "next_entropy"})"), Undecided::no_model);
  for (const Undecided each :
       {Undecided::no_model, Undecided::still_computing, Undecided::no_such_head, Undecided::no_such_token,
        Undecided::masked, Undecided::not_one_token, Undecided::no_attention}) {
    EXPECT_FALSE(undecided_text(each).en.empty());
    EXPECT_FALSE(undecided_text(each).ko.empty());
  }
}

TEST_F(LessonWorldTest, values_that_were_not_kept_are_said_to_be_missing) {
  Trace bare(trace_->shared_model(), trace_->tokens());
  bare.set(Hook::logits, 0, trace_->at(Hook::logits));
  world_.trace = &bare;
  EXPECT_EQ(reason(R"({"quantity": "pattern", "layer": 0, "head": 0, "query": 1, "key": 0})"),
            Undecided::no_attention);
  EXPECT_EQ(reason(R"({"quantity": "attention_score", "layer": 0, "head": 0, "query": 1, "key": 0})"),
            Undecided::no_attention);
  EXPECT_EQ(reason(R"({"quantity": "attention_dot", "layer": 0, "head": 0, "query": 1, "key": 0})"),
            Undecided::no_attention);
}

TEST_F(LessonWorldTest, compares_and_combines) {
  const std::string count = R"({"quantity": "token_count", "op": ")";
  const std::map<std::string, bool> against_three = {{"<", false}, {"<=", true}, {">", false},
                                                     {">=", true}, {"==", true}, {"!=", false}};
  for (const auto& [comparison, holds] : against_three) {
    EXPECT_EQ(verdict(count + comparison + "\", \"value\": 3}").holds, holds) << comparison;
  }
  EXPECT_EQ(verdict(count + "near\", \"value\": 3.5, \"tolerance\": 0.5}").holds, true);
  EXPECT_EQ(verdict(count + "near\", \"value\": 3.5, \"tolerance\": 0.4}").holds, false);
  EXPECT_EQ(verdict(count + ">\", \"value\": {\"quantity\": \"next_rank\", \"token\": \" c\"}}").holds, true);
  const std::string yes = count + "==\", \"value\": 3}";
  const std::string no = count + "==\", \"value\": 4}";
  EXPECT_EQ(verdict("{\"all\": [" + yes + "," + yes + "]}").holds, true);
  EXPECT_EQ(verdict("{\"all\": [" + yes + "," + no + "]}").holds, false);
  EXPECT_EQ(verdict("{\"any\": [" + no + "," + yes + "]}").holds, true);
  EXPECT_EQ(verdict("{\"any\": [" + no + "," + no + "]}").holds, false);
  EXPECT_EQ(verdict("{\"none\": [" + no + "," + no + "]}").holds, true);
  EXPECT_EQ(verdict("{\"none\": [" + no + "," + yes + "]}").holds, false);
  EXPECT_EQ(verdict("{\"all\": [" + yes + "," + yes + "]}").measured, 3);
  const std::string broken = R"({"quantity": "token_id", "position": 7, "op": "==", "value": 1})";
  EXPECT_FALSE(verdict("{\"any\": [" + yes + "," + broken + "]}").holds.has_value());
}

Lesson player_lesson() {
  const std::string step = R"({"text": {"en": "a", "ko": "가"}, "question": {"prompt": {"en": "?", "ko": "?"},
    "explanation": {"en": "It is {value}.", "ko": "{value}입니다."}, )";
  return parse_lesson(R"({"id": "x", "title": {"en": "a", "ko": "가"}, "steps": [)" + step +
                          R"("kind": "choice", "correct": "largest", "options": [
      {"en": "b", "ko": "비", "of": {"quantity": "next_probability", "token": " b"}},
      {"en": "c", "ko": "씨", "of": {"quantity": "next_probability", "token": " c"}}]}},)" +
                          step + R"("kind": "choice", "correct": "holds", "options": [
      {"en": "three", "ko": "셋", "when": {"quantity": "token_count", "op": "==", "value": 3}},
      {"en": "four", "ko": "넷", "when": {"quantity": "token_count", "op": "==", "value": 4}}]}},)" +
                          step + R"("kind": "number", "tolerance": 1, "percent": true,
      "expected": {"quantity": "next_probability", "token": " c"}}},)" +
                          step + R"("kind": "find_head", "solution": {"layer": 0, "head": 1},
      "condition": {"quantity": "pattern", "query": -1, "key": 1, "op": ">", "value": 0.5}}},)" +
                          step + R"("kind": "change_text", "solution": "A",
      "condition": {"quantity": "token_count", "op": "<", "value": 3}}},
      {"text": {"en": "end", "ko": "끝"}}]})",
                      "x");
}

TEST_F(LessonWorldTest, answers_are_held_against_the_model) {
  const Lesson lesson = player_lesson();
  LessonProgress progress;
  Answered answered = answer(progress, lesson, ChosenOption{0}, world_);
  EXPECT_TRUE(answered.check.decided && answered.check.correct);
  EXPECT_EQ(answered.check.model_says.en, "b (50.00%)");
  EXPECT_EQ(answered.check.explanation, (Bilingual{"It is 50.00%.", "50.00%입니다."}));
  answered = answer(answered.progress, lesson, ChosenOption{1}, world_);
  EXPECT_FALSE(answered.check.correct);
  EXPECT_EQ(answered.progress.answers.at(0), (RecordedAnswer{ChosenOption{1}, false}));

  progress = next(answered.progress, lesson);
  EXPECT_TRUE(answer(progress, lesson, ChosenOption{0}, world_).check.correct);
  LessonWorld shorter = world_;
  shorter.tokens.pop_back();
  EXPECT_FALSE(
      answer(progress, lesson, ChosenOption{0}, shorter).check.decided);  // two tokens: no option holds

  progress = next(progress, lesson);
  EXPECT_TRUE(answer(progress, lesson, EnteredNumber{25.9}, world_).check.correct);
  EXPECT_FALSE(answer(progress, lesson, EnteredNumber{26.1}, world_).check.correct);
  EXPECT_FALSE(answer(progress, lesson, EnteredNumber{NAN}, world_).check.correct);

  progress = next(progress, lesson);
  EXPECT_TRUE(answer(progress, lesson, ChosenHead{0, 1}, world_).check.correct);
  EXPECT_FALSE(answer(progress, lesson, ChosenHead{0, 0}, world_).check.correct);
  const Answered undecided = answer(progress, lesson, ChosenHead{5, 0}, world_);
  EXPECT_FALSE(undecided.check.decided);
  EXPECT_EQ(undecided.check.model_says, undecided_text(Undecided::no_such_head));
  EXPECT_EQ(undecided.progress, progress);  // nothing is recorded

  progress = next(progress, lesson);
  EXPECT_FALSE(answer(progress, lesson, ChangedText{"A b b"}, world_).check.correct);
  EXPECT_TRUE(answer(progress, lesson, ChangedText{"A b"}, shorter).check.correct);
  EXPECT_THROW(static_cast<void>(answer(progress, lesson, ChosenOption{0}, world_)), std::logic_error);
  progress = next(progress, lesson);
  EXPECT_THROW(static_cast<void>(answer(progress, lesson, ChosenOption{0}, world_)), std::logic_error);
}

TEST_F(LessonWorldTest, a_step_sets_the_document) {
  const Lesson lesson = parse_lesson(R"({"id": "x", "title": {"en": "a", "ko": "가"}, "steps": [
      {"text": {"en": "a", "ko": "가"}, "state": {"text": "A b c", "view": "attention", "attention": "row", "query": -1,
       "temperature": 0.5}}, {"text": {"en": "a", "ko": "가"}, "state": {"key": 0, "layer": 2, "head": 1, "top_k": 3}}]})",
                                     "x");
  Document before;
  before.text = "old";
  before.candidate = 3;
  before.interventions.emplace_back();
  const Document document = document_at(before, lesson, 1, &tokenizer_);
  Document expected;
  expected.text = "A b c";
  expected.view = CenterView::attention;
  expected.attention_mode = AttentionMode::row;
  expected.layer = 2;
  expected.head = 1;
  expected.query = 2;
  expected.key = 0;
  expected.sampling.temperature = 0.5;
  expected.sampling.top_k = 3;
  expected.lesson = LessonPlace{"x", 1};
  EXPECT_EQ(document, expected);
  EXPECT_EQ(document_at(before, lesson, 1, nullptr).query, std::nullopt);
}

TEST(LessonPlayer, stays_inside_the_lesson) {
  const Lesson lesson = player_lesson();
  LessonProgress progress;
  EXPECT_EQ(back(progress).step, 0U);
  for (std::size_t step = 1; step < lesson.steps.size(); ++step) {
    EXPECT_FALSE(at_end(progress, lesson));
    progress = next(progress, lesson);
    EXPECT_EQ(progress.step, step);
  }
  EXPECT_TRUE(at_end(progress, lesson));
  EXPECT_EQ(next(progress, lesson), progress);
  EXPECT_EQ(back(progress).step, lesson.steps.size() - 2);
}

TEST(Condition, numbers_are_written_with_the_digits_that_say_something) {
  EXPECT_EQ(quantity_text(QuantityKind::token_count, 14), "14");
  EXPECT_EQ(quantity_text(QuantityKind::next_probability, 0.77249), "77.25%");
  EXPECT_EQ(quantity_text(QuantityKind::next_probability, 3e-8), "3.0e−6%");
  EXPECT_EQ(quantity_text(QuantityKind::pattern, 0.9034), "0.903");
  EXPECT_EQ(quantity_text(QuantityKind::attention_score, -1.256), "−1.26");
}

}  // namespace
}  // namespace headlight
