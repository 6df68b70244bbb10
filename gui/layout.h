// Where things are: the prompt strip, the docked panels and their headers, dialogs.
#pragma once

#include <vector>

#include "gui/view.h"

namespace headlight {

struct LayoutRequest {
  bool lesson = false;  // the lesson panel is shown
  bool reset = false;   // back to the first layout
};

// The area between the strips, with the first layout if there is none yet: lesson | center | next token over
// inspector.
void draw_dock_space(const LayoutRequest& request);

// A panel: its name, a "?" with its explanation, and the view below.
void draw_panel(View& view, const Frame& frame, Commands& commands);

// What is open `above`, the tabs and the chosen view; while no model is there, why, and what to do.
void draw_center_panel(View* above, const std::vector<View*>& tabs, const Frame& frame, Commands& commands);

// The full-width strip under the top bar. `height` is what the view needed in the last frame; 0 at first.
void draw_prompt_strip(View& view, const Frame& frame, Commands& commands, float& height);

// Floats above everything. Returns false when it was closed.
bool draw_dialog_window(View& view, const Frame& frame, Commands& commands);

}  // namespace headlight
