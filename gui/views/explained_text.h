// A text with all that its tokenizer did to it, made in the background; what the panels under the prompt
// draw.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/characters.h"
#include "core/analysis/tokenization.h"
#include "core/session/background.h"
#include "gui/frame.h"
#include "gui/views/prompt_text.h"

namespace headlight {

struct ExplainedText {
  Tokenization tokenization;
  std::vector<SeenCharacter> characters;
  std::vector<ScriptCost> costs;
};

struct ExplainedKey {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string text;
  bool operator==(const ExplainedKey&) const = default;
};

using ExplainedTexts = Background<ExplainedKey, ExplainedText>;
ExplainedText explain(const ExplainedKey& key);

// What one panel draws in one frame.
struct ShownExplanation {
  const Frame& frame;
  Commands& commands;
  PromptText which;
  const ExplainedKey& key;
  const ExplainedText& explained;
  std::int64_t shift = 0;  // tokens that the model has in front of the tokenizer's own
  bool stale = false;      // the text has changed meanwhile: drawn dimmed, without reacting

  const std::vector<Token>& tokens() const { return explained.tokenization.tokens; }
  // Among tokens(); nothing outside of them.
  std::optional<std::size_t> hovered() const;
  std::optional<std::size_t> locked() const;
  void hover(std::size_t token) const;
  void click(std::size_t token) const;  // locks it, or releases the locked one
  float alpha() const { return stale ? 0.45F : 1.0F; }

 private:
  std::optional<std::size_t> known(std::optional<std::int64_t> position) const;
};

}  // namespace headlight
