// Draws the interface without a display: EGL without a surface, a framebuffer object, a PNG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace headlight {

// Rows from top to bottom, 4 bytes a pixel: red, green, blue, 255.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgba;
};

// Throws UserError if the file cannot be written; the file is whole or not there.
void write_png(const Picture& picture, const std::filesystem::path& path);

std::vector<std::uint8_t> png_bytes(const Picture& picture);

// A part of the framebuffer that is bound, y from the top; `framebuffer_height` in pixels.
Picture read_pixels(int x, int y, int width, int height, int framebuffer_height);

// Needs a current ImGui context, and gives it a platform (no input, 60 frames a second) and the OpenGL
// renderer.
class Offscreen {
 public:
  // Size in units of scale 1: the picture has width·scale × height·scale pixels, as the window on a monitor
  // of that scale. Throws UserError if no OpenGL 3.3 can be had or the size is not within 64 × 64 to 16384 ×
  // 16384 pixels.
  Offscreen(int width, int height, float scale);
  ~Offscreen();
  Offscreen(const Offscreen&) = delete;
  Offscreen& operator=(const Offscreen&) = delete;

  // Draws frames; `draw` is called between ImGui::NewFrame and Render. Three settle a layout.
  void run(const std::function<void()>& draw, int frames = 3);

  // One frame in parts, for a loop that does something between them (the test engine).
  void new_frame();
  void render();

  // What the last frame drew; the part [x, x + width) × [y, y + height), y from the top.
  Picture picture() const;
  Picture picture(int x, int y, int width, int height) const;

  int width() const { return width_; }  // pixels
  int height() const { return height_; }

 private:
  void create_context();
  void create_framebuffer();
  void destroy();

  int width_ = 0;
  int height_ = 0;
  void* display_ = nullptr;  // EGLDisplay
  void* context_ = nullptr;  // EGLContext
  unsigned int framebuffer_ = 0;
  unsigned int color_ = 0;
};

}  // namespace headlight
