// The window's life: creation, waiting, drawing, and what is remembered between runs.
#include "gui/window.h"

#include <GLFW/glfw3.h>
#include <epoxy/gl.h>
#include <langinfo.h>

#include <clocale>
#include <cstdio>
#include <string_view>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "gui/theme.h"
#include "imgui.h"
#include "imgui_impl_glfw.h"
#include "imgui_impl_opengl3.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr int settle_frames = 3;  // layout, then what depends on it, then hover: after that nothing moves
constexpr double caret_seconds = 0.4;       // ImGui shows the caret for 0.8 s and hides it for 0.4 s
constexpr double caret_rests_after = 10.0;  // without input the caret stays on and the window sleeps
constexpr double tooltip_seconds =
    0.8;  // longer than any hover delay: tooltips come up without further input
constexpr double shortest_frame = 1.0 / 60.0;  // where the driver does not wait for the screen

Bilingual last_glfw_error() {
  const char* what = nullptr;
  glfwGetError(&what);
  if (what == nullptr) return {"no reason was given", "이유는 알 수 없습니다"};
  return {what, what};
}

Window& window_of(GLFWwindow* window) { return *static_cast<Window*>(glfwGetWindowUserPointer(window)); }

// Without a UTF-8 locale X11 hands out no Korean letters. Numbers keep the "C" locale: only LC_CTYPE changes.
void use_utf8_for_text() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

bool input_is_queued() {
  const ImGuiContext* context = ImGui::GetCurrentContext();
  return context->InputEventsQueue.Size > 0;
}

}  // namespace

Window::Window(const WindowOptions& options) : options_(options) {
  use_utf8_for_text();
  if (glfwInit() != GLFW_TRUE) {
    throw told<UserError>(
        "The window cannot open: {}. Start Headlight inside a desktop session, or draw into a file with "
        "--screenshot FILE.png.",
        "창을 열 수 없습니다: {}. 데스크톱 환경에서 시작하거나, --screenshot FILE.png로 그림 파일에 그려 "
        "주세요.",
        last_glfw_error());
  }
  created_at_ = glfwGetTime();
  register_settings();
  try {
    create(options_);
  } catch (...) {
    glfwTerminate();
    throw;
  }
}

Window::~Window() {
  remember_geometry();
  if (!ini_path_.empty()) ImGui::SaveIniSettingsToDisk(ini_path_.c_str());
  ImGui::RemoveSettingsHandler("HeadlightWindow");
  ImGui_ImplOpenGL3_Shutdown();
  ImGui_ImplGlfw_Shutdown();
  ImGui::GetIO().IniFilename = nullptr;  // its text dies with this object
  glfwDestroyWindow(window_);
  glfwTerminate();
}

// The window's size and place live in ImGui's own file, read before the window is made.
void Window::register_settings() {
  ini_path_ = options_.ini_file.string();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = ini_path_.empty() ? nullptr : ini_path_.c_str();
  ImGuiSettingsHandler handler;
  handler.TypeName = "HeadlightWindow";
  handler.TypeHash = ImHashStr("HeadlightWindow");
  handler.UserData = &remembered_;
  handler.ReadOpenFn = [](ImGuiContext*, ImGuiSettingsHandler* own, const char*) { return own->UserData; };
  handler.ReadLineFn = [](ImGuiContext*, ImGuiSettingsHandler*, void* entry, const char* line) {
    Geometry read;
    if (std::sscanf(line, "Geometry=%d,%d,%d,%d,%d", &read.x, &read.y, &read.width, &read.height,
                    &read.maximized) == 5) {
      *static_cast<Geometry*>(entry) = read;
    }
  };
  handler.WriteAllFn = [](ImGuiContext*, ImGuiSettingsHandler* own, ImGuiTextBuffer* buffer) {
    const Geometry& now = *static_cast<const Geometry*>(own->UserData);
    buffer->appendf("[%s][Main]\nGeometry=%d,%d,%d,%d,%d\n\n", own->TypeName, now.x, now.y, now.width,
                    now.height, now.maximized);
  };
  ImGui::AddSettingsHandler(&handler);
  if (io.IniFilename != nullptr) ImGui::LoadIniSettingsFromDisk(io.IniFilename);
}

void Window::create(const WindowOptions& options) {
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  // A remembered size is in pixels already; a size that was asked for follows the monitor's scale.
  const bool remembered = !options.size_is_fixed && remembered_.width >= 320 && remembered_.height >= 240 &&
                          remembered_.width <= 16384 && remembered_.height <= 16384;
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, remembered ? GLFW_FALSE : GLFW_TRUE);
  if (remembered) {
    glfwWindowHint(GLFW_POSITION_X, remembered_.x);
    glfwWindowHint(GLFW_POSITION_Y, remembered_.y);
    glfwWindowHint(GLFW_MAXIMIZED, remembered_.maximized != 0 ? GLFW_TRUE : GLFW_FALSE);
  }
  glfwWindowHintString(GLFW_X11_CLASS_NAME, "headlight");
  glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "headlight");
  window_ = glfwCreateWindow(remembered ? remembered_.width : options.width,
                             remembered ? remembered_.height : options.height, options.title.c_str(), nullptr,
                             nullptr);
  if (window_ == nullptr) {
    throw told<UserError>(
        "The window needs OpenGL 3.3, and this display does not give it: {}. Install the graphics driver, or "
        "run with LIBGL_ALWAYS_SOFTWARE=1.",
        "창에 필요한 OpenGL 3.3을 이 화면에서 쓸 수 없습니다: {}. 그래픽 드라이버를 설치하거나 "
        "LIBGL_ALWAYS_SOFTWARE=1로 시작해 주세요.",
        last_glfw_error());
  }
  glfwSetWindowSizeLimits(window_, 640, 480, GLFW_DONT_CARE, GLFW_DONT_CARE);
  glfwMakeContextCurrent(window_);
  glfwSwapInterval(1);
  glfwSetWindowUserPointer(window_, this);
  install_callbacks();  // before ImGui's, which call ours on
  ImGui_ImplGlfw_InitForOpenGL(window_, true);
  ImGui_ImplOpenGL3_Init("#version 330 core");
  float scale_y = 1.0F;
  glfwGetWindowContentScale(window_, &scale_, &scale_y);
  if (options_.on_scale) options_.on_scale(scale_);
}

void Window::install_callbacks() {
  glfwSetDropCallback(window_, [](GLFWwindow* glfw, int count, const char** paths) {
    Window& window = window_of(glfw);
    if (window.options_.on_file_drop) {
      window.options_.on_file_drop(std::vector<std::string>(paths, paths + count));
    }
    window.redraw_ = true;
  });
  glfwSetWindowRefreshCallback(window_, [](GLFWwindow* glfw) { window_of(glfw).redraw_ = true; });
  glfwSetFramebufferSizeCallback(window_, [](GLFWwindow* glfw, int, int) { window_of(glfw).redraw_ = true; });
  glfwSetWindowContentScaleCallback(window_, [](GLFWwindow* glfw, float scale, float) {
    Window& window = window_of(glfw);
    window.scale_ = scale;
    if (window.options_.on_scale) window.options_.on_scale(scale);
    window.redraw_ = true;
  });
}

void Window::remember_geometry() {
  if (glfwGetWindowMonitor(window_) != nullptr) {  // full screen: what it was before
    remembered_ = windowed_;
    return;
  }
  remembered_.maximized = glfwGetWindowAttrib(window_, GLFW_MAXIMIZED);
  if (remembered_.maximized != 0 && remembered_.width > 0) return;  // keep the size to return to
  glfwGetWindowPos(window_, &remembered_.x, &remembered_.y);
  glfwGetWindowSize(window_, &remembered_.width, &remembered_.height);
}

void Window::request_redraw() {
  redraw_ = true;
  glfwPostEmptyEvent();
}

void Window::close() { glfwSetWindowShouldClose(window_, GLFW_TRUE); }

void Window::set_title(const std::string& title) { glfwSetWindowTitle(window_, title.c_str()); }

void Window::toggle_full_screen() {
  if (glfwGetWindowMonitor(window_) != nullptr) {
    glfwSetWindowMonitor(window_, nullptr, windowed_.x, windowed_.y, windowed_.width, windowed_.height,
                         GLFW_DONT_CARE);
  } else {
    remember_geometry();
    windowed_ = remembered_;
    GLFWmonitor* monitor = glfwGetPrimaryMonitor();
    const GLFWvidmode* mode = monitor == nullptr ? nullptr : glfwGetVideoMode(monitor);
    if (mode == nullptr) return;
    glfwSetWindowMonitor(window_, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
  }
  request_redraw();
}

std::string Window::renderer() const {
  const GLubyte* name = glGetString(GL_RENDERER);
  return name == nullptr ? "" : reinterpret_cast<const char*>(name);
}

// Without input or a request: delayed tooltips for a moment, then the caret's blinking for a while, then
// nothing.
void Window::sleep_until_due() {
  ImGuiIO& io = ImGui::GetIO();
  const double quiet_for = glfwGetTime() - last_input_at_;
  double step = 0;  // between frames
  if (quiet_for < tooltip_seconds) {
    step = 0.1;
  } else if (io.WantTextInput && quiet_for < caret_rests_after) {
    step = caret_seconds;
  } else if (io.WantTextInput && io.ConfigInputTextCursorBlink) {
    io.ConfigInputTextCursorBlink = false;  // one more frame, with the caret on
    frames_to_draw_ = 1;
    return;
  } else {
    glfwWaitEvents();
    return;
  }
  const double due = last_frame_at_ + step;
  if (due - glfwGetTime() > 0.001) glfwWaitEventsTimeout(due - glfwGetTime());
  if (glfwGetTime() >= due - 0.001) frames_to_draw_ = 1;
}

// Returns whether a frame is due; sleeps until an event, a request, the caret's next blink or a tooltip's
// turn.
bool Window::wait_for_something() {
  if (frames_to_draw_ > 0) {
    const double until_due = last_frame_at_ + shortest_frame - glfwGetTime();
    if (until_due > 0.001) {
      glfwWaitEventsTimeout(until_due);
    } else {
      glfwPollEvents();
    }
  } else if (!redraw_ && !input_is_queued()) {
    sleep_until_due();
  }
  if (input_is_queued()) {
    last_input_at_ = glfwGetTime();
    ImGui::GetIO().ConfigInputTextCursorBlink = true;
    frames_to_draw_ = settle_frames;
  }
  if (redraw_.exchange(false)) frames_to_draw_ = settle_frames;
  const bool minimized = glfwGetWindowAttrib(window_, GLFW_ICONIFIED) != 0;
  if (minimized) frames_to_draw_ = 0;
  return frames_to_draw_ > 0 && glfwGetTime() >= last_frame_at_ + shortest_frame - 0.001;
}

void Window::draw_frame(const std::function<void()>& draw) {
  const double started = glfwGetTime();
  last_frame_at_ = started;
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  ImGui::NewFrame();
  draw();
  ImGui::Render();
  int width = 0;
  int height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  glViewport(0, 0, width, height);
  const ImVec4 clear = ImGui::ColorConvertU32ToFloat4(palette().background);
  glClearColor(clear.x, clear.y, clear.z, 1.0F);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  frame_seconds_ = glfwGetTime() - started;
  if (options_.on_drawn) options_.on_drawn(height);
  glfwSwapBuffers(window_);
  if (first_frame_seconds_ == 0) first_frame_seconds_ = glfwGetTime() - created_at_;
}

void Window::run(const std::function<void()>& draw) {
  while (glfwWindowShouldClose(window_) == 0) {
    if (!wait_for_something()) continue;
    --frames_to_draw_;
    draw_frame(draw);
  }
}

bool software_rendering() {
  const GLubyte* name = glGetString(GL_RENDERER);
  if (name == nullptr) return true;
  const std::string_view renderer(reinterpret_cast<const char*>(name));
  for (const char* software : {"llvmpipe", "softpipe", "swrast", "SWR"}) {
    if (renderer.find(software) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace headlight
