// What is trained in the window: from a user's choices to a model, its texts and a training run's settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/session/view_choices.h"
#include "core/training/corpus.h"
#include "core/training/training_config.h"

namespace headlight {

// How large a model is, and what a step reads. Known before anything is made.
struct LearningPlan {
  std::int64_t layers = 0, heads = 0, width = 0;
  std::int64_t inner = 0;       // width inside an MLP; 0: there is none
  std::int64_t vocabulary = 0;  // at most; of repeated letters exactly
  std::int64_t parameters = 0;  // with that vocabulary
  std::int64_t batch = 0, context = 0;
  double seconds = 0.0;  // that the training may take on this machine: a guess
};
LearningPlan learning_plan(const LearningChoices& choices);

// The sizes of a model that was learnt before; nothing when there is none in the folder.
std::optional<LearningPlan> learnt_plan(const std::string& folder);

// The choices with another beginning, and as many steps and such a learning rate as suit it.
LearningChoices begun_with(LearningChoices choices, LearningStart start);

// Whether a run's model is the one that was learnt before, moved on. If not, another model can learn beside
// it: a recurrent network beside one with random weights, an untaught one beside one that is taught.
bool goes_on(const LearningChoices& choices);

// A text of one's own has at least and at most so many bytes.
constexpr std::int64_t least_learning_text = 1000;
constexpr std::int64_t most_learning_text = 300'000;
constexpr std::size_t most_wish = 24;  // bytes

struct LearningTexts {
  TrainingConfig config;
  Corpus corpus;
  std::string probe;   // whose attention is shown
  std::string prompt;  // that the model goes on with
  // Of repeated letters: what the best reader's loss cannot be below, since a letter that comes for the first
  // time is any of those that are left; 0 where nobody knows.
  double unknowable = 0.0;
  std::int64_t letters = 0;  // different ones that there are; 0 where guessing means all of the vocabulary
  std::vector<std::string> held_out;  // texts that are not learnt from
  std::vector<std::string> asked;     // beginnings of texts, that answers are drawn to
};
// Throws UserError: a text that is too short or too long; settings out of range; no model to go on from.
// Of LearningStart::preferred the corpus is still the texts: see prefer() in learning_wish.h.
LearningTexts learning_texts(const LearningChoices& choices);

// What the model beside it is, and how it learns: of about as many parameters, from the same texts.
TrainingConfig rival_config(const LearningChoices& choices, const TrainingConfig& config,
                            std::int64_t parameters, std::int64_t vocabulary);

// One text of what is learnt, of repeated letters.
std::string learning_example();

// Whether the letter at a place is the one that came after the letter before it the last time.
bool follows_from_before(const std::string& text, std::size_t place);

// A folder of the user's data that is not there yet, for the model of a step. Throws UserError.
std::string free_learnt_folder(const LearningChoices& choices, std::int64_t step);

}  // namespace headlight
