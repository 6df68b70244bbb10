// What frames of the window cost. `headlight bench` prints it; only who can draw (gui/) can measure it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/command_line/bench_passes.h"
#include "core/command_line/common.h"

namespace headlight {

// One view of one text: still, and while the mouse moves over it.
struct SceneFigures {
  std::string name;           // "attention wall"
  std::int64_t tokens = 0;    // of the text
  double budget = 0.0;        // seconds that a frame may take
  Samples frames;             // processor time of the interface's thread
  double usual_most() const;  // what 19 of 20 frames stay under
};

struct FrameFigures {
  int width = 0;  // pixels
  int height = 0;
  // From where the interface begins to be made; the process runs already.
  double first_frame = 0.0;
  double first_picture = 0.0;  // with every value of a first text
  // A frame: processor time of the interface's thread, without what the driver draws.
  Samples still;                     // nothing changes
  Samples typing;                    // a character every sixth frame
  Samples drawn;                     // the same frames on the wall clock, drawing and all
  std::vector<SceneFigures> scenes;  // every view, with texts of several lengths; when they were asked for
};

// Draws off screen. Throws UserError when nothing can be drawn here.
using FrameBench = std::function<FrameFigures(const ComputeOptions&, bool scenes)>;

}  // namespace headlight
