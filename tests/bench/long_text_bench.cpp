// Opens a text of thousands of tokens in the real window drawn off screen and explores it, and says what each
// frame cost the interface's thread.
//   headlight_bench_long_text MODEL [tokens]
// CPU time of that thread for building a frame (our code and what it computes; the driver's drawing is not in
// it), by what was done meanwhile; and how long the pass, its map of all heads and a map of one head take.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/memory.h"
#include "gui/app.h"
#include "gui/fonts.h"
#include "gui/offscreen.h"
#include "gui/strings.h"
#include "imgui.h"

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;

double thread_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0.0
                        : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// Different sentences, so that no two pieces of the text are alike.
std::string long_text(std::size_t sentences) {
  const char* who[] = {"The cat",  "My neighbour", "A physicist", "The old captain",
                       "Somebody", "Her sister",   "The teacher"};
  const char* does[] = {"looked at", "wrote about", "remembered", "painted",
                        "asked for", "forgot",      "measured",   "carried home"};
  const char* what[] = {"the river",     "a broken clock", "three letters",          "the last train",
                        "an orange",     "the weather",    "a long list of numbers", "the city of Paris",
                        "its own shadow"};
  std::string text;
  for (std::size_t i = 0; i < sentences; ++i)
    text += fmt::format("{} {} {} on day {}. ", who[i % 7], does[i % 8], what[i % 9], i);
  return text;
}

// The window as a person uses it: a frame each 16 ms at most.
class Explorer {
 public:
  Explorer(const std::string& model, std::int64_t width, std::int64_t height)
      : surface_(static_cast<int>(width), static_cast<int>(height), 1.0F) {
    StartOptions options;
    options.compute.model = model;
    options.text = "";
    app_ = std::make_unique<App>(options, std::filesystem::path(), [] {});
    app_->set_scale(1.0F);
    frames("", 3);
    app_->wait_idle();
    frames("", 5);
  }

  App& app() { return *app_; }
  void edit(Command command) { app_->run({std::move(command)}, seconds()); }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  void frame() {
    const auto began = Clock::now();
    surface_.new_frame();
    const double before = thread_milliseconds();
    app_->draw(seconds());
    costs_.push_back(thread_milliseconds() - before);
    surface_.render();
    std::this_thread::sleep_until(began + std::chrono::milliseconds(16));
  }

  // Frames while `go_on` holds, at least `least` of them, with one line of what they cost.
  void measure(const char* what, int least, const std::function<bool(int)>& go_on) {
    costs_.clear();
    const auto began = Clock::now();
    for (int i = 0; i < least || go_on(i); ++i) frame();
    const double wall = std::chrono::duration<double>(Clock::now() - began).count();
    if (*what == 0) return;
    fmt::print("{:<46} median {:6.2f}  p95 {:6.2f}  largest {:6.2f} ms  ({} frames, {:.1f} s)\n", what,
               percentile(costs_, 0.5), percentile(costs_, 0.95), percentile(costs_, 1.0), costs_.size(),
               wall);
    std::fflush(stdout);
    largest_ = std::max(largest_, percentile(costs_, 1.0));
  }
  void frames(const char* what, int count) {
    measure(what, count, [](int) { return false; });
  }

  bool pass_is_done() const {
    const Result result = app_->result();
    return result.trace && result.trace->complete() && result.next &&
           result.trace->positions() == static_cast<std::int64_t>(app_->tokens().size());
  }
  bool wall_is_done() const {
    const Result result = app_->result();
    return pass_is_done() && result.wall && result.wall->queries == result.trace->positions() &&
           result.wall->layers_done == result.wall->layers;
  }
  double largest() const { return largest_; }

 private:
  Offscreen surface_;
  std::unique_ptr<App> app_;
  Clock::time_point start_ = Clock::now();
  std::vector<double> costs_;
  double largest_ = 0.0;
};

// The text whose beginning gives exactly `tokens` tokens.
std::string text_of(Explorer& window, std::size_t tokens) {
  const std::string all = long_text(tokens / 4);
  window.edit(SetText{all});
  window.frames("", 2);
  const std::vector<Token> found = window.app().tokens();
  window.edit(SetText{""});
  window.frames("", 2);
  if (found.size() < tokens) throw std::runtime_error("the text is too short");
  return all.substr(0, found[tokens - 1].end);
}

void bench(const std::string& model, std::size_t tokens) {
  load_strings(assets_folder() / "strings");
  ImGui::CreateContext();
  ImGui::GetIO().ConfigFlags |= ImGuiConfigFlags_DockingEnable;
  ImGui::GetIO().IniFilename = nullptr;
  load_fonts();
  {
    Explorer window(model, 1280, 720);
    const std::string text = text_of(window, tokens);
    window.edit(ShowView{CenterView::attention});
    window.edit(ShowAttention{AttentionMode::wall});
    window.edit(SetText{text});
    window.measure("all heads, while the pass runs", 5, [&](int) { return !window.pass_is_done(); });
    fmt::print("  {} tokens of {}: the pass took {:.1f} s\n", window.app().result().trace->positions(),
               window.app().tokens().size(), window.app().result().trace->seconds);
    window.measure("all heads, while the maps are reduced", 5, [&](int) { return !window.wall_is_done(); });
    const auto hover = [&](const char* what, int frames) {
      window.measure(what, frames, [&](int) { return false; });
    };
    ImGuiIO& io = ImGui::GetIO();
    const auto sweep = [&](const char* what, int frames) {
      int at = 0;
      window.measure(what, 0, [&](int) {
        const float part = static_cast<float>(at) / static_cast<float>(frames);
        io.AddMousePosEvent(40.0F + 800.0F * part, 200.0F + 420.0F * std::abs(1.0F - 2.0F * part));
        return at++ < frames;
      });
    };
    sweep("all heads, the mouse moves over them", 120);
    const auto heads = [&](const char* what) {
      int at = 0;
      window.measure(what, 0, [&](int i) {
        if (i % 10 == 0) window.edit(SelectHead{(at * 7) % 30, at % 9});
        return at++ < 150;
      });
    };
    heads("all heads, others are chosen");
    window.edit(ShowAttention{AttentionMode::matrix});
    hover("one head, opened", 60);
    sweep("one head, the mouse moves over it", 120);
    heads("one head, others are chosen");
    io.AddMousePosEvent(400, 450);
    int turn = 0;
    window.measure("one head, zoomed in and out by the wheel", 0, [&](int i) {
      if (i % 3 == 0) io.AddMouseWheelEvent(0.0F, turn < 60 ? 1.0F : -1.0F);
      return turn++ < 120;
    });
    for (int i = 0; i < 6; ++i) io.AddMouseWheelEvent(0.0F, 1.0F);
    window.frames("", 5);
    io.AddMouseButtonEvent(0, true);
    turn = 0;
    window.measure("one head, dragged", 0, [&](int) {
      const float part = static_cast<float>(turn) / 120.0F;
      io.AddMousePosEvent(400.0F - 300.0F * std::sin(6.0F * part), 450.0F - 200.0F * std::sin(9.0F * part));
      return turn++ < 120;
    });
    io.AddMouseButtonEvent(0, false);
    window.edit(ShowAttention{AttentionMode::row});
    hover("one row, opened", 30);
    sweep("one row, the mouse moves over it", 120);
    window.edit(ShowView{CenterView::flow});
    hover("flow, opened", 30);
    sweep("flow, the mouse moves over it", 120);
    heads("flow, others heads are chosen");
    window.edit(ShowView{CenterView::embeddings});
    hover("embeddings, opened", 60);
    sweep("embeddings, the mouse moves over them", 120);
    io.AddMousePosEvent(300, 120);
    turn = 0;
    window.measure("prompt, the tokens are scrolled", 0, [&](int) {
      io.AddMouseWheelEvent(0.0F, -1.0F);
      return turn++ < 60;
    });
    for (const auto& [view, name] : {std::pair(CenterView::flow, "flow, a character is typed"),
                                     std::pair(CenterView::attention, "one head, a character is typed")}) {
      window.edit(ShowView{view});
      window.edit(ShowAttention{AttentionMode::matrix});
      window.frames("", 10);
      const auto typed = Clock::now();
      const std::string shorter = text.substr(0, text.size() - (view == CenterView::flow ? 12 : 9));
      window.edit(SetText{shorter});
      window.measure(name, 3, [&](int) { return !window.pass_is_done(); });
      fmt::print("  its pass was drawn after {:.0f} ms\n",
                 1e3 * std::chrono::duration<double>(Clock::now() - typed).count());
    }
    window.edit(SetText{"X" + text.substr(1)});
    window.frames("one head, the first character is changed", 60);
    const auto typed = Clock::now();
    window.edit(SetText{"The capital of France is"});
    window.measure("a newer text overtakes a pass", 3, [&](int) { return !window.pass_is_done(); });
    fmt::print("  its pass was drawn after {:.0f} ms\n",
               1e3 * std::chrono::duration<double>(Clock::now() - typed).count());
    fmt::print("largest of all frames {:.2f} ms; most memory {:.2f} GB\n", window.largest(),
               static_cast<double>(peak_memory().value_or(0)) * 1e-9);
  }
  ImGui::DestroyContext();
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: headlight_bench_long_text MODEL [tokens]\n");
    return 2;
  }
  return headlight::run_guarded(
      [&] { headlight::bench(argv[1], argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 4096); });
}
