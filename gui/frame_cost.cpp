// The real window without a display: a text of some 128 tokens, first still, then while characters are typed;
// and every view with short and long texts, while the mouse moves over it.
#include "gui/frame_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <thread>

#include "core/base/errors.h"
#include "core/session/document_names.h"
#include "gui/app.h"
#include "gui/interface.h"
#include "gui/offscreen.h"
#include "gui/view.h"
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
constexpr int scene_frames = 45;
constexpr int frames_before = 8;    // of a scene, in which textures are made and transitions end
constexpr double patience = 120.0;  // seconds

// What a frame may take, in seconds; the sentences are those of docs/performance.md.
double budget_of(const Model& model, std::int64_t tokens, AttentionMode mode, CenterView view) {
  if (tokens >= 1000) return 8e-3;
  const bool is_wall = view == CenterView::attention && mode == AttentionMode::wall;
  if (is_wall) return model.architecture.layers * model.architecture.heads <= 270 ? 2e-3 : 4e-3;
  return tokens >= 512 ? 4e-3 : 3e-3;
}

class WindowBench {
 public:
  explicit WindowBench(const ComputeOptions& compute)
      : surface_(options_of(compute).width, options_of(compute).height, 1.0F),
        app_(options_of(compute), {}, [this] { awake_ = true; }) {
    app_.set_scale(1.0F);
    figures_.width = surface_.width();
    figures_.height = surface_.height();
  }

  FrameFigures figures() { return std::move(figures_); }

  void first_picture() {
    frame(nullptr);
    figures_.first_frame = seconds_since(start_);
    finish_pass();
    frame(nullptr);
    figures_.first_picture = seconds_since(start_);
    app_.wait_idle();
    for (int i = 0; i < 30; ++i) frame(nullptr);  // transitions end
  }

  void still_and_typing() {
    for (int i = 0; i < still_frames; ++i) frame(&figures_.still, &figures_.drawn);
    for (int i = 0; i < typing_frames; ++i) {
      const auto begin = Clock::now();
      if (i % frames_a_character == 0) ImGui::GetIO().AddInputCharacter('a');
      frame(&figures_.typing, &figures_.drawn);
      std::this_thread::sleep_until(begin + std::chrono::milliseconds(16));
    }
    app_.wait_idle();
  }

  void scenes() {
    const Document beginning = app_.document();
    for (const std::size_t tokens : {std::size_t{5}, std::size_t{128}, std::size_t{512}, std::size_t{1000}}) {
      const std::string text = text_of(tokens);
      if (text.empty()) continue;  // longer than the model's context
      edit(SetText{text});
      for (int i = 0; i < 3; ++i) frame(nullptr);
      app_.wait_idle();
      for (const PlacedView& placed : make_views()) {
        const auto view =
            placed.place == Place::center ? find_named(center_views, placed.view->name()) : std::nullopt;
        if (!view) continue;
        // Of texts in between, only what has a budget for just that length.
        if ((tokens == 128 || tokens == 512) && *view != CenterView::attention) continue;
        if (*view == CenterView::attention) {
          for (const auto& [name, mode] : attention_modes) {
            if (tokens == 128 && mode != AttentionMode::wall) continue;
            edit(ShowAttention{mode});
            scene("attention " + std::string(name), *view);
          }
        } else {
          edit(ShowView{*view});
          scene(std::string(placed.view->name()), *view);
        }
      }
    }
    edit(ReplaceDocument{beginning});
  }

 private:
  static StartOptions options_of(const ComputeOptions& compute) {
    StartOptions options;
    options.compute = compute;
    options.text = first_text();
    options.source_text = "The small robot painted a tall blue door.";
    return options;
  }

  void edit(Command command) { app_.run({std::move(command)}, seconds_since(start_)); }

  void frame(Samples* processor, Samples* drawn = nullptr) {
    const auto begin = Clock::now();
    surface_.new_frame();
    const double before = thread_seconds();
    app_.draw(seconds_since(start_));
    const double used = thread_seconds() - before;
    surface_.render();
    if (processor) processor->seconds.push_back(used);
    if (drawn) drawn->seconds.push_back(seconds_since(begin));
  }

  void finish_pass() {
    for (Result result = app_.result(); !result.trace || !result.trace->complete(); result = app_.result()) {
      if (seconds_since(start_) > patience) {
        throw UserError(
            "the window showed no values within two minutes; `headlight --screenshot` shows why.");
      }
      // As the window does: a frame when there is something new.
      if (awake_.exchange(false) || app_.wants_redraw()) {
        frame(nullptr);
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  // The beginning of a long text that has so many tokens; empty when the model cannot read as many.
  std::string text_of(std::size_t tokens) {
    std::string text;
    for (std::size_t i = 0; i < tokens / 6 + 2; ++i)
      text += "Then robot number " + std::to_string(i) + " painted a blue door. ";
    edit(SetText{text});
    frame(nullptr);
    frame(nullptr);
    const std::vector<Token>& found = app_.tokens();
    if (found.size() < tokens) return {};
    const std::size_t end = found[tokens - 1].end;
    const Result result = app_.result();
    const bool fits =
        result.trace && static_cast<std::int64_t>(tokens) <= result.trace->model().architecture.context;
    return fits ? text.substr(0, end) : std::string();
  }

  // Frames until every picture is there; then still, then under a mouse that moves through the middle.
  void scene(const std::string& name, CenterView view) {
    for (int i = 0; i < frames_before || (app_.pending() && i < 2000); ++i) {
      frame(nullptr);
      if (app_.pending()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    fmt::print(stderr, "bench: {}\n", name);
    SceneFigures found;
    found.name = name;
    const Result result = app_.result();
    if (!result.trace) return;
    found.tokens = result.trace->positions();
    found.budget = budget_of(result.trace->model(), found.tokens, app_.document().attention_mode, view);
    for (int i = 0; i < scene_frames; ++i) {
      if (i >= scene_frames / 3) {
        const float part =
            static_cast<float>(i - scene_frames / 3) / static_cast<float>(scene_frames * 2 / 3);
        ImGui::GetIO().AddMousePosEvent(
            static_cast<float>(surface_.width()) * (0.03F + 0.62F * part),
            static_cast<float>(surface_.height()) * (0.35F + 0.5F * std::abs(1.0F - 2.0F * part)));
      }
      frame(&found.frames);
    }
    ImGui::GetIO().AddMousePosEvent(-1.0F, -1.0F);
    figures_.scenes.push_back(std::move(found));
  }

  const Clock::time_point start_ = Clock::now();
  FrameFigures figures_;
  Interface interface_;
  Offscreen surface_;
  std::atomic<bool> awake_{false};
  App app_;
};

}  // namespace

FrameFigures measure_frames(const ComputeOptions& compute, bool scenes) {
  WindowBench bench(compute);
  bench.first_picture();
  bench.still_and_typing();
  if (scenes) bench.scenes();
  return bench.figures();
}

}  // namespace headlight
