// Colour emoji from a bitmap font: ImGui's own loader never scales bitmap strikes and draws them blank.
#pragma once

struct ImFontLoader;

namespace headlight {

// For ImFontConfig::FontLoader of a merged source whose file holds one or more bitmap strikes (Noto Color
// Emoji).
const ImFontLoader* emoji_font_loader();

}  // namespace headlight
