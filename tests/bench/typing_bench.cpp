// Types 200 characters, ten a second, into the real window drawn off screen, and says what each frame cost.
//   headlight_bench_typing MODEL
// Printed: CPU time of the interface's thread a frame (our code; the driver's drawing is not in it), the time
// from a character to the picture of its pass, and whether the last picture equals a fresh full run to the
// last bit.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <thread>
#include <vector>

#include "core/backends/backend_list.h"
#include "core/forward/forward_pass.h"
#include "gui/app.h"
#include "gui/fonts.h"
#include "gui/offscreen.h"
#include "gui/strings.h"
#include "imgui.h"

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;

// English words and Korean syllables as an input method hands them over: whole.
const char32_t typed[] =
    U"The quick brown fox jumps over the lazy dog. 안녕하세요, 오늘은 날씨가 참 좋네요. When Mary and John "
    U"went "
    U"to the store, John gave a drink to Mary. 고양이가 매트 위에 앉았다. The war lasted from the year 1732 "
    U"to "
    U"the year 17";

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

void print(const char* what, const std::vector<double>& values) {
  fmt::print("{:<44} median {:7.2f}  p95 {:7.2f}  largest {:7.2f} ms  ({} values)\n", what,
             percentile(values, 0.5), percentile(values, 0.95), percentile(values, 1.0), values.size());
}

bool equals_fresh_run(const App& app) {
  const Result result = app.result();
  if (!result.trace || !result.trace->complete()) return false;
  ForwardRequest request;
  request.tokens = result.trace->tokens();
  const auto backend = make_backend("cpu", 0);
  const auto fresh = run_forward(result.trace->shared_model(), *backend, request);
  const Tensor shown = result.trace->at(Hook::logits);
  const Tensor expected = fresh->at(Hook::logits);
  return shown.shape() == expected.shape() &&
         std::memcmp(shown.data(), expected.data(), static_cast<std::size_t>(shown.size()) * sizeof(float)) ==
             0;
}

int bench(const std::string& model) {
  load_strings(assets_folder() / "strings");
  ImGui::CreateContext();
  ImGui::GetIO().ConfigFlags |= ImGuiConfigFlags_DockingEnable;
  ImGui::GetIO().IniFilename = nullptr;
  load_fonts();
  bool right = true;
  {
    Offscreen surface(1280, 720, 1.0F);
    StartOptions options;
    options.compute.model = model;
    options.text = "";
    App app(options, {}, [] {});
    app.set_scale(1.0F);
    double seconds = 0.0;
    const auto draw = [&] { app.draw(seconds); };
    surface.run(draw, 5);
    app.wait_idle();
    surface.run(draw, 5);

    std::vector<double> frames;
    std::vector<double> latencies;
    std::string text;
    const auto start = Clock::now();
    std::size_t next = 0;
    constexpr std::size_t count = 200;
    auto typed_at = start;
    bool waiting = false;
    while (next < count || waiting) {
      const auto now = Clock::now();
      if (next < count && now >= start + std::chrono::milliseconds(100) * static_cast<int>(next)) {
        ImGui::GetIO().AddInputCharacter(static_cast<unsigned int>(typed[next++]));
        typed_at = now;
        waiting = true;
      }
      surface.new_frame();
      seconds = std::chrono::duration<double>(now - start).count();
      const double before = thread_milliseconds();
      draw();
      frames.push_back(thread_milliseconds() - before);
      surface.render();
      const Result result = app.result();
      std::vector<TokenId> ids;
      for (const Token& token : app.tokens()) ids.push_back(token.id);
      if (waiting && result.trace && result.trace->complete() && result.next &&
          result.trace->tokens() == ids && app.document().text != text) {
        latencies.push_back(1e3 * std::chrono::duration<double>(Clock::now() - typed_at).count());
        text = app.document().text;
        waiting = false;
      }
      if (Clock::now() - start > std::chrono::seconds(120)) break;
      std::this_thread::sleep_until(now + std::chrono::milliseconds(16));
    }
    app.wait_idle();
    surface.run(draw, 3);
    print("CPU of the interface's thread, a frame", frames);
    print("from a character to its picture", latencies);
    fmt::print("{} tokens, {} bytes of text\n", app.tokens().size(), app.document().text.size());
    right = equals_fresh_run(app);
    fmt::print("the last picture equals a fresh full run to the last bit: {}\n", right ? "yes" : "NO");
  }
  ImGui::DestroyContext();
  return right ? 0 : 1;
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: headlight_bench_typing MODEL\n");
    return 2;
  }
  return headlight::run_guarded([&] {
    if (headlight::bench(argv[1]) != 0) throw std::runtime_error("the last picture is wrong");
  });
}
