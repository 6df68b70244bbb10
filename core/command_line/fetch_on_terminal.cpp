#include "core/command_line/fetch_on_terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>

#include "core/model/find_model.h"

namespace headlight {
namespace {

class ProgressLine {
 public:
  explicit ProgressLine(std::string name) : name_(std::move(name)) {}
  ~ProgressLine() {
    if (open_) fmt::print(stderr, "\n");
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const FetchState& state) {
    const int percent = state.total > 0 ? static_cast<int>(100 * state.done / state.total) : 0;
    const bool new_step =
        state.phase != shown_.phase || !shown_any_ || (terminal_ && state.file_number != shown_.file_number);
    if (!new_step && percent == percent_) return;
    if (!terminal_ && !new_step && percent / 10 == percent_ / 10) return;
    shown_ = state;
    shown_any_ = true;
    percent_ = percent;
    print(state);
  }

 private:
  void print(const FetchState& state) {
    std::string text = fmt::format("{}: {}", name_, fetch_phase_text(state.phase));
    if (state.total > 0) {
      const auto filled = static_cast<std::size_t>(std::clamp(percent_, 0, 100)) * 30 / 100;
      text += fmt::format(" [{}{}] {:3}% of {:.0f} MB", std::string(filled, '='),
                          std::string(30 - filled, ' '), percent_, static_cast<double>(state.total) / 1e6);
    }
    if (state.file_number > 0)
      text += fmt::format(", {} of {}: {}", state.file_number, state.file_count, state.file);
    // \033[K removes what a longer line left behind.
    if (terminal_) {
      fmt::print(stderr, "\r{}\033[K", text);
    } else {
      fmt::print(stderr, "{}\n", text);
    }
    std::fflush(stderr);
    open_ = terminal_;
  }

  std::string name_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool open_ = false;  // the cursor stands behind an unfinished line
  bool shown_any_ = false;
  FetchState shown_;
  int percent_ = -1;
};

volatile std::sig_atomic_t stop_asked = 0;

// While it lives, the signals that would end the program only ask for a stop, so that pip ends too.
class StopOnSignal {
 public:
  StopOnSignal() {
    stop_asked = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { stop_asked = 1; };
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &before_[i]);
  }
  ~StopOnSignal() {
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before_[i], nullptr);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  static constexpr std::array<int, 3> signals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace

std::string fetch_on_terminal(const CatalogEntry& entry) {
  const StopOnSignal stop;
  ProgressLine line(entry.name);
  return fetch(
      entry, [&](const FetchState& state) { line.show(state); }, [] { return stop_asked != 0; });
}

std::string model_path(const std::string& name_or_path) {
  std::error_code ignored;
  if (!std::filesystem::exists(name_or_path, ignored)) {
    const auto entry = find_in_catalog(name_or_path);
    if (entry && !installed_path(*entry)) return fetch_on_terminal(*entry);
  }
  return find_or_fetch_model(
      name_or_path, [](const FetchState&) {}, [] { return false; });
}

}  // namespace headlight
