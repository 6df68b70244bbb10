// Temporary file, fsync, rename, fsync of the folder.
#include "core/base/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view unfinished = ".unfinished-";

[[noreturn]] void refuse(const std::string& path, int reason) {
  throw told<UserError>(
      "Cannot write '{}': {}. Check that the folder exists, may be written to and has room.",
      "'{}': 파일을 쓸 수 없습니다: {}. 폴더가 있는지, 쓰기 권한과 남은 공간이 있는지 확인해 주세요.", path,
      system_reason(reason));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Some file systems cannot do it for folders; then the name is as safe as they make it.
void sync_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() >= 0) static_cast<void>(::fsync(opened.number()));
}

fs::path behind_links(const std::string& path) {
  std::error_code missing;
  const fs::path real = fs::canonical(path, missing);
  return missing ? fs::path(path) : real;
}

}  // namespace

void write_whole_file(const std::string& path, std::string_view bytes) {
  const fs::path target = behind_links(path);
  const std::string temporary = fmt::format("{}{}{}", target.string(), unfinished, ::getpid());
  std::error_code ignored;
  const fs::file_status there = fs::status(target, ignored);
  if (fs::is_directory(there)) refuse(path, EISDIR);
  if (fs::exists(there) && !fs::is_regular_file(there)) refuse(path, EINVAL);  // a device would be replaced
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.number() < 0) refuse(path, errno);
  if (!write_all(file.number(), bytes) || ::fsync(file.number()) != 0 || !file.close() ||
      std::rename(temporary.c_str(), target.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    refuse(path, reason);
  }
  sync_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

void remove_unfinished(const std::string& path) {
  const fs::path target(path);
  const std::string begin = target.filename().string() + ".";
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(target.parent_path(), failed)) {
    std::error_code ignored;
    const std::string name = entry.path().filename().string();
    if (name.starts_with(begin) && name.find(unfinished) != std::string::npos)
      fs::remove(entry.path(), ignored);
  }
}

}  // namespace headlight
