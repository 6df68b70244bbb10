// The way through the layers: a play button, a line with one stop a layer, and the arrow keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gui/frame.h"

namespace headlight {

class LayerWalk {
 public:
  struct Stops {
    std::int64_t at = 0;
    std::int64_t last = 0;
    std::string label;    // of `at`
    std::string widest;   // a label that no other is wider than
    bool arrived = true;  // what is drawn is the layer `at`: the walk may go on
  };
  // Draws at the cursor, not wider than `width` where that is possible. Returns the layer that was chosen.
  std::optional<std::int64_t> draw(const Frame& frame, Commands& commands, const Stops& stops, float width);
  void stop() { walking_ = false; }
  static float least_width(const Stops& stops);

 private:
  bool walking_ = false;    // the play button is on
  double next_step_ = 0.0;  // in frame.seconds
};

}  // namespace headlight
