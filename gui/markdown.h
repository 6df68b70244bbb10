// Markdown with LaTeX formulas, drawn with the window's own fonts.
#pragma once

#include <string>

namespace headlight {

// One at a time; needs a current ImGui context, and must die before the renderer does (it owns textures).
class Markdown {
 public:
  Markdown();
  ~Markdown();
  Markdown(const Markdown&) = delete;
  Markdown& operator=(const Markdown&) = delete;

  // Draws at the cursor, wrapped at the window's width; $…$ and $$…$$ are formulas. `relative_size` enlarges
  // the type.
  void draw(const std::string& text, float relative_size = 1.0F);

 private:
  void load_faces();
  bool loaded_ = false;
};

// The text with the space at the start of a token in code made visible, as in every view: "` is`" is "`·is`".
std::string show_token_spaces(const std::string& text);

// The text with a hair space between each formula and a Korean letter beside it, so that the parser sees the
// formula.
std::string separate_formulas(const std::string& text);

}  // namespace headlight
