// Texts that show something on the default model, with a note that says what to look at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/session/lesson.h"

namespace headlight {

struct Example {
  std::string id;
  std::string text;
  Bilingual title;
  Bilingual note;
  CenterView view = CenterView::flow;
  std::int64_t layer = 0;
  std::int64_t head = 0;
  std::vector<Condition> claims;  // what the note says; tests hold it against the default model
};

// The content of assets/examples.json. Throws LocatedError: unknown fields, empty texts, an id twice.
std::vector<Example> parse_examples(std::string_view text);

// The document that shows it on the default model: no locks, no interventions, plain sampling, no lesson.
Document with_example(Document document, const Example& example);

// Throws FileError: "path:line: reason".
std::vector<Example> load_examples(const std::string& path);

}  // namespace headlight
