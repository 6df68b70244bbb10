// UTF-8 against the definition: every code point round, every ill-formed sequence of up to two bytes, the
// named traps.
#include "core/text/utf8.h"

#include <gtest/gtest.h>

#include "core/text/tokenizer.h"

namespace headlight {
namespace {

using namespace std::string_literals;

TEST(Utf8, every_code_point_comes_back) {
  for (char32_t code_point = 0; code_point < 0x110000; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    std::string text;
    append_utf8(text, code_point);
    const Utf8Character character = utf8_character_at(text, 0);
    ASSERT_EQ(character.code_point, code_point);
    ASSERT_EQ(character.length, text.size());
    // Cut short it is nothing, whatever follows.
    ASSERT_EQ(utf8_character_at(text.substr(0, text.size() - 1), 0).length, 0U);
    if (text.size() > 1) {
      text.back() = 'a';
      ASSERT_EQ(utf8_character_at(text, 0).length, 0U);
    }
  }
  std::string text;
  EXPECT_THROW(append_utf8(text, 0xD800), std::logic_error);
  EXPECT_THROW(append_utf8(text, 0x110000), std::logic_error);
}

TEST(Utf8, finds_the_first_invalid_byte) {
  EXPECT_EQ(invalid_utf8_offset(""), std::nullopt);
  EXPECT_EQ(invalid_utf8_offset("한글 \U0001F600"), std::nullopt);
  EXPECT_EQ(invalid_utf8_offset("ab\x80"), 2U);
  EXPECT_EQ(invalid_utf8_offset("\xEC\x95"), 0U);           // cut short
  EXPECT_EQ(invalid_utf8_offset("a\xC0\xAF"), 1U);          // overlong
  EXPECT_EQ(invalid_utf8_offset("a\xE0\x9F\xBF"), 1U);      // overlong
  EXPECT_EQ(invalid_utf8_offset("a\xF0\x8F\xBF\xBF"), 1U);  // overlong
  EXPECT_EQ(invalid_utf8_offset("\xED\xA0\x80"), 0U);       // a surrogate
  EXPECT_EQ(invalid_utf8_offset("\xF4\x90\x80\x80"), 0U);   // above U+10FFFF
  EXPECT_EQ(invalid_utf8_offset("\xEF\xBF\xBF\xFF"), 3U);   // U+FFFF is valid, FF never
}

TEST(Utf8, bytes_become_readable) {
  EXPECT_EQ(readable_bytes("안\xEC\x95!\n"), "안<0xEC><0x95>!\n");
  EXPECT_EQ(readable_bytes("\0 "s), "\0 "s);
  EXPECT_EQ(visible_bytes(" a\tb\nc\rd\x1B[0m\x7F"), "·a→b⏎c<0x0D>d<0x1B>[0m<0x7F>");
  EXPECT_EQ(visible_bytes("\xC2\x85é"), "<0xC2><0x85>é");  // U+0085 is a control character of two bytes
  EXPECT_EQ(visible_bytes("\x88"), "<0x88>");
  EXPECT_EQ(readable_bytes(""), "");
}

}  // namespace
}  // namespace headlight
