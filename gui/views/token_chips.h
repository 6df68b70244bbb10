// The tokens of a text as chips: piece, id, surprisal; brackets over tokens that share a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gui/frame.h"
#include "gui/views/prompt_text.h"
#include "gui/views/surprisal.h"
#include "imgui.h"

namespace headlight {

class TokenChips {
 public:
  explicit TokenChips(PromptText which = PromptText::own) : which_(which) {}

  // `tokens` of `text`, as they are in this very frame; the model is there and has a tokenizer. At most
  // `rows` rows are seen at once.
  void draw(const Frame& frame, Commands& commands, const std::string& text, const std::vector<Token>& tokens,
            const ShownScores& scores, int rows);

 private:
  struct Chip {
    std::string piece;
    std::string id;
    float left = 0.0F;  // in pixels, from the row's start
    float width = 0.0F;
    int row = 0;
    bool special = false;
    bool part = false;  // begins with bytes that are no character of their own
  };
  struct Bracket {  // one character that several tokens share
    std::string character;
    std::size_t first;
    std::size_t last;
    bool from_middle;  // the first chip holds more than this character
    bool to_middle;
  };

  void update(const Frame& frame, const std::string& text, const std::vector<Token>& tokens, float width);
  void find_brackets();
  void make_chip(const Tokenizer& tokenizer, const Token& token, Chip& chip) const;
  void place_chips(float width);
  void place_rows(float width);
  void fill_last_row(float width);
  void show_row_of(std::size_t position);
  std::int64_t last_that_runs() const;
  void walk(const Frame& frame, Commands& commands);
  std::size_t in_other_row(std::size_t position, int by) const;
  void scroll_with_wheel(ImVec2 corner, ImVec2 opposite);
  ImVec2 corner_of(const Chip& chip) const;
  void draw_chip(const Frame& frame, Commands& commands, std::size_t position);
  void draw_surprisal(std::size_t position, ImVec2 corner, float width) const;
  void draw_bracket(const Bracket& bracket) const;
  void draw_tooltip(const Frame& frame, std::size_t position) const;
  const TokenScore* score(std::size_t position) const;
  void draw_footer(const Frame& frame, std::size_t context) const;

  PromptText which_;
  // What the layout was made from.
  std::string text_;
  std::vector<Token> tokens_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  float width_ = 0.0F;
  float font_ = 0.0F;
  int placed_for_ = 0;    // rows that are seen at once
  float between_ = 0.0F;  // two chips, in pixels

  std::vector<Chip> chips_;
  std::vector<Bracket> brackets_;
  int rows_ = 0;
  int first_row_ = 0;
  std::optional<std::int64_t> locked_;
  std::optional<std::int64_t> take_focus_;  // the chip that the keyboard goes to

  // Of this frame's drawing.
  int rows_shown_ = 2;
  const ShownScores* scores_ = nullptr;
  std::int64_t context_ = 0;  // tokens that are run
  bool has_focus_ = false;    // a chip has the keyboard
  ImVec2 origin_;             // of the first row that is shown
};

}  // namespace headlight
