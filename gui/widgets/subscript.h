// The small number behind a token.
#pragma once

namespace headlight {

// Of the token's type: its size, and how far below the token's top it begins.
constexpr float subscript_size = 0.72F, subscript_drop = 0.4F;

}  // namespace headlight
