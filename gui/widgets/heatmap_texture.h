// A grid of weights on the graphics card, drawn as sharp cells through the colour map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/session/document.h"
#include "gui/color_map.h"
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
  void set_scale(MapScale scale, ColorMap colors = sequential_map());

  // Instead of set_cells: room for a grid that is filled part by part, and only where something is drawn.
  // What a part shows is not kept here: when parts_number() changes, all parts have to be set again.
  void make_room(int width, int height);
  void set_part(int x, int y, int width, int height, std::vector<float> cells);
  int parts_number() const { return parts_number_; }

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
  void upload_parts();
  std::vector<ImU32> colored(const std::vector<float>& cells);

  struct Part {
    int x, y, width, height;
    std::vector<float> cells;
  };
  Method wanted_;
  int width_ = 0;
  int height_ = 0;
  std::vector<float> cells_;
  bool in_parts_ = false;    // cells_ is not used
  std::vector<Part> parts_;  // to be uploaded
  int parts_number_ = 0;
  ColorMap map_ = ColorMap::violet;
  MapScale scale_ = MapScale::linear;
  Theme theme_ = Theme::dark;
  bool cells_changed_ = true;   // the texture does not show cells_
  bool colors_changed_ = true;  // nor the scale, the theme and the colour map
  bool by_shader_ = false;
  void* renderer_ = nullptr;  // the renderer that the names below belong to
  unsigned int texture_ = 0;
  unsigned int table_ = 0;  // 256 × 1 colours, for the shader
  HeatmapProgram program_;
  std::vector<ImU32> colors_;  // of every upper half of a float32, for the software renderer
};

}  // namespace headlight
