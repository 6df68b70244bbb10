// What opens under the chips: how the text became tokens, its characters and bytes, another tokenizer.
#pragma once

#include <string>
#include <vector>

#include "gui/views/character_rows.h"
#include "gui/views/explained_text.h"
#include "gui/views/token_history.h"
#include "gui/views/two_tokenizers.h"

namespace headlight {

class DetailPanel {
 public:
  DetailPanel() : texts_([](const ExplainedKey& key, const Progress&) { return explain(key); }) {}

  // One line of switches.
  static void draw_tools(const Frame& frame, Commands& commands);
  // `source_text` is of the encoder; other models leave it alone. The model is there and has a tokenizer.
  void draw(const Frame& frame, Commands& commands, const std::string& text, const std::string& source_text);

 private:
  void draw_text_choice(const Frame& frame);
  void draw_shown(const Frame& frame, Commands& commands, PromptText which, const std::string& text);

  ExplainedTexts texts_;
  TokenHistory history_;
  CharacterRows characters_;
  TwoTokenizers two_;
  bool shows_source_ = true;  // of an encoder-decoder

  // Of the last frame, so that the panel is as high as its content, and does not jump while the mouse moves.
  PromptChoices shown_;
  std::string shown_text_;
  float height_ = 0.0F;
};

}  // namespace headlight
