// The loop that draws, lets the test engine act and, with OpenGL, hands it pixels.
#include "tests/gui/scripted_gui.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui_impl_null.h"
#include "imgui_test_engine/imgui_te_engine.h"

namespace headlight {
namespace {

bool capture(ImGuiID /*viewport*/, int x, int y, int width, int height, unsigned int* pixels, void* surface) {
  const Picture part = static_cast<const Offscreen*>(surface)->picture(x, y, width, height);
  std::memcpy(pixels, part.rgba.data(), part.rgba.size());
  return true;
}

}  // namespace

ScriptedGui::ScriptedGui(Renderer renderer, int width, int height, float scale)
    : width_(static_cast<float>(width) * scale), height_(static_cast<float>(height) * scale) {
  ImGui::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;
  ImGui::GetIO().ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  load_fonts();
  if (renderer == Renderer::opengl) {
    surface_ = std::make_unique<Offscreen>(width, height, scale);
  } else {
    ImGui_ImplNull_Init();
  }
  apply_theme(Theme::dark, scale);
  engine_ = ImGuiTestEngine_CreateContext();
  ImGuiTestEngineIO& io = ImGuiTestEngine_GetIO(engine_);
  io.ConfigSavedSettings = false;
  io.ConfigRunSpeed = ImGuiTestRunSpeed_Fast;
  io.ConfigVerboseLevel = ImGuiTestVerboseLevel_Error;
  io.ConfigVerboseLevelOnError = ImGuiTestVerboseLevel_Info;
  io.ConfigLogToTTY = true;
  io.ConfigNoThrottle = true;
  io.ConfigMouseDrawCursor = false;
  io.ConfigFixedDeltaTime = 1.0F / 60.0F;
  if (surface_) {
    io.ScreenCaptureFunc = capture;
    io.ScreenCaptureUserData = surface_.get();
  }
  ImGuiTestEngine_Start(engine_, ImGui::GetCurrentContext());
}

ScriptedGui::~ScriptedGui() {
  ImGuiTestEngine_Stop(engine_);
  if (surface_) {
    surface_.reset();
  } else {
    ImGui_ImplNull_Shutdown();
  }
  ImGui::DestroyContext();
  ImGuiTestEngine_DestroyContext(engine_);
}

void ScriptedGui::one_frame(const std::function<void()>& draw) {
  if (surface_) {
    surface_->new_frame();
  } else {
    ImGui_ImplNull_NewFrame();
    ImGui::GetIO().DisplaySize = ImVec2(width_, height_);
    ImGui::NewFrame();
  }
  draw();
  if (surface_) {
    surface_->render();
  } else {
    ImGui::Render();
    ImGui_ImplNullRender_RenderDrawData(ImGui::GetDrawData());
  }
  ImGuiTestEngine_PreSwap(engine_);
  ImGuiTestEngine_PostSwap(engine_);
}

::testing::AssertionResult ScriptedGui::run(const std::function<void()>& draw,
                                            const std::function<void(ImGuiTestContext& ctx)>& script) {
  ImGuiTestEngine_UnregisterAllTests(engine_);
  ImGuiTest* test = IM_REGISTER_TEST(engine_, "gui", "script");
  test->TestFunc = [&script](ImGuiTestContext* ctx) { script(*ctx); };
  ImGuiTestEngine_QueueTest(engine_, test);
  // Far more frames than any script needs: one that waits for ever must fail, not hang.
  constexpr int most_frames = 100000;
  int frames = 0;
  while (!ImGuiTestEngine_IsTestQueueEmpty(engine_) && frames < most_frames) {
    one_frame(draw);
    ++frames;
  }
  if (test->Output.Status == ImGuiTestStatus_Success) return ::testing::AssertionSuccess();
  ImGuiTextBuffer log;
  test->Output.Log.ExtractLinesForVerboseLevels(ImGuiTestVerboseLevel_Error, ImGuiTestVerboseLevel_Info,
                                                &log);
  return ::testing::AssertionFailure() << "the script failed after " << frames << " frames:\n" << log.c_str();
}

void ScriptedGui::draw_frames(const std::function<void()>& draw, int frames) {
  for (int frame = 0; frame < frames; ++frame) one_frame(draw);
}

Picture ScriptedGui::picture() const {
  if (!surface_) throw std::logic_error("ScriptedGui::picture: only Renderer::opengl has pictures");
  return surface_->picture();
}

int pixels_that_differ(const Picture& one, const Picture& other, int difference) {
  EXPECT_EQ(one.width, other.width);
  EXPECT_EQ(one.height, other.height);
  if (one.rgba.size() != other.rgba.size()) return static_cast<int>(one.rgba.size() / 4);
  int count = 0;
  for (std::size_t pixel = 0; pixel < one.rgba.size(); pixel += 4) {
    bool differs = false;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      differs = differs || std::abs(one.rgba[pixel + channel] - other.rgba[pixel + channel]) >= difference;
    }
    count += differs ? 1 : 0;
  }
  return count;
}

}  // namespace headlight
