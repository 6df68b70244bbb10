#include "core/base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

extern char** environ;

namespace headlight {
namespace {

constexpr int milliseconds_between_looks = 100;

// The environment of this process with some variables replaced.
std::vector<std::string> merged_environment(const std::map<std::string, std::string>& replaced) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    if (!replaced.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : replaced) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A process group of its own, nothing to read, both outputs into the log.
class SpawnSettings {
 public:
  explicit SpawnSettings(const std::string& log_path) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

// Kills what is left of the group when the scope is left, also by an exception of `keep_going`.
class Group {
 public:
  explicit Group(pid_t leader) : leader_(leader) {}
  ~Group() {
    kill(-leader_, SIGKILL);
    if (!reaped_) waitpid(leader_, nullptr, 0);
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  bool has_ended(int& status) {
    pid_t result = 0;
    do {
      result = waitpid(leader_, &status, WNOHANG);
    } while (result < 0 && errno == EINTR);
    reaped_ = result != 0;
    return reaped_;
  }

 private:
  pid_t leader_;
  bool reaped_ = false;
};

}  // namespace

ChildEnd run_child(const ChildCommand& command, const std::function<bool()>& keep_going) {
  if (command.words.empty()) throw std::logic_error("run_child: no program");
  if (!std::ofstream(command.log_path, std::ios::app)) {
    throw told<UserError>("Cannot write '{}': {}. Make its folder writable or free some space.",
                          "'{}': 파일을 쓸 수 없습니다: {}. 폴더에 쓰기 권한을 주거나 공간을 비워 주세요.",
                          command.log_path, system_reason(errno));
  }
  std::vector<std::string> words = command.words;
  std::vector<std::string> environment = merged_environment(command.environment);
  const SpawnSettings settings(command.log_path);
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0].c_str(), &settings.actions, &settings.attributes,
                                 pointers_to(words).data(), pointers_to(environment).data());
  if (error != 0) return {};
  Group group(child);
  ChildEnd end{.started = true};
  int status = 0;
  while (!group.has_ended(status)) {
    if (!keep_going()) {
      end.cancelled = true;
      return end;
    }
    poll(nullptr, 0, milliseconds_between_looks);
  }
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

std::string last_line(const std::string& log_path) {
  std::ifstream log(log_path);
  std::string last;
  for (std::string line; std::getline(log, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return last;
}

}  // namespace headlight
