// Many arcs as one piece of geometry that is made when they change and copied into each frame.
#pragma once

#include <cstdint>
#include <vector>

#include "imgui.h"

namespace headlight {

struct ArcStroke {
  ImVec2 from, to;  // leaves and arrives horizontally; from.x < to.x
  ImU32 color;
  float thickness;
};

// How far down an arc is at `x`.
float arc_height(ImVec2 from, ImVec2 to, float x);

class ArcStrokes {
 public:
  // Replaces what was there.
  void set(const std::vector<ArcStroke>& strokes);
  // Whether the font atlas, in which soft lines are drawn, has moved: then set() has to be called again.
  bool is_stale() const;
  // `grey`: in this colour instead, each arc a fifth as opaque as it is.
  void draw(ImDrawList& list, bool in_grey, ImU32 grey) const;

 private:
  std::vector<ImDrawVert> vertices_;
  std::vector<ImDrawIdx> indices_;
  ImVec2 white_{-1, -1};
};

}  // namespace headlight
