// What a person sees as one character: a Hangul syllable of three jamo, a letter with its accents, a joined
// emoji.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace headlight {

// Half-open byte ranges, in order, that cover `text` without a gap (Unicode Standard Annex 29, extended
// grapheme clusters). A byte that is not part of valid UTF-8 is a range of its own.
std::vector<std::pair<std::size_t, std::size_t>> grapheme_spans(std::string_view text);

}  // namespace headlight
