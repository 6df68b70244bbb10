// One question of a lesson: how it is asked, answered, and what the running model says to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/session/lesson_player.h"
#include "gui/frame.h"
#include "gui/markdown.h"

namespace headlight {

// What the learner has done with one question. The document does not hold it: undo never un-answers.
struct QuestionState {
  std::optional<GivenAnswer> given;    // the last one that was decided
  std::optional<GivenAnswer> waiting;  // given while the model was working: decided as soon as it is done
  std::optional<AnswerCheck> check;    // of the last one, decided or not
  bool solution_shown = false;
  std::string typed;  // of a number
  bool no_number = false;

  bool right() const { return check && check->decided && check->correct && !solution_shown; }
};

// "2,28", " 77.3 %" or "−4" as people type them; nothing if it is no number.
std::optional<double> read_number(std::string_view typed);

// The model has finished exactly the text and the model that the window shows.
bool model_is_ready(const Frame& frame);

// In the language of the window.
const std::string& in_language(const Bilingual& words, const Frame& frame);

// Draws the question at the cursor, as wide as there is room; answers go into the state, solutions that
// change the document into the commands.
void draw_question(const Question& question, QuestionState& state, const Frame& frame, Commands& commands,
                   Markdown& markdown);

}  // namespace headlight
