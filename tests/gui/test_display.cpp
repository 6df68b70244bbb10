// Xvfb chooses a free display number itself and tells it through a pipe.
#include "tests/gui/test_display.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

extern char** environ;

namespace headlight {

TestDisplay::TestDisplay() {
  if (const char* display = std::getenv("DISPLAY")) before_ = display;
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) return;
  fcntl(pipe_ends[0], F_SETFD, FD_CLOEXEC);
  const std::string number_to = std::to_string(pipe_ends[1]);
  const char* words[] = {"Xvfb",         "-displayfd", number_to.c_str(), "-screen", "0",
                         "1600x1000x24", "-noreset",   "-nolisten",       "tcp",     nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (posix_spawnp(&server_, words[0], &quiet, nullptr, const_cast<char**>(words), environ) != 0)
    server_ = -1;
  posix_spawn_file_actions_destroy(&quiet);
  close(pipe_ends[1]);
  std::string number;
  pollfd told = {pipe_ends[0], POLLIN, 0};
  char letter = 0;
  // 20 s: a loaded machine; the pipe closes at once when Xvfb cannot start.
  while (server_ > 0 && poll(&told, 1, 20000) > 0 && read(pipe_ends[0], &letter, 1) == 1 && letter != '\n') {
    number += letter;
  }
  close(pipe_ends[0]);
  if (!number.empty()) setenv("DISPLAY", (":" + number).c_str(), 1);
}

TestDisplay::~TestDisplay() {
  if (server_ > 0) {
    kill(server_, SIGTERM);
    waitpid(server_, nullptr, 0);
  }
  if (before_) {
    setenv("DISPLAY", before_->c_str(), 1);
  } else {
    unsetenv("DISPLAY");
  }
}

bool TestDisplay::available() const { return std::getenv("DISPLAY") != nullptr; }

}  // namespace headlight
