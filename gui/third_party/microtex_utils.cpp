// MicroTeX's character classes without a named locale: its own file asks for en_US.UTF-8, which many machines
// lack.
#include <cwctype>

#include "utils/utils.h"

const std::locale& microtex::defaultLocale() { return std::locale::classic(); }

// Formulas only need the letters that TeX itself turns: Basic Latin, Latin-1, Greek and Cyrillic.
static bool is_upper(microtex::c32 code) {
  return (code >= 'A' && code <= 'Z') || (code >= 0xC0 && code <= 0xDE && code != 0xD7) ||
         (code >= 0x391 && code <= 0x3A9) || (code >= 0x410 && code <= 0x42F);
}

bool microtex::isUnicodeLower(c32 code) {
  return (code >= 'a' && code <= 'z') || (code >= 0xDF && code <= 0xFE && code != 0xF7) ||
         (code >= 0x3B1 && code <= 0x3C9) || (code >= 0x430 && code <= 0x44F);
}

bool microtex::isUnicodeDigit(c32 code) { return code >= '0' && code <= '9'; }

microtex::c32 microtex::toUnicodeUpper(c32 code) {
  if (!isUnicodeLower(code) || code == 0xDF) return code;  // ß has no single upper case letter
  return code == 0x3C2 ? 0x3A3 : code - 32;                // final sigma
}

microtex::c32 microtex::toUnicodeLower(c32 code) { return is_upper(code) ? code + 32 : code; }

int microtex::binIndexOf(int count, const std::function<int(int)>& compare, bool returnClosest) {
  int first = 0;
  int last = count - 1;
  while (first <= last) {
    const int middle = first + (last - first) / 2;
    const int order = compare(middle);
    if (order == 0) return middle;
    if (order < 0) {
      last = middle - 1;
    } else {
      first = middle + 1;
    }
  }
  if (!returnClosest || count == 0) return -1;
  return std::max(0, first - 1);
}
