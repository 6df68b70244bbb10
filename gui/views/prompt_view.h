// The prompt: a large editor coloured by token, and the tokens beneath it as chips; what opens under them is
// the detail panel's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gui/view.h"
#include "gui/views/prompt_editor.h"
#include "gui/views/token_chips.h"

namespace headlight {

class PromptView : public View {
 public:
  std::string_view name() const override { return "prompt"; }
  std::string_view explanation() const override { return "explain.prompt"; }
  void draw(const Frame& frame, Commands& commands) override;

  // What the last frame drew.
  const std::vector<Token>& drawn_tokens() const { return tokens_; }

 private:
  void draw_source(const Frame& frame, Commands& commands);
  void draw_own(const Frame& frame, Commands& commands);
  void draw_beginnings(const Frame& frame, Commands& commands) const;

  PromptEditor editor_;
  PromptEditor source_editor_{PromptText::source};
  TokenChips chips_;
  TokenChips source_chips_{PromptText::source};
  ShownScores scores_;
  std::vector<Token> tokens_;
  // Tokens of the source text, and of which text by which model.
  std::vector<Token> source_tokens_;
  std::string source_of_;
  std::weak_ptr<const Tokenizer> source_by_;
};

}  // namespace headlight
