// Starts the window a few times as the program does, each time in a process of its own, and says when it
// could be seen first and when the picture of the first text was whole.
//   headlight_bench_start MODEL [starts]
// Needs a display, as the window does. Milliseconds from before the process began until a frame was handed to
// the display, and in brackets the processor time of all threads until then.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <memory>

#include "gui/app.h"
#include "gui/interface.h"
#include "gui/window.h"

namespace headlight {
namespace {

double milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

// What was on the screen when a frame had been shown.
enum class Seen { nothing, frame, tokens, whole_picture };

Seen seen_in(const App& app) {
  const Result result = app.result();
  if (result.trace && result.trace->complete() && result.next && result.wall) return Seen::whole_picture;
  return app.tokens().empty() ? Seen::frame : Seen::tokens;
}

void start_once(const std::string& model, double began) {
  const auto say = [began](const char* what) {
    fmt::print("  {} {:5.0f} [{:.0f}]", what, milliseconds(CLOCK_MONOTONIC) - began,
               milliseconds(CLOCK_PROCESS_CPUTIME_ID));
  };
  say("main");
  const Interface interface;
  say("words and fonts");
  std::unique_ptr<App> app;
  Window window(WindowOptions{});
  say("window");
  StartOptions options;
  options.compute.model = model;
  app = std::make_unique<App>(options, std::filesystem::path(), [&window] { window.request_redraw(); });
  Seen said = Seen::nothing, drawn = Seen::nothing;
  window.run([&] {
    // Called for the next frame, when the one before has been shown.
    if (said < Seen::frame && drawn >= Seen::frame) say("first frame");
    if (said < Seen::tokens && drawn >= Seen::tokens) say("tokens");
    if (drawn == Seen::whole_picture) {
      say("whole picture");
      fmt::print("\n");
      window.close();
    }
    said = drawn;
    const Seen there = seen_in(*app);  // before it is drawn: what comes in between is seen one frame later
    app->draw(milliseconds(CLOCK_MONOTONIC) * 1e-3);
    drawn = there == Seen::nothing ? Seen::frame : there;
    window.request_redraw();
  });
  app.reset();
}

// The time goes with the command line, so that what the system needs to start a process is in it.
void start_again(const char* program, const std::string& model) {
  std::fflush(stdout);
  const std::string began = fmt::format("{:.3f}", milliseconds(CLOCK_MONOTONIC));
  const pid_t child = fork();
  if (child == 0) {
    execl(program, program, model.c_str(), "at", began.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("the program could not be started");
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: headlight_bench_start MODEL [starts]\n");
    return 2;
  }
  return headlight::run_guarded([&] {
    if (argc == 4) {
      headlight::start_once(argv[1], std::atof(argv[3]));
      return;
    }
    const int starts = argc == 3 ? std::atoi(argv[2]) : 7;
    for (int i = 0; i < starts; ++i) headlight::start_again("/proc/self/exe", argv[1]);
  });
}
