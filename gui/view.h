// What every view must answer. A view owns no truth: it reads the frame, paints, and emits commands.
// It may keep what only concerns painting: scroll offsets, textures, cached glyph runs.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gui/frame.h"

namespace headlight {

class View {
 public:
  virtual ~View() = default;
  // Key of the name in assets/strings, and the panel's name for lessons: "flow", "attention", "prompt", …
  virtual std::string_view name() const = 0;
  // Key of two sentences that a learner can read: shown by the panel's "?" mark.
  virtual std::string_view explanation() const = 0;
  // Every frame, inside a window or child that is already begun: paint and emit, never compute for long.
  virtual void draw(const Frame& frame, Commands& commands) = 0;
};

// Where the program puts a view.
enum class Place {
  prompt,  // the full-width strip under the top bar, as high as what it draws; its detail, over the tabs
  center,  // one tab each; Document::view chooses
  side,    // panels on the right, one under the other
  drawer,  // a panel under the center, while the tree of continuations is open
  lesson,  // the panel on the left, while Document::lesson is set
  dialog,  // floats above, while it is asked for (ShowModel, ShowCatalog, ShowHelp)
};

struct PlacedView {
  Place place;
  std::unique_ptr<View> view;
};

// Every view of the program, in the order of tabs and panels: view_list.cpp.
std::vector<PlacedView> make_views();

// The one of that name, or nullptr.
View* find_view(const std::vector<PlacedView>& views, std::string_view name);

}  // namespace headlight
