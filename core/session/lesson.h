// A lesson: steps of text that set the window's state, point at panels and ask questions that the running
// model answers. Files are lessons/NN_id.json; adding one needs no compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/session/condition.h"
#include "core/session/document.h"
#include "core/session/lesson_world.h"

namespace headlight {

enum class Panel { prompt, chips, flow, wall, matrix, row, embeddings, next, inspector };

std::string_view panel_name(Panel panel);

// What a step sets; what it leaves out stays as the steps before it left it.
struct LessonState {
  std::optional<std::string> model;  // a catalog name
  std::optional<std::string> text;
  std::optional<CenterView> view;
  std::optional<AttentionMode> attention;  // which picture of the attention view
  std::optional<std::int64_t> layer;
  std::optional<std::int64_t> head;
  std::optional<std::int64_t> query;  // token index, negative from the end: the locked row
  std::optional<std::int64_t> key;
  std::optional<double> temperature;
  std::optional<std::int64_t> top_k;
  std::optional<double> top_p;
  std::optional<double> min_p;
  bool operator==(const LessonState&) const = default;
};

struct ChoiceOption {
  Bilingual text;
  std::optional<Condition> when;     // with Correct::holds
  std::optional<Quantity> quantity;  // with Correct::largest and Correct::smallest
};
struct ChoiceQuestion {
  enum class Correct { fixed, holds, largest, smallest };
  Correct correct = Correct::fixed;
  std::size_t fixed = 0;
  std::vector<ChoiceOption> options;
};
struct NumberQuestion {
  Quantity expected;
  double tolerance = 0.0;
  bool percent = false;  // the expected value times 100 is asked for
};
struct FindHeadQuestion {
  Condition condition;              // quantities without layer and head are the learner's
  std::int64_t solution_layer = 0;  // one head that fulfils it, to be shown on request
  std::int64_t solution_head = 0;
};
struct ChangeTextQuestion {
  Condition condition;
  std::string solution;  // one text that fulfils it
};

struct Question {
  Bilingual prompt;
  Bilingual explanation;  // shown after an answer; "{value}" becomes the model's own number
  std::variant<ChoiceQuestion, NumberQuestion, FindHeadQuestion, ChangeTextQuestion> kind;
};

struct Step {
  Bilingual text;  // Markdown with $…$ and $$…$$
  LessonState state;
  std::vector<Panel> highlights;
  std::vector<Condition> claims;  // what the text says about the model; tests hold it against the model
  std::optional<Question> question;
};

struct Lesson {
  std::string id;
  std::string file;
  Bilingual title;
  std::vector<Step> steps;
};

// Throws LocatedError. `file` is kept; its name is not checked.
Lesson parse_lesson(std::string_view text, const std::string& file);

struct LessonError {
  std::string file;
  std::size_t line = 0;  // 0: the whole file
  Bilingual reason;
};
std::string place_of(const LessonError& error);  // "01_tokens.json:3"
using LessonOrError = std::variant<Lesson, LessonError>;

// Every *.json of the directory in the order of their names; a broken one is listed and the others still
// work. Throws UserError when the directory cannot be listed.
std::vector<LessonOrError> load_lessons(const std::string& directory);

// The names of broken lessons aside: the lesson with this id, if it is there and sound.
const Lesson* find_lesson(const std::vector<LessonOrError>& lessons, std::string_view id);

// Everything that is set once the steps up to and including `step` have been shown.
LessonState state_at(const Lesson& lesson, std::size_t step);

// The document as this step wants to see it: everything above is set, the rest of what can be seen is as on
// the first day (no locks, no interventions, plain sampling); text and model stay where the lesson names
// none. Tokens that count from the end are found with the tokenizer; without one they stay free.
Document document_at(Document document, const Lesson& lesson, std::size_t step, const Tokenizer* tokenizer);

// Both throw LocatedError: {"en": …, "ko": …}, neither empty; of Markdown each formula must end.
Bilingual read_bilingual(const LocatedJson& json);
Bilingual read_bilingual_markdown(const LocatedJson& json);

}  // namespace headlight
