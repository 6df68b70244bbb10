// UTF-8, one character at a time, and bytes as a person can read them.
#include "core/text/utf8.h"

#include <fmt/format.h>

#include <stdexcept>

#include "core/text/tokenizer.h"

namespace headlight {

Utf8Character utf8_character_at(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return {};
  const auto byte_at = [&](std::size_t index) -> unsigned {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const unsigned first = byte_at(offset);
  if (first < 0x80) return {first, 1};
  // The second byte's range depends on the first: this is what rules out overlong forms and surrogates.
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  const unsigned second = byte_at(offset + 1);
  if (second < low || second > high) return {};
  char32_t code_point = ((first & (0xFFU >> (length + 1))) << 6U) | (second & 0x3FU);
  for (std::size_t index = 2; index < length; ++index) {
    const unsigned next = byte_at(offset + index);
    if (next < 0x80 || next > 0xBF) return {};
    code_point = (code_point << 6U) | (next & 0x3FU);
  }
  return {code_point, length};
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto append = [&](char32_t value) { text.push_back(static_cast<char>(value)); };
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    throw std::logic_error(
        fmt::format("append_utf8: U+{:04X} is not a character", static_cast<unsigned>(code_point)));
  }
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0U | (code_point >> 6U));
    append(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    append(0xE0U | (code_point >> 12U));
    append(0x80U | ((code_point >> 6U) & 0x3FU));
    append(0x80U | (code_point & 0x3FU));
  } else {
    append(0xF0U | (code_point >> 18U));
    append(0x80U | ((code_point >> 12U) & 0x3FU));
    append(0x80U | ((code_point >> 6U) & 0x3FU));
    append(0x80U | (code_point & 0x3FU));
  }
}

std::optional<std::size_t> invalid_utf8_offset(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t length = utf8_character_at(text, offset).length;
    if (length == 0) return offset;
    offset += length;
  }
  return std::nullopt;
}

namespace {

// Controls would move a terminal's cursor or vanish in a chip: C0, DEL and C1.
bool is_control(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

void append_byte_names(std::string& text, std::string_view bytes) {
  for (const char byte : bytes) text += fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte));
}

// Spaces of other widths, which would look like the usual one or like nothing: Unicode's Zs but U+0020.
bool is_blank(char32_t code_point) {
  return code_point == 0xA0 || code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200B) ||
         code_point == 0x202F || code_point == 0x205F || code_point == 0x3000;
}

std::string spelled_out(std::string_view bytes, bool marks_white_space) {
  std::string text;
  text.reserve(bytes.size());
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    const Utf8Character character = utf8_character_at(bytes, offset);
    const std::string_view here = bytes.substr(offset, character.length == 0 ? 1 : character.length);
    if (character.length == 0) {
      append_byte_names(text, here);
    } else if (!marks_white_space) {
      text += here;
    } else if (character.code_point == U' ') {
      text += "·";
    } else if (character.code_point == U'\t') {
      text += "→";
    } else if (character.code_point == U'\n') {
      text += "⏎";
    } else if (is_control(character.code_point) || is_blank(character.code_point)) {
      append_byte_names(text, here);
    } else {
      text += here;
    }
    offset += here.size();
  }
  return text;
}

}  // namespace

std::string readable_bytes(std::string_view bytes) { return spelled_out(bytes, false); }

std::string visible_bytes(std::string_view bytes) { return spelled_out(bytes, true); }

}  // namespace headlight
