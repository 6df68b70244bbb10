// Decides a lesson's conditions against the running model. Pure: reads what it is given and changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bilingual.h"
#include "core/forward/trace.h"
#include "core/session/condition.h"
#include "core/text/tokenizer.h"

namespace headlight {

// What the window shows now.
struct LessonWorld {
  const Trace* trace = nullptr;  // null while nothing has been computed
  std::string text;
  std::vector<Token> tokens;  // of the text; while they are not the trace's own, the model is behind the text
  const Tokenizer* tokenizer = nullptr;
  std::int64_t layer = 0;  // the chosen head
  std::int64_t head = 0;
};

// Why something cannot be decided now.
enum class Undecided {
  no_model,
  still_computing,
  no_such_head,
  no_such_token,
  masked,
  not_one_token,
  no_attention,
  no_next_token  // the model has no logits of tokens
};
Bilingual undecided_text(Undecided reason);

struct Measured {
  std::optional<double> value;  // none: `reason` says why
  Undecided reason = Undecided::no_model;
};
Measured measure(const Quantity& quantity, const LessonWorld& world);

struct Verdict {
  std::optional<bool> holds;  // none: `reason` says why
  Undecided reason = Undecided::no_model;
  std::optional<double> measured;  // the left side of the first comparison
};
Verdict evaluate(const Condition& condition, const LessonWorld& world);

// An index from the end (-1: the last) as one from the front; none if there is no such token.
std::optional<std::int64_t> place_from_front(std::int64_t index, std::int64_t positions);

}  // namespace headlight
