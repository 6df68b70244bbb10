// What is to be learnt, by how large a model, and how: the choices before a run.
#pragma once

#include "gui/frame.h"

namespace headlight {

class LearningSetup {
 public:
  // True when it is to start.
  bool draw(const Frame& frame, Commands& commands);

 private:
  void draw_beginning(const Frame& frame, Commands& commands);
  void draw_task(const Frame& frame, Commands& commands, float width);
  void draw_wish(const Frame& frame, Commands& commands);
  void draw_size(const Frame& frame, Commands& commands);
  void draw_numbers(const Frame& frame, Commands& commands);
  bool draw_start(const Frame& frame) const;

  float height_ = 0.0F;  // as it was drawn last
  int drawn_at_ = -2;    // frame
  double pace_ = 0.0;    // see learning_pace(), as remembered when it came into sight
  std::string text_;     // in the editor
};

}  // namespace headlight
