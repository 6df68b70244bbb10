// How a text became tokens: what the normaliser changed, the words it was cut into, and the way of one word
// to its tokens, step by step.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "gui/views/explained_text.h"
#include "imgui.h"

namespace headlight {

class TokenHistory {
 public:
  void draw(const ShownExplanation& shown);

 private:
  void follow(const ShownExplanation& shown);
  void begin_stage(const ShownExplanation& shown, const char* key) const;
  void draw_normalized(const ShownExplanation& shown) const;
  void draw_words(const ShownExplanation& shown);
  bool draw_word(const ShownExplanation& shown, std::size_t word, ImVec2 corner, float width) const;
  void draw_steps(const ShownExplanation& shown);
  void draw_controls(const ShownExplanation& shown, std::size_t last);
  void take_keys(std::size_t last);
  void show_word(const ShownExplanation& shown, std::size_t word);

  // What the choice of a word and a step belongs to.
  std::string text_;
  const Tokenizer* tokenizer_ = nullptr;
  std::optional<std::size_t> locked_;
  std::size_t word_ = 0;
  std::size_t step_ = 0;  // 0: nothing done yet
  bool is_playing_ = false;
  float waited_ = 0.0F;  // seconds since the last step
};

}  // namespace headlight
