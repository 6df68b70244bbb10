// The only code that touches raw file bytes: little-endian reads that never leave the file.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {

// A number at an address that need not be aligned. For bytes whose presence the caller has checked.
template <typename Number>
Number little_endian(const std::byte* bytes) {
  static_assert(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>);
  static_assert(std::endian::native == std::endian::little, "big-endian machines need a byte swap here");
  Number value;
  std::memcpy(&value, bytes, sizeof(Number));
  return value;
}

// The same bytes as letters; valid as long as they are.
inline std::string_view letters_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Walks over bytes that somebody else keeps alive. Every read names what it expects, so that the message of a
// damaged file says what is missing and where.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  std::uint64_t offset() const { return offset_; }  // bytes from the start of the file
  std::uint64_t size() const { return bytes_.size(); }
  std::uint64_t remaining() const { return bytes_.size() - offset_; }

  // A number as it is stored. Throws FileError when the file ends before it.
  template <typename Number>
  Number number(std::string_view what) {
    return little_endian<Number>(take(sizeof(Number), what).data());
  }

  // The next `count` bytes, not copied. Throws FileError when there are fewer.
  std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
    if (count > remaining()) {
      fail(
          fmt::format("{} needs {} bytes, but only {} are left of the file's {}. The file is cut off or "
                      "damaged; download it again.",
                      what, count, remaining(), size()));
    }
    const auto taken = bytes_.subspan(offset_, count);
    offset_ += count;
    return taken;
  }

  std::string text(std::uint64_t count, std::string_view what) {
    return std::string(letters_of(take(count, what)));
  }

  // Throws FileError: path, the place of the next byte, and the sentence.
  [[noreturn]] void fail(std::string_view sentence) const { fail_at(offset_, sentence); }
  [[noreturn]] void fail_at(std::uint64_t offset, std::string_view sentence) const {
    throw told<FileError>("{0}: at byte {1}: {2}",
                          "{0}: 바이트 {1} 위치부터 읽을 수 없습니다. 파일이 손상된 것 같으니 다시 내려받아 "
                          "주세요. 자세히: {2}",
                          path_, offset, sentence);
  }

 private:
  std::span<const std::byte> bytes_;
  std::string path_;
  std::uint64_t offset_ = 0;  // never larger than bytes_.size()
};

}  // namespace headlight
