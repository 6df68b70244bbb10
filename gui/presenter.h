// Presenter mode: the program as a stage for a room. Large type, no bars, a spotlight, a pen, and keys that
// go on and back.
#pragma once

#include <vector>

#include "gui/view.h"

namespace headlight {

// Whether what is drawn right now stands on the stage: what a room does not need gives way there.
bool on_stage();

class Presenter {
 public:
  bool is_on() const { return on_; }
  void toggle();

  // How much larger than its own zoom the type is, so that a line of it is a 33rd of the window's height:
  // readable from the last row at any resolution. `scale` is the monitor's.
  static float enlargement(float window_height, float scale);

  // Page keys go through the examples (a lesson has them for itself), F6 lights up a circle, F7 draws, F8
  // wipes. Esc puts down the pen, then the spotlight; true when it did.
  void keys(const Frame& frame, Commands& commands);
  bool escape();

  // The prompt above; below it the lesson, the chosen view and the next token; the inspector once a value is
  // locked. `prompt_height` as in draw_prompt_strip.
  void draw(const std::vector<PlacedView>& views, const Frame& frame, Commands& commands,
            float& prompt_height);

 private:
  void draw_spotlight(Commands& commands);
  void draw_pen(Commands& commands);
  void draw_hint(const Frame& frame, Commands& commands);

  bool on_ = false;
  bool spotlight_ = false;
  bool pen_ = false;
  float radius_ = 0.18F;                      // of the spotlight, in window heights
  std::vector<std::vector<ImVec2>> strokes_;  // points in parts of the window's size
  double moved_at_ = 0.0;                     // when the mouse moved last: the keys are shown for a while
};

}  // namespace headlight
