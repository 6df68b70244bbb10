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

namespace headlight {
namespace {

// Closes the descriptor on every way out; the mapping does not need it.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void refuse_to_open(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    throw FileError(fmt::format("{}: there is no such file. Check the path.", path));
  }
  if (error == EACCES || error == EPERM) {
    throw FileError(fmt::format(
        "{}: there is no permission to read this file. Give yourself read access to it and to its "
        "folders.",
        path));
  }
  throw FileError(fmt::format("{}: the file cannot be opened: {}.", path, reason(error)));
}

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
  // The system would stop reading the path at the first zero byte and open another file.
  if (path_.empty() || path_.find('\0') != std::string::npos) {
    throw FileError(
        "'': an empty path, or one with a zero byte in it, names no file. Give the path of a file.");
  }
  // Non-blocking: opening a named pipe would otherwise wait for somebody to write into it.
  const Descriptor file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) refuse_to_open(path_, errno);

  struct stat status {};
  if (::fstat(file.number, &status) != 0) refuse_to_open(path_, errno);
  if (S_ISDIR(status.st_mode)) {
    throw FileError(
        fmt::format("{}: this is a directory, but a file was expected. Name the file inside it.", path_));
  }
  if (!S_ISREG(status.st_mode)) {
    throw FileError(
        fmt::format("{}: this is a device, pipe or socket, but a regular file was expected.", path_));
  }
  if (status.st_size <= 0) {
    throw FileError(fmt::format(
        "{}: the file is empty (0 bytes). It was probably never downloaded; fetch it again.", path_));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED) {
    throw FileError(
        fmt::format("{}: the file's {} bytes cannot be mapped into memory: {}.", path_, size, reason(errno)));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() { ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

}  // namespace headlight
