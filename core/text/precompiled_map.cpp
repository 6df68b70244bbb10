// Walks the double-array trie of Darts-clone; an index that leaves the array ends the walk.
#include "core/text/precompiled_map.h"

#include <fmt/format.h>

#include <cstring>

#include "core/base/errors.h"
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
  std::uint32_t size = 0;
  if (bytes.size() < sizeof size) {
    throw UserError(
        fmt::format("the precompiled character map has {} bytes, too few for its size", bytes.size()));
  }
  std::memcpy(&size, bytes.data(), sizeof size);
  bytes.remove_prefix(sizeof size);
  if (size > bytes.size() || size % 4 != 0 || size == 0) {
    throw UserError(fmt::format(
        "the precompiled character map says that its trie has {} bytes, but {} follow", size, bytes.size()));
  }
  units_.resize(size / 4);
  std::memcpy(units_.data(), bytes.data(), size);
  replacements_ = bytes.substr(size);
  if (const auto offset = invalid_utf8_offset(replacements_)) {
    throw UserError(
        fmt::format("the precompiled character map's replacements are not UTF-8 at byte {}", *offset));
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
    const std::size_t end = replacements_.find('\0', begin);
    const std::string_view all = replacements_;
    found = Match{index + 1, all.substr(begin, end == std::string::npos ? end : end - begin)};
    // A hostile map could point into the middle of a character.
    if (invalid_utf8_offset(found->replacement)) return std::nullopt;
    if (!longest) break;
  }
  return found;
}

}  // namespace headlight
