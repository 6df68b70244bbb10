// A regular file, mapped read-only into memory for as long as the object lives.
//
// The size is taken once, at opening. A file that another program truncates while it is mapped gives SIGBUS
// on the missing pages; no check of ours can exclude that without copying the whole file, so it is avoided
// instead: our own downloads appear by rename and are never rewritten in place, and a replaced file keeps its
// old pages.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace headlight {

class MappedFile {
 public:
  // Throws FileError: there is no such file, no permission, a directory, not a regular file, or empty.
  explicit MappedFile(std::string path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::string path_;
  std::span<const std::byte> bytes_;
};

}  // namespace headlight
