// The prompt: a large editor coloured by token, and the tokens beneath it as chips.
#pragma once

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
  PromptEditor editor_;
  TokenChips chips_;
  std::vector<Token> tokens_;
};

}  // namespace headlight
