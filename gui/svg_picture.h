// A part of a drawn frame as SVG: words stay words, lines and areas stay sharp at any size.
#pragma once

#include <string>

#include "gui/offscreen.h"
#include "imgui.h"

namespace headlight {

// Draws the next frame without smoothed edges, which SVG makes by itself; begin before NewFrame, end after
// the picture was taken.
class SharpEdges {
 public:
  SharpEdges();
  ~SharpEdges();
  SharpEdges(const SharpEdges&) = delete;
  SharpEdges& operator=(const SharpEdges&) = delete;

 private:
  bool lines_, areas_;
};

// `drawn`: ImGui::GetDrawData() of a frame between Render and the next NewFrame. The part begins at `corner`
// (pixels) and is as large as `pixels`, what the same frame looks like there: heat maps and other textures
// are taken from it as pictures. Words are set in the families of load_fonts(), each where it
// stood.
std::string svg_picture(const ImDrawData& drawn, ImVec2 corner, const Picture& pixels);

}  // namespace headlight
