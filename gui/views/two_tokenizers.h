// The same text through two tokenizers: their tokens one above the other, and what a character costs in each
// script.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/session/other_tokenizer.h"
#include "gui/views/explained_text.h"
#include "imgui.h"

namespace headlight {

class TwoTokenizers {
 public:
  TwoTokenizers();
  void draw(const ShownExplanation& shown);

 private:
  struct Chip {
    float left, width;
    int row;
  };
  // Tokens as boxes in rows; what they were made from.
  struct ChipRows {
    std::vector<Chip> chips;
    int rows = 0;
    const ExplainedText* of = nullptr;
    float width = 0.0F, font = 0.0F;
    void update(const ExplainedKey& key, const ExplainedText& text, float room);
  };

  void draw_choice(const ShownExplanation& shown);
  void draw_rows(const ShownExplanation& shown, const ExplainedKey& key, const ExplainedText& drawn,
                 ChipRows& rows, bool is_own);
  void draw_meter(const ShownExplanation& shown, const ExplainedText* other) const;
  void draw_problem(const std::string& words) const;
  std::string title_of(const std::string& name) const;
  void choose(const ShownExplanation& shown, const std::string& name) const;

  Background<std::string, std::shared_ptr<const Tokenizer>> tokenizers_;
  Background<int, std::vector<TokenizerSource>> sources_;
  ExplainedTexts texts_;
  int looked_ = 0;     // how often the list of sources was asked for
  std::string typed_;  // a path
  ChipRows own_rows_, other_rows_;
  // Bytes of the text that the mouse was over in the last frame; none when equal.
  std::size_t lit_begin_ = 0, lit_end_ = 0;
  std::size_t next_begin_ = 0, next_end_ = 0;
};

}  // namespace headlight
