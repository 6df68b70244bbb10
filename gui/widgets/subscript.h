// The small number behind a token.
#pragma once

namespace headlight {

// Of the token's type: its size, how far below the token's top it begins, and how far behind its end: a token
// may be a number itself, or a dot.
constexpr float subscript_size = 0.74F, subscript_drop = 0.4F, subscript_gap = 0.22F;

}  // namespace headlight
