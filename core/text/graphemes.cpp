// Extended grapheme clusters through utf8proc's state machine.
#include "core/text/graphemes.h"

#include <utf8proc.h>

#include "core/text/utf8.h"

namespace headlight {

std::vector<std::pair<std::size_t, std::size_t>> grapheme_spans(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  bool joins_previous = false;  // false at the start and after an invalid byte: nothing to join to
  char32_t previous = 0;
  utf8proc_int32_t state = 0;
  std::size_t offset = 0;
  while (offset < text.size()) {
    const Utf8Character character = utf8_character_at(text, offset);
    const std::size_t length = character.length == 0 ? 1 : character.length;
    const bool breaks =
        !joins_previous || character.length == 0 ||
        utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous),
                                         static_cast<utf8proc_int32_t>(character.code_point), &state);
    if (breaks) {
      spans.emplace_back(offset, offset + length);
    } else {
      spans.back().second = offset + length;
    }
    joins_previous = character.length != 0;
    if (!joins_previous) state = 0;
    previous = character.code_point;
    offset += length;
  }
  return spans;
}

}  // namespace headlight
