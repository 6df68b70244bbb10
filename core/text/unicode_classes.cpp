// Unicode 14 through utf8proc, less what the reference does not know yet.
#include "core/text/unicode_classes.h"

#include <utf8proc.h>

#include "core/text/unicode_exceptions.h"

namespace headlight {
namespace {

utf8proc_category_t category(char32_t character) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

bool between(char32_t character, char32_t first, char32_t last) {
  return character >= first && character <= last;
}

}  // namespace

bool is_white_space(char32_t c) {
  return between(c, 0x09, 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         between(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_numeric(char32_t character) {
  const auto kind = category(character);
  return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
}

bool is_ascii_punctuation(char32_t c) {
  return between(c, '!', '/') || between(c, ':', '@') || between(c, '[', '`') || between(c, '{', '~');
}

bool is_punctuation(char32_t character) {
  if (character < 0x80) return is_ascii_punctuation(character);
  const auto kind = category(character);
  const bool is = kind == UTF8PROC_CATEGORY_PC || kind == UTF8PROC_CATEGORY_PD ||
                  kind == UTF8PROC_CATEGORY_PS || kind == UTF8PROC_CATEGORY_PE ||
                  kind == UTF8PROC_CATEGORY_PI || kind == UTF8PROC_CATEGORY_PF ||
                  kind == UTF8PROC_CATEGORY_PO;
  return is != is_exception(CharacterTable::other_punctuation, character);
}

bool is_nonspacing_mark(char32_t character) {
  if (character < 0x80) return false;
  const bool is = category(character) == UTF8PROC_CATEGORY_MN;
  return is != is_exception(CharacterTable::other_nonspacing, character);
}

bool is_mark(char32_t character) {
  if (character < 0x80) return false;
  const auto kind = category(character);
  const bool is =
      kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC || kind == UTF8PROC_CATEGORY_ME;
  return is != is_exception(CharacterTable::other_marks, character);
}

bool is_control(char32_t character) {
  const auto kind = category(character);
  return (kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO) &&
         !is_exception(CharacterTable::newer_controls, character);
}

bool is_chinese(char32_t c) {
  return between(c, 0x4E00, 0x9FFF) || between(c, 0x3400, 0x4DBF) || between(c, 0x20000, 0x2A6DF) ||
         between(c, 0x2A700, 0x2B73F) || between(c, 0x2B740, 0x2B81F) || between(c, 0x2B920, 0x2CEAF) ||
         between(c, 0xF900, 0xFAFF) || between(c, 0x2F800, 0x2FA1F);
}

std::u32string lower_case(char32_t character) {
  // The only character whose lower case is two characters without a context (SpecialCasing.txt).
  if (character == 0x130) return {U'i', char32_t{0x307}};
  return {static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character)))};
}

}  // namespace headlight
