// Replaces what could move the cursor, colour a terminal or break a font.
#include "core/base/shown_text.h"

namespace headlight {

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown;
  for (const char letter : text.substr(0, limit)) shown += letter >= 0x20 && letter < 0x7F ? letter : '?';
  return text.size() > limit ? shown + "..." : shown;
}

std::string in_quotes(std::string_view name) { return "'" + printable(name, 60) + "'"; }

}  // namespace headlight
