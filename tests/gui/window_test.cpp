// The real window on a display of the tests' own: what it remembers, when it sleeps and
// wakes.
#include "gui/window.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "core/base/errors.h"
#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui.h"
#include "tests/gui/test_display.h"

namespace headlight {
namespace {

class WindowTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { display_ = std::make_unique<TestDisplay>(); }
  static void TearDownTestSuite() { display_.reset(); }
  void SetUp() override {
    if (!display_->available()) GTEST_SKIP() << "there is no display and no Xvfb to make one";
    ImGui::CreateContext();
    load_fonts();
    apply_theme(Theme::dark, 1.0F);
    folder_ = std::filesystem::temp_directory_path() / ("headlight_window_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (ImGui::GetCurrentContext() != nullptr) ImGui::DestroyContext();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  WindowOptions options(int width, int height) const {
    WindowOptions with;
    with.width = width;
    with.height = height;
    with.ini_file = folder_ / "layout.ini";
    return with;
  }
  void start_again() {
    ImGui::DestroyContext();
    ImGui::CreateContext();
    load_fonts();
  }

  static std::unique_ptr<TestDisplay> display_;
  std::filesystem::path folder_;
};
std::unique_ptr<TestDisplay> WindowTest::display_;

TEST_F(WindowTest, RemembersItsSizeAndFollowsAnAskedOne) {
  ImVec2 size;
  const auto open_once = [&size](const WindowOptions& with) {
    Window window(with);
    window.run([&] {
      size = ImGui::GetIO().DisplaySize;
      window.close();
    });
    EXPECT_GT(window.first_frame_seconds(), 0.0);
  };
  open_once(options(900, 700));
  EXPECT_EQ(size.x, 900);
  EXPECT_EQ(size.y, 700);
  start_again();
  open_once(options(1200, 600));  // remembered: 900 × 700
  EXPECT_EQ(size.x, 900);
  EXPECT_EQ(size.y, 700);
  start_again();
  WindowOptions asked = options(1200, 640);
  asked.size_is_fixed = true;
  open_once(asked);
  EXPECT_EQ(size.x, 1200);
  EXPECT_EQ(size.y, 640);
}

TEST_F(WindowTest, ADamagedLayoutFileIsIgnored) {
  std::ofstream(folder_ / "layout.ini")
      << "[HeadlightWindow][Main]\nGeometry=1,2,99999999,-5,7\n[Docking][Data\n\x01";
  Window window(options(800, 600));
  ImVec2 size;
  window.run([&] {
    size = ImGui::GetIO().DisplaySize;
    window.close();
  });
  EXPECT_EQ(size.x, 800);
}

// Nothing changes: nothing is drawn. A worker that has something new wakes the window from its thread.
TEST_F(WindowTest, SleepsWhileNothingChangesAndWakesForAWorker) {
  using namespace std::chrono_literals;
  Window window(options(640, 480));
  std::atomic<int> frames = 0;
  int at_rest = 0;
  int still_at_rest = 0;
  int after_request = 0;
  std::thread worker([&] {
    std::this_thread::sleep_for(
        2s);  // past the frames that follow the first input (the window appears, the mouse)
    at_rest = frames;
    std::this_thread::sleep_for(1s);
    still_at_rest = frames;
    window.request_redraw();
    std::this_thread::sleep_for(500ms);
    after_request = frames;
    window.close();
    window.request_redraw();
  });
  window.run([&] {
    ++frames;
    ImGui::Begin("Panel");
    ImGui::TextUnformatted("rest");
    ImGui::End();
  });
  worker.join();
  EXPECT_GT(at_rest, 0);
  EXPECT_EQ(still_at_rest, at_rest);
  EXPECT_EQ(after_request, still_at_rest + 3);  // three frames settle a layout
}

// The caret blinks without input, and costs two and a half frames a second, not sixty.
TEST_F(WindowTest, TheCaretBlinksSlowly) {
  using namespace std::chrono_literals;
  Window window(options(640, 480));
  std::atomic<int> frames = 0;
  int during_two_seconds = 0;
  std::thread worker([&] {
    std::this_thread::sleep_for(2s);
    const int before = frames;
    std::this_thread::sleep_for(2s);
    during_two_seconds = frames - before;
    window.close();
    window.request_redraw();
  });
  char typed[16] = "";
  window.run([&] {
    ImGui::Begin("Panel");
    if (frames++ == 0) ImGui::SetKeyboardFocusHere();
    ImGui::InputText("prompt", typed, sizeof(typed));
    ImGui::End();
  });
  worker.join();
  EXPECT_GE(during_two_seconds, 4);
  EXPECT_LE(during_two_seconds, 6);
}

TEST(WindowWithoutADisplay, SaysWhatToDo) {
  const char* display = std::getenv("DISPLAY");
  const std::optional<std::string> before =
      display == nullptr ? std::nullopt : std::optional<std::string>(display);
  unsetenv("DISPLAY");
  ImGui::CreateContext();
  try {
    const Window window{WindowOptions{}};
    ADD_FAILURE() << "a window opened without a display";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("--screenshot"), std::string::npos) << error.what();
  }
  ImGui::DestroyContext();
  if (before) setenv("DISPLAY", before->c_str(), 1);
}

}  // namespace
}  // namespace headlight
