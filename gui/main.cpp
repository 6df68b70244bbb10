// The program: a sub-command, a picture, the window, or, without a display, a text in the terminal.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/command_line/command_line.h"
#include "gui/app.h"
#include "gui/exporter.h"
#include "gui/frame_cost.h"
#include "gui/interface.h"
#include "gui/offscreen.h"
#include "gui/session_desk.h"
#include "gui/settings.h"
#include "gui/window.h"
#include "imgui.h"

namespace headlight {
namespace {

bool has_display() {
  const char* x11 = std::getenv("DISPLAY");
  const char* wayland = std::getenv("WAYLAND_DISPLAY");
  return (x11 && *x11) || (wayland && *wayland);
}

void draw_picture(const StartOptions& options, const std::string& path) {
  const Interface interface;
  Offscreen surface(options.width, options.height, options.scale);
  App app(options, {}, [] {});
  app.set_scale(options.scale);
  double seconds = 0.0;
  const auto draw = [&] { app.draw(seconds += 1.0 / 60.0); };
  surface.run(draw, 3);
  app.wait_idle();
  surface.run(draw, 3);  // the new result may change what is asked for
  app.wait_idle();
  surface.run(draw, 30);  // transitions end
  while (app.pending()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    surface.run(draw, 3);
  }
  std::optional<SharpEdges> sharp;
  if (path.ends_with(".svg")) sharp.emplace();
  surface.run(draw, 1);
  write_panel_picture(options.panel, path, [&surface](int x, int y, int width, int height) {
    return surface.picture(x, y, width, height);
  });
}

void open_window(const StartOptions& options) {
  const Interface interface;
  const std::filesystem::path config = config_folder();
  std::unique_ptr<App> app;
  WindowOptions window_options;
  window_options.width = options.width;
  window_options.height = options.height;
  if (!config.empty()) window_options.ini_file = config / "layout.ini";
  window_options.on_file_drop = [&](const std::vector<std::string>& paths) {
    if (app) app->open_files(paths);
  };
  window_options.on_drawn = [&](int framebuffer_height) {
    if (!app) return;
    app->frame_is_drawn([framebuffer_height](int x, int y, int width, int height) {
      return read_pixels(x, y, width, height, framebuffer_height);
    });
  };
  float scale = 1.0F;
  window_options.on_scale = [&](float to) {
    scale = to;
    if (app) app->set_scale(to);
  };
  Window window(window_options);
  app = std::make_unique<App>(
      options, config, [&window] { window.request_redraw(); }, state_folder(config));
  app->set_scale(scale);
  std::string title;
  window.run([&] {
    app->set_frame_seconds(window.frame_seconds());
    app->draw(ImGui::GetTime());
    if (std::string now = app->title(); now != title) {
      title = std::move(now);
      window.set_title(title);
    }
    if (app->wants_redraw()) window.request_redraw();
    if (app->wants_to_quit()) window.close();
  });
  app.reset();  // its textures go before the renderer
}

// No display: what a terminal can show, and a picture of the window.
void show_in_terminal(const StartOptions& options) {
  fmt::print(
      stderr,
      "headlight: no display was found (DISPLAY and WAYLAND_DISPLAY are not set), so the window cannot open. "
      "This is what it would show:\n");
  const std::string text = options.text.value_or("The capital of France is");
  if (options.file.empty()) print_tour(open_model(options.compute.model), options.compute, text);
  const std::string path = "headlight.png";
  std::fflush(stdout);
  draw_picture(options, path);
  fmt::print("\nA picture of the window: {}\n", path);
}

// A window that cannot open says why in its own language.
void open_window_or_say_why(const StartOptions& options) {
  try {
    open_window(options);
  } catch (const UserError& error) {
    if (options.language.value_or(load_settings(config_folder()).language) != "ko") throw;
    throw UserError(said(error).ko);
  }
}

void start(const StartOptions& options) {
  if (!options.screenshot.empty()) {
    draw_picture(options, options.screenshot);
  } else if (has_display()) {
    open_window_or_say_why(options);
  } else {
    show_in_terminal(options);
  }
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  const headlight::CommandLine words = headlight::run_command_line(argc, argv, headlight::measure_frames);
  if (!words.window) return words.exit_code;
  return headlight::run_guarded([&] { headlight::start(words.options); });
}
