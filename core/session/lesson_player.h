// Going through a lesson: which step, what was answered, and whether the running model agrees. Pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "core/session/lesson.h"

namespace headlight {

struct ChosenOption {
  std::size_t option = 0;
  bool operator==(const ChosenOption&) const = default;
};
struct EnteredNumber {
  double value = 0.0;
  bool operator==(const EnteredNumber&) const = default;
};
struct ChosenHead {
  std::int64_t layer = 0;
  std::int64_t head = 0;
  bool operator==(const ChosenHead&) const = default;
};
struct ChangedText {
  std::string text;
  bool operator==(const ChangedText&) const = default;
};
using GivenAnswer = std::variant<ChosenOption, EnteredNumber, ChosenHead, ChangedText>;

struct AnswerCheck {
  bool decided = false;  // false: the model could not be asked now; `model_says` tells why
  bool correct = false;
  std::optional<double> value;  // the model's own number
  Bilingual model_says;
  Bilingual explanation;  // empty while not decided
};

struct RecordedAnswer {
  GivenAnswer given;
  bool correct = false;
  bool operator==(const RecordedAnswer&) const = default;
};

struct LessonProgress {
  std::size_t lesson = 0;  // in the list of lessons
  std::size_t step = 0;
  std::map<std::size_t, RecordedAnswer> answers;  // by step; the latest of each
  bool operator==(const LessonProgress&) const = default;
};

// Stay where they are at the ends.
LessonProgress next(LessonProgress progress, const Lesson& lesson);
LessonProgress back(LessonProgress progress);
bool at_end(const LessonProgress& progress, const Lesson& lesson);

// Decides a given answer. An answer of another kind than the question is our bug: std::logic_error.
// A head that the learner chose counts, not the world's.
AnswerCheck check_answer(const Question& question, const GivenAnswer& given, const LessonWorld& world);

// Checks the answer to the current step's question and records it when it could be decided.
// Throws std::logic_error when the step asks nothing.
struct Answered {
  LessonProgress progress;
  AnswerCheck check;
};
Answered answer(LessonProgress progress, const Lesson& lesson, const GivenAnswer& given,
                const LessonWorld& world);

// The option that is correct for the running model; none: `reason` says why. Several or no options that hold
// give none without a reason of the model: the question does not fit this text.
struct CorrectOption {
  std::optional<std::size_t> option;
  std::optional<Undecided> reason;
  std::optional<double> value;  // of the correct option
};
CorrectOption correct_option(const ChoiceQuestion& question, const LessonWorld& world);

}  // namespace headlight
