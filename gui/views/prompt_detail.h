// What opens under the prompt: how the text became tokens, its characters and bytes, another tokenizer.
#pragma once

#include <string>
#include <vector>

#include "gui/view.h"
#include "gui/views/character_rows.h"
#include "gui/views/explained_text.h"
#include "gui/views/token_history.h"
#include "gui/views/two_tokenizers.h"

namespace headlight {

// One line of switches that open it, or close it again.
void draw_detail_tools(const Frame& frame, Commands& commands);

// Beside the panels on the right, so that they keep their height.
class DetailPanel : public View {
 public:
  DetailPanel() : texts_([](const ExplainedKey& key, const Progress&) { return explain(key); }) {}
  std::string_view name() const override { return "prompt_detail"; }
  std::string_view explanation() const override { return "explain.prompt"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void draw_text_choice(const Frame& frame);
  // Whether it is what is wanted now: not an earlier text, nor a word about waiting.
  bool draw_shown(const Frame& frame, Commands& commands, PromptText which, const std::string& text);

  ExplainedTexts texts_;
  TokenHistory history_;
  CharacterRows characters_;
  TwoTokenizers two_;
  bool shows_source_ = true;  // of an encoder-decoder

  // As high as the content, never lower while the mouse goes over it.
  PromptChoices shown_;
  std::string shown_text_;
  bool is_measured_ = false;
  float height_ = 0.0F;
};

}  // namespace headlight
