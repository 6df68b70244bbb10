// A text in aligned rows: characters, the jamo of Hangul syllables, UTF-8 bytes, tokens. A token's box spans
// its bytes, so that characters which are cut into several tokens are seen at once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gui/views/explained_text.h"
#include "imgui.h"

namespace headlight {

class CharacterRows {
 public:
  void draw(const ShownExplanation& shown);

 private:
  // A stretch that begins and ends with both a character and a token, where that fits into a line.
  struct Line {
    std::size_t first_character, last_character;  // half-open
    std::size_t begin, end;                       // bytes
  };
  void lay_out(const ShownExplanation& shown, float width);
  void draw_facts(const ShownExplanation& shown) const;
  void draw_line(const ShownExplanation& shown, const Line& line, ImVec2 corner);
  void draw_character(const ShownExplanation& shown, const SeenCharacter& character, const Line& line,
                      ImVec2 corner);
  void draw_tokens(const ShownExplanation& shown, const Line& line, ImVec2 corner);
  void draw_names(ImVec2 corner) const;
  float line_height() const;
  bool is_lit(const ShownExplanation& shown, std::size_t begin, std::size_t end) const;

  // What the lines were made from.
  const ExplainedText* of_ = nullptr;
  std::size_t bytes_ = 0;
  float width_ = 0.0F;
  float font_ = 0.0F;
  std::vector<Line> lines_;
  bool has_jamo_ = false, has_shared_ = false;  // some character
  float byte_width_ = 1.0F;
  // Bytes that the mouse was over in the last frame; none when equal.
  std::size_t lit_begin_ = 0, lit_end_ = 0;
  std::size_t next_begin_ = 0, next_end_ = 0;
};

}  // namespace headlight
