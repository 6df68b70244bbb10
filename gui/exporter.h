// Pictures of panels and files of values: what a user takes out of the window.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/forward/trace.h"
#include "core/session/latest_wins.h"
#include "gui/offscreen.h"
#include "gui/svg_picture.h"

namespace headlight {

// Reads a part of what the last frame drew: x, y from the top left corner, width, height, in pixels.
using ReadPixels = std::function<Picture(int, int, int, int)>;

// Writes what the last frame shows of a panel ("center", "next", "inspector", "prompt", "lesson", or "window"
// for all of it) as .png or .svg. Between ImGui::Render and the next NewFrame. Throws UserError: no such
// panel in this frame, another extension, a place that cannot be written.
void write_panel_picture(const std::string& panel, const std::string& path, const ReadPixels& read);

class Exporter {
 public:
  // say(sentence, is_error): called on any thread when something was written, or why not.
  explicit Exporter(std::function<void(const std::string&, bool)> say);

  // A picture is taken once the menu that asked for it is gone: some frames later.
  void take_picture(std::string panel, std::string path);
  // Every value whose hook matches the glob, as write_trace() does, on a thread of its own.
  void write_values(std::shared_ptr<const Trace> trace, std::string path, std::string hooks);

  bool wants_frames() const { return picture_.has_value(); }
  void frame_is_drawn(const ReadPixels& read);  // after each frame

 private:
  struct PictureJob {
    std::string panel, path;
    int frames_to_wait = 3;
    std::optional<SharpEdges> sharp;  // while an SVG is waited for
  };
  struct ValuesJob {
    std::shared_ptr<const Trace> trace;
    std::string path, hooks, done;  // done: the sentence to say then
  };

  std::function<void(const std::string&, bool)> say_;
  std::optional<PictureJob> picture_;
  LatestWins<ValuesJob> writer_;  // last: it ends first
};

}  // namespace headlight
