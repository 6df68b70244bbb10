// A text that normalisers change, which remembers for each of its bytes where in the user's own text it came
// from.
//
// What an inserted or a composed character points to follows Hugging Face's `tokenizers` (its
// NormalizedString), so that the spans of tokens are the same: an inserted character has the source of the
// one before it, a composed one that of the first of its parts.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/text_span.h"
#include "core/text/utf8.h"

namespace headlight {

// One character of a changed text, and how it follows from the characters before the change.
struct CharacterChange {
  char32_t character = 0;
  // 1: inserted. 0: takes the place of the next old character. -n: also swallows the n old ones after that.
  std::int32_t change = 0;
};

// A match of a pattern, or what lies between two of them.
struct TextPart {
  TextSpan span;
  bool is_match = false;
};

// What becomes of the matches when a text is cut at them ("a-b--c" at "-"): removed "a b c", isolated
// "a - b - - c", merged with the previous "a- b- - c" or the next part "a -b - -c", contiguous "a - b -- c".
enum class CutBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

class AlignedText {
 public:
  AlignedText() = default;
  // `user_text` outlives this object; user_text[span] is valid UTF-8.
  AlignedText(std::string_view user_text, TextSpan span);

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }  // bytes
  // Where this text begins in the user's text, whatever was removed from it since.
  std::size_t origin() const { return origin_; }

  // Bytes of the user's text from which text()[range] came; empty for an empty range.
  TextSpan source(TextSpan range) const;
  // As above for one byte of a character. When the character still is the user's own, it is that very byte.
  TextSpan exact_source(std::size_t byte) const;

  AlignedText slice(TextSpan range) const;
  // Cut at the matches among `parts`, which cover the text in order. Empty pieces are dropped.
  std::vector<AlignedText> cut(const std::vector<TextPart>& parts, CutBehavior behavior) const;

  // Replaces everything. The first `dropped` old characters are left out.
  void change(const std::vector<CharacterChange>& characters, std::size_t dropped = 0);
  void keep_if(const std::function<bool(char32_t)>& keep);
  void map(const std::function<char32_t(char32_t)>& to);
  void prepend(std::string_view prefix);  // nothing happens to an empty text
  void append(std::string_view suffix);
  // Each match becomes `replacement`, which points to the match's last character.
  void replace(const std::vector<TextPart>& parts, std::string_view replacement);
  void strip(bool left, bool right);  // white space
  // Each byte becomes the character that byte-level vocabularies spell it with, and points to that byte
  // alone.
  void spell_bytes();
  // Appends text whose every byte came from `source`.
  void append_from(std::string_view text, TextSpan source);

 private:
  std::string_view user_text_;
  std::string text_;
  std::vector<TextSpan> sources_;  // for each byte of text_
  std::size_t origin_ = 0;
};

// Calls `visit(character, byte offset, length)` for each character of valid UTF-8 (std::logic_error for other
// text).
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const Utf8Character character = utf8_character_at(text, offset);
    if (character.length == 0) throw std::logic_error("for_each_character needs valid UTF-8");
    visit(character.code_point, offset, character.length);
    offset += character.length;
  }
}
// The parts of `text` whose matches are the single characters for which `is_match` holds.
std::vector<TextPart> parts_by_character(std::string_view text,
                                         const std::function<bool(char32_t)>& is_match);
// The parts of `text` whose matches are the occurrences of `wanted`; none for an empty `wanted`.
std::vector<TextPart> parts_by_text(std::string_view text, std::string_view wanted);
// Adds what lies between the matches, which are in order.
std::vector<TextPart> parts_around(std::string_view text, const std::vector<TextSpan>& matches);

}  // namespace headlight
