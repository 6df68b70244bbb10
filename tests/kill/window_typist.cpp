// The program's own window, into which letters are typed without end, while another program waits to kill it.
//   window_typist MODEL    settings and sessions lie where XDG_CONFIG_HOME and XDG_STATE_HOME say
// Prints one line "BYTES NANOSECONDS" when the document has grown; the first tells what was restored.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gui/app.h"
#include "gui/interface.h"
#include "gui/settings.h"
#include "gui/window.h"
#include "imgui.h"

namespace headlight {
namespace {

void tell(std::size_t bytes) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const std::string line = std::to_string(bytes) + " " +
                           std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()) +
                           "\n";
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) std::exit(1);
}

void type(const std::string& model) {
  const Interface interface;
  const std::filesystem::path config = config_folder();
  StartOptions options;
  options.compute.model = model;  // of a first start; later ones restore
  Window window(WindowOptions{});
  App app(
      options, config, [&window] { window.request_redraw(); }, state_folder(config));
  std::size_t told = app.document().text.size();
  tell(told);
  int frame = 0;
  window.run([&] {
    if (++frame > 10) {
      ImGui::GetIO().AddInputCharacter(frame % 7 == 0 ? ' ' : static_cast<unsigned>('a' + frame % 26));
    }
    app.draw(ImGui::GetTime());
    if (app.document().text.size() > told) tell(told = app.document().text.size());
    window.request_redraw();
  });
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("window_typist MODEL\n", stderr);
    return 2;
  }
  try {
    headlight::type(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
