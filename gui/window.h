// The program's one window: GLFW and OpenGL 3.3, asleep while nothing changes.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

struct GLFWwindow;

namespace headlight {

struct WindowOptions {
  std::string title = "Headlight";
  int width = 1440;  // at scale 1; a remembered size goes first
  int height = 900;
  bool size_is_fixed = false;  // true: width and height were asked for; a remembered size is ignored
  std::filesystem::path
      ini_file;  // ImGui's layout and the window's size and place; empty: nothing is remembered
  std::function<void(const std::vector<std::string>&)>
      on_file_drop;  // paths, UTF-8; called on the window's thread
  std::function<void(float scale)>
      on_scale;  // first when the window is made, then when it moves to another monitor
  std::function<void(int framebuffer_height)>
      on_drawn;  // after each frame, before it is shown: its pixels can be read
};

// Needs a current ImGui context, and gives it its platform and renderer. One at a time.
class Window {
 public:
  // Throws UserError if there is no display or no OpenGL 3.3, with what to do.
  explicit Window(const WindowOptions& options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Draws until the window is closed: `draw` between ImGui::NewFrame and Render, whenever there was input, a
  // request or a caret to blink. Exceptions of `draw` leave this function.
  void run(const std::function<void()>& draw);

  // From any thread: there is something new to see. Called inside `draw`, it keeps an animation going.
  void request_redraw();

  void close();
  void set_title(const std::string& title);
  void toggle_full_screen();
  float scale() const { return scale_; }
  std::string renderer() const;                            // GL_RENDERER
  double frame_seconds() const { return frame_seconds_; }  // CPU time from NewFrame to the swap, last frame

  // Seconds from construction to the end of the first drawn frame; 0 before it.
  double first_frame_seconds() const { return first_frame_seconds_; }

 private:
  struct Geometry {
    int x = 0, y = 0, width = 0, height = 0, maximized = 0;
  };

  void create(const WindowOptions& options);
  void register_settings();
  void install_callbacks();
  void remember_geometry();
  bool wait_for_something();
  void sleep_until_due();
  void draw_frame(const std::function<void()>& draw);

  GLFWwindow* window_ = nullptr;
  WindowOptions options_;
  std::string ini_path_;
  Geometry remembered_;
  Geometry windowed_;  // to return to from full screen
  std::atomic<bool> redraw_{true};
  int frames_to_draw_ = 0;
  float scale_ = 1.0F;
  double created_at_ = 0;
  double last_input_at_ = 0;
  double last_frame_at_ = 0;
  double frame_seconds_ = 0;
  double first_frame_seconds_ = 0;
};

// Whether OpenGL is done by the CPU (llvmpipe): then shaders and overdraw are dear. Needs a current OpenGL
// context.
bool software_rendering();

}  // namespace headlight
