// Where each byte of a wrapped text is drawn: the same lines as ImGui's wrapping editor with the same font
// and width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imgui.h"

namespace headlight {

class WrappedText {
 public:
  // A part of a range that lies on one line. In pixels, from the left edge of the text.
  struct Piece {
    int line;
    float left;
    float right;
  };

  // Lays `text` out in the current font; does nothing when nothing changed since the last call.
  void update(std::string_view text, float wrap_width);

  int lines() const { return static_cast<int>(starts_.size()); }
  float line_height() const { return line_height_; }
  // Where the last line ends.
  float end_x() const { return end_x_; }

  // The pieces of the bytes begin..end, top to bottom. A character of several bytes is divided evenly among
  // them.
  void pieces(std::size_t begin, std::size_t end, std::vector<Piece>& found) const;

  // The byte range of the lines first..last, to draw only what is seen.
  std::pair<std::size_t, std::size_t> range_of_lines(int first, int last) const;

 private:
  void measure_line(std::size_t begin, std::size_t end);

  std::string text_;
  float wrap_width_ = -1.0F;
  float line_height_ = 0.0F;
  const ImFontBaked* font_ = nullptr;
  std::vector<std::size_t> starts_;  // first byte of each line
  std::vector<float> left_;          // of each byte
  std::vector<float> right_;
  float end_x_ = 0.0F;
};

}  // namespace headlight
