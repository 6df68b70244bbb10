// Ctrl+K: every command, found by typing a part of its name, of a token or of a head ("L5 H1", "5.1").
#pragma once

#include <string>

#include "gui/frame.h"
#include "gui/session_desk.h"

namespace headlight {

class CommandPalette {
 public:
  void open() { opening_ = true; }
  void draw(const Frame& frame, Commands& commands, SessionDesk& desk);

 private:
  bool opening_ = false;
  std::string words_;
  int chosen_ = 0;
  RecentFiles recent_;  // as it was when the palette opened
};

// The head that a search means: "L5 H1", "l5h1", "5.1"; nothing if it does not exist in a model of that size.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_head(const std::string& words, std::int64_t layers,
                                                                std::int64_t heads);

// True when the letters of `words` occur in `name` in this order, case-insensitively for ASCII.
bool palette_matches(const std::string& words, const std::string& name);

}  // namespace headlight
