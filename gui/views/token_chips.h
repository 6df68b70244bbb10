// The tokens of the prompt as chips: piece, id, surprisal; brackets over tokens that share a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/token_scores.h"
#include "gui/frame.h"
#include "imgui.h"

namespace headlight {

class TokenChips {
 public:
  // `tokens` of `text`, as they are in this very frame.
  void draw(const Frame& frame, Commands& commands, const std::string& text,
            const std::vector<Token>& tokens);

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
  void show_row_of(std::size_t position);
  void scroll_with_wheel(ImVec2 corner, ImVec2 opposite);
  ImVec2 corner_of(const Chip& chip) const;
  void draw_chip(const Frame& frame, Commands& commands, std::size_t position);
  void draw_surprisal(const Frame& frame, std::size_t position, ImVec2 corner, float width) const;
  void draw_bracket(const Bracket& bracket) const;
  void draw_tooltip(const Frame& frame, std::size_t position) const;
  void draw_footer(const Frame& frame, std::size_t context) const;
  // The score of a token, when the text before it is still the one that was scored.
  const TokenScore* score(const Frame& frame, std::size_t position) const;

  // What the layout was made from.
  std::string text_;
  std::vector<Token> tokens_;
  const Model* model_ = nullptr;
  float width_ = 0.0F;
  float font_ = 0.0F;

  std::vector<Chip> chips_;
  std::vector<Bracket> brackets_;
  int rows_ = 0;
  int first_row_ = 0;
  std::optional<std::int64_t> locked_;
  std::int64_t scored_ = 0;  // this many first tokens have a score, in this frame
  ImVec2 origin_;            // of the first row that is shown, in this frame
};

}  // namespace headlight
