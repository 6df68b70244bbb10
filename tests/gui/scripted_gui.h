// Runs interface code without a display, and a script that clicks and types in it (the test engine).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "gui/offscreen.h"
#include "imgui.h"
#include "imgui_test_engine/imgui_te_context.h"

struct ImGuiTestEngine;

namespace headlight {

// One ImGui context with our fonts and theme, and a test engine on it. One at a time.
class ScriptedGui {
 public:
  enum class Renderer {
    none,    // no OpenGL: for logic; some milliseconds
    opengl,  // off screen through EGL: picture() shows what was drawn
  };

  explicit ScriptedGui(Renderer renderer = Renderer::none, int width = 1280, int height = 800,
                       float scale = 1.0F);
  ~ScriptedGui();
  ScriptedGui(const ScriptedGui&) = delete;
  ScriptedGui& operator=(const ScriptedGui&) = delete;

  // Draws frames until the script has ended. The script runs between frames: ctx.ItemClick("Window/button"),
  // ctx.KeyChars("text"), IM_CHECK(…) … What it found wrong is printed with file and line.
  ::testing::AssertionResult run(const std::function<void()>& draw,
                                 const std::function<void(ImGuiTestContext& ctx)>& script);

  // Draws some frames without a script.
  void draw_frames(const std::function<void()>& draw, int frames = 3);

  // Renderer::opengl only: what the last frame drew.
  Picture picture() const;

 private:
  void one_frame(const std::function<void()>& draw);

  float width_;
  float height_;
  std::unique_ptr<Offscreen> surface_;
  ImGuiTestEngine* engine_ = nullptr;
};

// How many pixels have at least `difference` in one channel to the pixel at the same place of the other
// picture. Pictures of unlike sizes fail the test.
int pixels_that_differ(const Picture& one, const Picture& other, int difference = 24);

}  // namespace headlight
