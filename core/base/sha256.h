// SHA-256, in pieces or of a whole file.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace headlight {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::byte> bytes);
  std::string hex();  // 64 lower-case digits; once, at the end

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// `read` (may be empty) is told the bytes read so far, and may throw to stop.
// Throws FileError when the file cannot be read.
std::string sha256_of_file(const std::string& path, const std::function<void(std::int64_t)>& read = {});

}  // namespace headlight
