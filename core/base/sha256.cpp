#include "core/base/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {

struct Sha256::Context {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(digest); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (!context_->digest || EVP_DigestInit_ex(context_->digest, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("the cryptography library offers no SHA-256");
  }
}

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) {
  if (EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size()) != 1) {
    throw std::logic_error("Sha256::add after hex()");
  }
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context_->digest, digest.data(), &size) != 1) {
    throw std::logic_error("Sha256::hex called twice");
  }
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256_of_file(const std::string& path, const std::function<void(std::int64_t)>& read) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw told<FileError>("{}: cannot be opened for reading.", "{}: 파일을 열 수 없습니다.", path);
  Sha256 hash;
  std::vector<char> buffer(std::size_t{1} << 20);
  std::int64_t done = 0;
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    hash.add(std::as_bytes(std::span(buffer.data(), count)));
    done += static_cast<std::int64_t>(count);
    if (read) read(done);
  }
  if (file.bad()) {
    throw told<FileError>("{}: reading stopped half-way; the disk may be damaged.",
                          "{}: 읽는 중에 멈췄습니다. 디스크가 손상되었을 수 있습니다.", path);
  }
  return hash.hex();
}

}  // namespace headlight
