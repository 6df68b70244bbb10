// Opens and maps a file; every way in which that can fail is a sentence for the user.
#include "core/base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

// Closes the descriptor on every way out; the mapping does not need it.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

[[noreturn]] void refuse_to_open(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    throw told<FileError>("{}: there is no such file. Check the path.",
                          "{}: 그런 파일이 없습니다. 경로를 확인해 주세요.", path);
  }
  if (error == EACCES || error == EPERM) {
    throw told<FileError>(
        "{}: there is no permission to read this file. Give yourself read access to it and to its folders.",
        "{}: 이 파일을 읽을 권한이 없습니다. 파일과 그 폴더에 읽기 권한을 주세요.", path);
  }
  throw told<FileError>("{}: the file cannot be opened: {}.", "{}: 파일을 열 수 없습니다: {}.", path,
                        system_reason(error));
}

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
  // The system would stop reading the path at the first zero byte and open another file.
  if (path_.empty() || path_.find('\0') != std::string::npos) {
    throw told<FileError>(
        "'': an empty path, or one with a zero byte in it, names no file. Give the path of a file.",
        "'': 비어 있거나 0 바이트가 든 경로는 파일을 가리키지 못합니다. 파일의 경로를 적어 주세요.");
  }
  // Non-blocking: opening a named pipe would otherwise wait for somebody to write into it.
  const Descriptor file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) refuse_to_open(path_, errno);

  struct stat status {};
  if (::fstat(file.number, &status) != 0) refuse_to_open(path_, errno);
  if (S_ISDIR(status.st_mode)) {
    throw told<FileError>("{}: this is a directory, but a file was expected. Name the file inside it.",
                          "{}: 파일이 아니라 폴더입니다. 그 안에 있는 파일을 골라 주세요.", path_);
  }
  if (!S_ISREG(status.st_mode)) {
    throw told<FileError>("{}: this is a device, pipe or socket, but a regular file was expected.",
                          "{}: 장치나 파이프, 소켓입니다. 보통 파일을 골라 주세요.", path_);
  }
  if (status.st_size <= 0) {
    throw told<FileError>(
        "{}: the file is empty (0 bytes). It was probably never downloaded; fetch it again.",
        "{}: 빈 파일입니다(0바이트). 내려받지 못한 것 같으니 다시 받아 주세요.", path_);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED) {
    throw told<FileError>("{}: the file's {} bytes cannot be mapped into memory: {}.",
                          "{}: 파일의 {}바이트를 메모리에 올릴 수 없습니다: {}.", path_, size,
                          system_reason(errno));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() { ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

}  // namespace headlight
