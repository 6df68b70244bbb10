// What a person sees as one character, as byte ranges.
#include "core/text/graphemes.h"

#include <gtest/gtest.h>

#include "core/text/utf8.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight {
namespace {

std::vector<std::string> graphemes(std::string_view text) {
  std::vector<std::string> result;
  for (const auto& [begin, end] : grapheme_spans(text)) result.emplace_back(text.substr(begin, end - begin));
  return result;
}

using Strings = std::vector<std::string>;

TEST(Graphemes, are_what_a_person_counts) {
  EXPECT_EQ(graphemes(""), Strings{});
  EXPECT_EQ(graphemes("a한!"), (Strings{"a", "한", "!"}));
  EXPECT_EQ(graphemes("\u1112\u1161\u11ab\u1100\u1173\u11af"),
            (Strings{"\u1112\u1161\u11ab", "\u1100\u1173\u11af"}));
  EXPECT_EQ(graphemes("e\u0301e"), (Strings{"e\u0301", "e"}));
  EXPECT_EQ(graphemes("\U0001F469\u200D\U0001F680\U0001F44D\U0001F3FD"),
            (Strings{"\U0001F469\u200D\U0001F680", "\U0001F44D\U0001F3FD"}));
  EXPECT_EQ(graphemes("\U0001F1F0\U0001F1F7\U0001F1EB\U0001F1F7"),
            (Strings{"\U0001F1F0\U0001F1F7", "\U0001F1EB\U0001F1F7"}));
  EXPECT_EQ(graphemes("\r\n\n"), (Strings{"\r\n", "\n"}));
}

TEST(Graphemes, an_invalid_byte_stands_alone) {
  EXPECT_EQ(graphemes("e\xFF\u0301"), (Strings{"e", "\xFF", "\u0301"}));
  EXPECT_EQ(graphemes("\xEC\x95"), (Strings{"\xEC", "\x95"}));
  EXPECT_EQ(graphemes("\U0001F1F0\x80\U0001F1F7"), (Strings{"\U0001F1F0", "\x80", "\U0001F1F7"}));
}

TEST(Graphemes, cover_any_text_without_gaps_at_character_borders) {
  std::mt19937 random(7);
  for (int count = 0; count < 4000; ++count) {
    const std::string text = count % 2 == 0 ? test::random_unicode(random) : test::random_bytes(random);
    std::size_t end = 0;
    for (const auto& span : grapheme_spans(text)) {
      ASSERT_EQ(span.first, end);
      ASSERT_GT(span.second, span.first);
      const std::size_t length = utf8_character_at(text, span.first).length;
      ASSERT_GE(span.second - span.first, length == 0 ? 1 : length);
      end = span.second;
    }
    ASSERT_EQ(end, text.size());
  }
}

}  // namespace
}  // namespace headlight
