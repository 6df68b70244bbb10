// What the program has to say, as cards above the status bar: errors until they are closed, the rest for a
// moment.
#pragma once

#include <string>
#include <vector>

#include "gui/session_desk.h"

namespace headlight {

class NoticeStack {
 public:
  void add(Notice notice, double seconds);
  // A card whose time is over goes with the next frame that there is: a window that rests need not wake for
  // it.
  void draw(double seconds);
  bool empty() const { return cards_.empty(); }

 private:
  struct Card {
    Notice notice;
    double until = 0.0;
  };
  std::vector<Card> cards_;
};

}  // namespace headlight
