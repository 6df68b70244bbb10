// Format of .npy: NumPy Enhancement Proposal 1; of the zip around it: libzip's business.
#include "core/forward/npz_file.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

#include "core/base/byte_reader.h"
#include "core/base/half_precision.h"
#include "core/base/said_in_both.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;

struct CloseZip {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

[[noreturn]] void refuse(const std::string& where, const std::string& problem) {
  throw told<FileError>(
      "{0}: {1}. Save it with numpy.savez from float32 arrays.",
      "{0}: 읽을 수 없는 .npz 파일입니다. float32 배열을 numpy.savez로 저장해 주세요. 자세히: {1}.", where,
      problem);
}

// What follows "'key':" in the header, which is a Python dictionary as NumPy writes it.
std::string_view header_value(std::string_view header, std::string_view key, const std::string& where) {
  const std::string quoted = fmt::format("'{}':", key);
  const std::size_t place = header.find(quoted);
  if (place == std::string_view::npos) refuse(where, fmt::format("its header has no '{}'", key));
  std::string_view rest = header.substr(place + quoted.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

Shape header_shape(std::string_view text, const std::string& where) {
  if (!text.starts_with('(')) refuse(where, "its header has no shape");
  const std::size_t end = text.find(')');
  if (end == std::string_view::npos) refuse(where, "its header has no end of the shape");
  std::string_view inside = text.substr(1, end - 1);
  Shape shape;
  while (!inside.empty()) {
    inside.remove_prefix(std::min(inside.find_first_not_of(" ,"), inside.size()));
    if (inside.empty()) break;
    std::int64_t length = 0;
    const auto [rest, error] = std::from_chars(inside.data(), inside.data() + inside.size(), length);
    if (error != std::errc() || length < 0) refuse(where, "its shape is not a list of lengths");
    shape.push_back(length);
    inside.remove_prefix(static_cast<std::size_t>(rest - inside.data()));
  }
  if (shape.size() > 8) refuse(where, fmt::format("it has {} axes", shape.size()));
  return shape;
}

// One number of the type that the header names ("<f4").
struct NumberType {
  std::size_t bytes = 0;
  double (*read)(const std::byte* at) = nullptr;
};

NumberType number_type(std::string_view text, const std::string& where) {
  const std::string_view name = text.starts_with('\'') ? text.substr(1, 3) : std::string_view();
  if (name == "<f4")
    return {4, [](const std::byte* at) { return static_cast<double>(little_endian<float>(at)); }};
  if (name == "<f8") return {8, [](const std::byte* at) { return little_endian<double>(at); }};
  if (name == "<f2") {
    return {2, [](const std::byte* at) {
              return static_cast<double>(float_from_half(little_endian<std::uint16_t>(at)));
            }};
  }
  if (name == "<i4") {
    return {4, [](const std::byte* at) { return static_cast<double>(little_endian<std::int32_t>(at)); }};
  }
  if (name == "<i8") {
    return {8, [](const std::byte* at) { return static_cast<double>(little_endian<std::int64_t>(at)); }};
  }
  refuse(where,
         fmt::format("its numbers are of type {}", text.substr(0, std::min<std::size_t>(8, text.size()))));
}

// How many characters each string of the type has ("'<U12'"); 0 for numbers.
std::uint64_t string_length(std::string_view text) {
  std::uint64_t length = 0;
  if (!text.starts_with("'<U")) return 0;
  text.remove_prefix(3);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && length <= 4096 ? length : 0;
}

// NumPy's strings are code points of four bytes, filled up with zeros.
std::string utf8_of(const std::byte* at, std::uint64_t length, const std::string& where) {
  std::string text;
  for (std::uint64_t i = 0; i < length; ++i) {
    const auto code_point = little_endian<std::uint32_t>(at + 4 * i);
    if (code_point == 0) break;
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) {
      refuse(where, "it has a string that is not Unicode");
    }
    append_utf8(text, code_point);
  }
  return text;
}

std::string member_bytes(zip_t* archive, zip_uint64_t index, std::uint64_t size, const std::string& where) {
  const std::unique_ptr<zip_file_t, CloseMember> member(zip_fopen_index(archive, index, 0));
  if (!member) refuse(where, zip_strerror(archive));
  std::string bytes(size, '\0');
  const zip_int64_t read = zip_fread(member.get(), bytes.data(), size);
  if (read < 0 || static_cast<std::uint64_t>(read) != size) refuse(where, "it is damaged");
  return bytes;
}

}  // namespace

NumpyArray parse_npy(std::string_view bytes, const std::string& where) {
  ByteReader reader(std::as_bytes(std::span(bytes)), where);
  if (reader.text(6, "the mark of an .npy file") != "\x93NUMPY") refuse(where, "it is not an .npy array");
  const auto major = reader.number<std::uint8_t>("the version");
  reader.number<std::uint8_t>("the version");
  if (major < 1 || major > 3) refuse(where, fmt::format("it has version {} of the format", major));
  const std::uint32_t length = major == 1 ? reader.number<std::uint16_t>("the length of the header")
                                          : reader.number<std::uint32_t>("the length of the header");
  const std::string header = reader.text(length, "the header");
  if (header_value(header, "fortran_order", where).starts_with("True")) {
    refuse(where, "its columns come before its rows (Fortran order)");
  }
  const std::uint64_t letters = string_length(header_value(header, "descr", where));
  NumberType type{static_cast<std::size_t>(4 * letters)};
  if (letters == 0) type = number_type(header_value(header, "descr", where), where);
  NumpyArray array;
  array.shape = header_shape(header_value(header, "shape", where), where);
  std::uint64_t count = 1;
  for (const std::int64_t axis : array.shape) {
    if (axis > 0 && count > most_bytes / static_cast<std::uint64_t>(axis)) refuse(where, "it is too large");
    count *= static_cast<std::uint64_t>(axis);
  }
  if (count > reader.remaining() / type.bytes) {
    refuse(where, fmt::format("it should hold {} numbers, but {} bytes are left", count, reader.remaining()));
  }
  const auto numbers = reader.take(count * type.bytes, "the numbers");
  if (letters > 0) {
    for (std::uint64_t i = 0; i < count; ++i)
      array.texts.push_back(utf8_of(numbers.data() + i * type.bytes, letters, where));
    return array;
  }
  array.values.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i)
    array.values.push_back(type.read(numbers.data() + i * type.bytes));
  return array;
}

std::map<std::string, NumpyArray> read_npz(const std::string& path) {
  int code = 0;
  const std::unique_ptr<zip_t, CloseZip> archive(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    refuse(path, "it is no .npz file: " + reason);
  }
  std::map<std::string, NumpyArray> arrays;
  std::uint64_t total = 0;
  for (zip_int64_t index = 0; index < zip_get_num_entries(archive.get(), 0); ++index) {
    zip_stat_t status;
    const auto place = static_cast<zip_uint64_t>(index);
    if (zip_stat_index(archive.get(), place, 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0 ||
        (status.valid & ZIP_STAT_NAME) == 0) {
      refuse(path, "its list of arrays is damaged");
    }
    std::string name = status.name;
    if (!name.ends_with(".npy")) continue;
    name.resize(name.size() - 4);
    total += status.size;
    if (status.size > most_bytes || total > most_bytes) refuse(path, "it is larger than 4 GiB unpacked");
    const std::string where = fmt::format("{}: '{}'", path, name);
    arrays[name] = parse_npy(member_bytes(archive.get(), place, status.size, where), where);
  }
  return arrays;
}

}  // namespace headlight
