#include "core/model/models_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/base/relative_path.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t spare_bytes = 32 << 20;  // left free for everybody else
constexpr const char* record_name = ".headlight.json";
constexpr std::uintmax_t largest_record = 1 << 20;

[[noreturn]] void fail_to_write(const std::string& path, const Bilingual& reason) {
  throw told<UserError>(
      "Cannot write '{}': {}. Make the folder writable, or set XDG_CACHE_HOME to one that is.",
      "'{}': 쓸 수 없습니다: {}. 폴더에 쓰기 권한을 주거나, 쓸 수 있는 폴더를 XDG_CACHE_HOME에 지정해 "
      "주세요.",
      path, reason);
}

// So that what was renamed into it survives a power cut.
void flush_folder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_to_write(folder.string(), system_reason(error.value()));
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) fail_to_write(folder.string(), system_reason(error.value()));
}

void stop_fetch() { throw told<FetchCancelled>("The fetch was stopped.", "내려받기를 멈췄습니다."); }

FetchLock::FetchLock(const std::string& models, const FetchProgress& progress,
                     const IsCancelled& is_cancelled) {
  const std::string path = (fs::path(models) / ".lock").string();
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_to_write(path, system_reason(errno));
  try {
    while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) fail_to_write(path, system_reason(errno));
      progress({.phase = FetchPhase::waiting});
      if (is_cancelled()) stop_fetch();
      poll(nullptr, 0, 100);
    }
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

FetchLock::~FetchLock() { close(descriptor_); }

void require_space(const std::string& model, std::int64_t bytes, const fs::path& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  const auto needed = static_cast<std::uintmax_t>(bytes + spare_bytes);
  if (error || space.available >= needed) return;
  throw told<UserError>(
      "Fetching {} needs {} MB in '{}', but only {} MB are free. Free some space, or set XDG_CACHE_HOME to a "
      "folder on a larger disk.",
      "{} 모델을 내려받으려면 {} MB가 필요한데, '{}' 폴더에는 {} MB만 남아 있습니다. 공간을 비우거나, 더 큰 "
      "디스크의 폴더를 XDG_CACHE_HOME에 지정해 주세요.",
      model, needed / 1000000 + 1, folder.string(), space.available / 1000000);
}

void put_in_place(const fs::path& from, const fs::path& to) {
  make_folder(to.parent_path());
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (entry.is_directory()) flush_folder(entry.path());
  }
  flush_folder(from);
  remove_folder(to);
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail_to_write(to.string(), system_reason(error.value()));
  flush_folder(to.parent_path());
}

void write_record(const FetchRecord& record, const fs::path& folder) {
  json files = json::array();
  for (const CatalogFile& file : record.files)
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  const json all = {{"repository", record.repository},
                    {"revision", record.revision},
                    {"commit", record.commit},
                    {"files", std::move(files)}};
  const fs::path path = folder / record_name;
  std::ofstream file(path, std::ios::trunc);
  file << all.dump(1) << "\n";
  file.close();
  if (!file) fail_to_write(path.string(), {"the disk takes no more", "디스크에 더 쓸 수 없습니다"});
}

std::optional<FetchRecord> read_record(const fs::path& folder) {
  std::error_code error;
  const fs::path path = folder / record_name;
  const auto size = fs::file_size(path, error);
  if (error || size > largest_record) return std::nullopt;
  std::ifstream file(path);
  try {
    const json all = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    FetchRecord record{all.at("repository").get<std::string>(),
                       all.at("revision").get<std::string>(),
                       all.at("commit").get<std::string>(),
                       {}};
    for (const json& one : all.at("files")) {
      record.files.push_back({one.at("path").get<std::string>(),
                              one.at("bytes").get<std::int64_t>(),
                              one.at("sha256").get<std::string>(),
                              {}});
      if (!is_plain_relative_path(record.files.back().path)) return std::nullopt;
    }
    if (record.files.empty()) return std::nullopt;
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

bool has_files(const fs::path& folder, const std::vector<CatalogFile>& files) {
  for (const CatalogFile& file : files) {
    std::error_code error;
    if (!fs::is_regular_file(folder / file.path, error)) return false;
    const auto size = fs::file_size(folder / file.path, error);
    if (error || (file.bytes > 0 && size != static_cast<std::uintmax_t>(file.bytes))) return false;
  }
  return true;
}

std::optional<std::string> path_of_files(const fs::path& folder, const std::vector<CatalogFile>& files) {
  if (!has_files(folder, files)) return std::nullopt;
  return (files.size() == 1 ? folder / files.front().path : folder).string();
}

}  // namespace headlight
