// Moves through a lesson and holds answers against the running model.
#include "core/session/lesson_player.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

std::string with_value(std::string text, const std::string& value) {
  const std::string mark = "{value}";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size())) {
    text.replace(at, mark.size(), value);
  }
  return text;
}

AnswerCheck not_decided(const Bilingual& why) {
  AnswerCheck check;
  check.model_says = why;
  return check;
}

AnswerCheck decided(const Question& question, bool correct, std::optional<double> value,
                    const std::string& value_text, const Bilingual& model_says) {
  AnswerCheck check;
  check.decided = true;
  check.correct = correct;
  check.value = value;
  check.model_says = model_says;
  check.explanation = {with_value(question.explanation.en, value_text),
                       with_value(question.explanation.ko, value_text)};
  return check;
}

// The kind of the number that stands first in a condition: how it is written.
QuantityKind first_kind(const Condition& condition) {
  const Condition* first = &condition;
  while (first->kind != Condition::Kind::compare) first = &first->parts.front();
  return first->quantity.kind;
}

AnswerCheck check_choice(const Question& question, const ChoiceQuestion& choice, const ChosenOption& given,
                         const LessonWorld& world) {
  const CorrectOption correct = correct_option(choice, world);
  if (!correct.option) {
    return not_decided(
        correct.reason
            ? undecided_text(*correct.reason)
            : Bilingual{"The model decides none of these answers alone for this text. Set the "
                        "step up again.",
                        "이 글에서는 모델이 답 하나를 정하지 못합니다. 단계를 다시 시작해 주세요."});
  }
  const ChoiceOption& option = choice.options[*correct.option];
  std::string value_text;
  if (correct.value) {
    const QuantityKind kind = option.quantity ? option.quantity->kind : first_kind(*option.when);
    value_text = quantity_text(kind, *correct.value);
  }
  Bilingual says = option.text;
  if (!value_text.empty()) {
    says.en += fmt::format(" ({})", value_text);
    says.ko += fmt::format(" ({})", value_text);
  }
  return decided(question, given.option == *correct.option, correct.value, value_text, says);
}

AnswerCheck check_number(const Question& question, const NumberQuestion& number, const EnteredNumber& given,
                         const LessonWorld& world) {
  const Measured measured = measure(number.expected, world);
  if (!measured.value) return not_decided(undecided_text(measured.reason));
  const double asked = number.percent ? 100.0 * *measured.value : *measured.value;
  const bool correct = std::abs(given.value - asked) <= number.tolerance;
  const std::string text = number.percent && number.expected.kind != QuantityKind::next_probability
                               ? fmt::format("{:.1f}%", asked)
                               : quantity_text(number.expected.kind, *measured.value);
  return decided(question, correct, measured.value, text, {text, text});
}

AnswerCheck check_condition(const Question& question, const Condition& condition, const LessonWorld& world) {
  const Verdict verdict = evaluate(condition, world);
  if (!verdict.holds) return not_decided(undecided_text(verdict.reason));
  const std::string text =
      verdict.measured ? quantity_text(first_kind(condition), *verdict.measured) : std::string();
  return decided(question, *verdict.holds, verdict.measured, text, {text, text});
}

CorrectOption option_that_holds(const ChoiceQuestion& question, const LessonWorld& world) {
  CorrectOption correct;
  int holding = 0;
  for (std::size_t index = 0; index < question.options.size(); ++index) {
    const Verdict verdict = evaluate(question.options[index].when.value(), world);
    if (!verdict.holds) return {std::nullopt, verdict.reason, std::nullopt};
    if (!*verdict.holds) continue;
    ++holding;
    correct.option = index;
    correct.value = verdict.measured;
  }
  return holding == 1 ? correct : CorrectOption{};
}

CorrectOption option_with_extreme(const ChoiceQuestion& question, const LessonWorld& world) {
  CorrectOption correct;
  bool tie = false;
  for (std::size_t index = 0; index < question.options.size(); ++index) {
    const Measured measured = measure(question.options[index].quantity.value(), world);
    if (!measured.value) return {std::nullopt, measured.reason, std::nullopt};
    const bool better = !correct.value || (question.correct == ChoiceQuestion::Correct::largest
                                               ? *measured.value > *correct.value
                                               : *measured.value < *correct.value);
    if (better) {
      correct.option = index;
      correct.value = measured.value;
      tie = false;
    } else if (*measured.value == *correct.value) {
      tie = true;
    }
  }
  return tie ? CorrectOption{} : correct;
}

}  // namespace

LessonProgress next(LessonProgress progress, const Lesson& lesson) {
  if (!at_end(progress, lesson)) ++progress.step;
  return progress;
}

LessonProgress back(LessonProgress progress) {
  if (progress.step > 0) --progress.step;
  return progress;
}

bool at_end(const LessonProgress& progress, const Lesson& lesson) {
  return progress.step + 1 >= lesson.steps.size();
}

AnswerCheck check_answer(const Question& question, const GivenAnswer& given, const LessonWorld& world) {
  if (const auto* choice = std::get_if<ChoiceQuestion>(&question.kind)) {
    if (const auto* option = std::get_if<ChosenOption>(&given))
      return check_choice(question, *choice, *option, world);
  } else if (const auto* number = std::get_if<NumberQuestion>(&question.kind)) {
    if (const auto* value = std::get_if<EnteredNumber>(&given))
      return check_number(question, *number, *value, world);
  } else if (const auto* find_head = std::get_if<FindHeadQuestion>(&question.kind)) {
    if (const auto* head = std::get_if<ChosenHead>(&given)) {
      LessonWorld chosen = world;
      chosen.layer = head->layer;
      chosen.head = head->head;
      return check_condition(question, find_head->condition, chosen);
    }
  } else if (const auto* change = std::get_if<ChangeTextQuestion>(&question.kind)) {
    if (std::holds_alternative<ChangedText>(given))
      return check_condition(question, change->condition, world);
  }
  throw std::logic_error("the answer is of another kind than the question");
}

Answered answer(LessonProgress progress, const Lesson& lesson, const GivenAnswer& given,
                const LessonWorld& world) {
  const Step& step = lesson.steps.at(progress.step);
  if (!step.question) throw std::logic_error("this step asks nothing");
  AnswerCheck check = check_answer(*step.question, given, world);
  if (check.decided) progress.answers[progress.step] = RecordedAnswer{given, check.correct};
  return {std::move(progress), std::move(check)};
}

CorrectOption correct_option(const ChoiceQuestion& question, const LessonWorld& world) {
  switch (question.correct) {
    case ChoiceQuestion::Correct::fixed:
      return {question.fixed, std::nullopt, std::nullopt};
    case ChoiceQuestion::Correct::holds:
      return option_that_holds(question, world);
    case ChoiceQuestion::Correct::largest:
    case ChoiceQuestion::Correct::smallest:
      return option_with_extreme(question, world);
  }
  throw std::logic_error("a new way of being correct has no meaning yet");
}

}  // namespace headlight
