// Walks the double-array trie of Darts-clone; an index that leaves the array ends the walk.
#include "core/text/precompiled_map.h"

#include <fmt/format.h>

#include <span>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

bool has_leaf(std::uint32_t unit) { return ((unit >> 8U) & 1U) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }
std::uint32_t label_of(std::uint32_t unit) { return unit & 0x800000FFU; }
std::size_t offset_of(std::uint32_t unit) {
  return static_cast<std::size_t>(unit >> 10U) << ((unit & 0x200U) >> 6U);
}

}  // namespace

PrecompiledMap::PrecompiledMap(std::string_view bytes) {
  if (bytes.empty()) return;
  try {
    ByteReader reader(std::as_bytes(std::span(bytes)), "the character map");
    const auto size = reader.number<std::uint32_t>("the size of its trie");
    if (size % 4 != 0 || size == 0)
      reader.fail(fmt::format("its trie has {} bytes, not some times four", size));
    ByteReader trie(reader.take(size, "its trie"), "the character map");
    units_.reserve(size / 4);
    while (trie.remaining() > 0) units_.push_back(trie.number<std::uint32_t>("a unit"));
    replacements_ = reader.text(reader.remaining(), "its replacements");
  } catch (const FileError& error) {
    throw told<UserError>("{}", "{}", said(error));  // whoever knows the file says which it is
  }
  if (const auto offset = invalid_utf8_offset(replacements_)) {
    throw told<UserError>("the character map's replacements are not UTF-8 at byte {}",
                          "문자 표의 바꿀 글자가 UTF-8이 아닙니다(바이트 {} 위치)", *offset);
  }
}

std::optional<PrecompiledMap::Match> PrecompiledMap::match(std::string_view text, bool longest) const {
  if (units_.empty()) return std::nullopt;
  std::optional<Match> found;
  std::size_t node = offset_of(units_[0]);
  for (std::size_t index = 0; index < text.size(); ++index) {
    const auto byte = static_cast<unsigned char>(text[index]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size() || label_of(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (node >= units_.size()) break;
    const std::size_t begin = value_of(units_[node]);
    if (begin >= replacements_.size()) break;
    // A hostile map could match a part of a character.
    const bool is_inside =
        index + 1 < text.size() && (static_cast<unsigned char>(text[index + 1]) & 0xC0U) == 0x80U;
    if (is_inside) continue;
    const std::size_t end = replacements_.find('\0', begin);
    const std::string_view all = replacements_;
    found = Match{index + 1, all.substr(begin, end == std::string::npos ? end : end - begin)};
    // Or point into the middle of one.
    if (invalid_utf8_offset(found->replacement)) return std::nullopt;
    if (!longest) break;
  }
  return found;
}

}  // namespace headlight
