// The real window without a display: a text of some 128 tokens, first still, then while characters are typed.
#include "gui/frame_cost.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include "core/base/errors.h"
#include "gui/app.h"
#include "gui/interface.h"
#include "gui/offscreen.h"
#include "imgui.h"

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// 128 tokens or so in most vocabularies.
std::string first_text() {
  std::string text;
  for (int i = 0; i < 10; ++i) text += "The small robot painted a tall blue door. ";
  return text + "Then";
}

constexpr int still_frames = 60;
constexpr int typing_frames = 120;
constexpr int frames_a_character = 6;  // ten a second
constexpr double patience = 120.0;     // seconds

}  // namespace

FrameFigures measure_frames(const ComputeOptions& compute) {
  FrameFigures figures;
  const auto start = Clock::now();
  const Interface interface;
  StartOptions options;
  options.compute = compute;
  options.text = first_text();
  options.source_text = "The small robot painted a tall blue door.";
  Offscreen surface(options.width, options.height, 1.0F);
  figures.width = surface.width();
  figures.height = surface.height();
  std::atomic<bool> awake = false;
  App app(options, {}, [&awake] { awake = true; });
  app.set_scale(1.0F);

  const auto frame = [&](Samples* processor) {
    const auto begin = Clock::now();
    surface.new_frame();
    const double before = thread_seconds();
    app.draw(seconds_since(start));
    const double used = thread_seconds() - before;
    surface.render();
    if (processor == nullptr) return;
    processor->seconds.push_back(used);
    figures.drawn.seconds.push_back(seconds_since(begin));
  };
  frame(nullptr);
  figures.first_frame = seconds_since(start);
  for (Result result = app.result(); !result.trace || !result.trace->complete(); result = app.result()) {
    if (seconds_since(start) > patience) {
      throw UserError("the window showed no values within two minutes; `headlight --screenshot` shows why.");
    }
    // As the window does: a frame when there is something new.
    if (awake.exchange(false) || app.wants_redraw()) {
      frame(nullptr);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  frame(nullptr);
  figures.first_picture = seconds_since(start);
  app.wait_idle();
  for (int i = 0; i < 30; ++i) frame(nullptr);  // transitions end
  for (int i = 0; i < still_frames; ++i) frame(&figures.still);
  for (int i = 0; i < typing_frames; ++i) {
    const auto begin = Clock::now();
    if (i % frames_a_character == 0) ImGui::GetIO().AddInputCharacter('a');
    frame(&figures.typing);
    std::this_thread::sleep_until(begin + std::chrono::milliseconds(16));
  }
  app.wait_idle();
  return figures;
}

}  // namespace headlight
