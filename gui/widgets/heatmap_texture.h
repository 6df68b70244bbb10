// A grid of weights on the graphics card, drawn as sharp cells through the colour map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/session/document.h"
#include "gui/theme.h"
#include "imgui.h"

namespace headlight {

// The colour-map program, linked when it is first drawn with: only then is the renderer's own program bound,
// whose attribute locations ours must share.
struct HeatmapProgram {
  unsigned int name = 0;
  bool failed = false;
};

// With a GPU: a texture of float32 weights and a shader, so that scale and theme cost nothing. On a software
// renderer: colours are made here. Without OpenGL (tests): keeps the cells and draws nothing.
class HeatmapTexture {
 public:
  enum class Method { automatic, shader, colors };

  explicit HeatmapTexture(Method method = Method::automatic) : wanted_(method) {}
  ~HeatmapTexture();
  HeatmapTexture(const HeatmapTexture&) = delete;
  HeatmapTexture& operator=(const HeatmapTexture&) = delete;

  // Row-major, width × height; weights or the special cells of map_scale.h. Uploaded when it is drawn next.
  void set_cells(int width, int height, std::vector<float> cells);
  void set_scale(MapScale scale);

  int width() const { return width_; }
  int height() const { return height_; }
  const std::vector<float>& cells() const { return cells_; }
  const char* method() const;  // "shader", "colors" or "none", for tests and the curious

  // Quads between begin and end are one draw call. Corners in pixels; the part of the grid in cells. When
  // begin() says false there is nothing to draw with, and neither of the others may be called.
  bool begin(ImDrawList& list);
  void add(ImDrawList& list, ImVec2 corner, ImVec2 opposite, ImVec2 first_cell, ImVec2 last_cell) const;
  void end(ImDrawList& list) const;
  // All of it, alone.
  void draw(ImDrawList& list, ImVec2 corner, ImVec2 opposite);

 private:
  bool prepare();
  void release();
  void upload_weights();
  void upload_colored();
  void upload_table();

  Method wanted_;
  int width_ = 0;
  int height_ = 0;
  std::vector<float> cells_;
  MapScale scale_ = MapScale::linear;
  Theme theme_ = Theme::dark;
  bool cells_changed_ = true;   // the texture does not show cells_
  bool colors_changed_ = true;  // nor the scale and the theme
  bool by_shader_ = false;
  void* renderer_ = nullptr;  // the renderer that the names below belong to
  unsigned int texture_ = 0;
  unsigned int table_ = 0;  // 256 × 1 colours, for the shader
  HeatmapProgram program_;
  std::vector<ImU32> colors_;  // of every upper half of a float32, for the software renderer
};

}  // namespace headlight
