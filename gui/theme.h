// Colours and spacing of the window: one accent per concept, the same in every view, in a dark and a light
// theme.
#pragma once

#include <array>
#include <cstddef>

#include "imgui.h"

namespace headlight {

enum class Theme { dark, light };

struct Palette {
  ImU32 background;  // behind the panels
  ImU32 panel;       // a panel, a chip row, the prompt
  ImU32 raised;      // what floats above a panel: popups, tooltips, buttons
  ImU32 text;
  ImU32 muted;  // second voice: units, captions, ids
  ImU32 grid;   // hair lines of plots, separators
  ImU32 query;
  ImU32 key;
  ImU32 value;
  ImU32 attention;  // attention and outputs
  ImU32 residual;
  ImU32 mlp;
  ImU32 probability;
  ImU32 hover;    // outline of what the mouse is over, in every panel
  ImU32 lock;     // outline of what was clicked
  ImU32 masked;   // a cell that the mask removed: flat grey, no value
  ImU32 warning;  // "modified model", out of range
  ImU32 error;
  ImU32 token_text;              // text on a token colour
  std::array<ImU32, 19> tokens;  // backgrounds of token chips; 19 is prime, so that repeats drift
};

const Palette& palette_of(Theme theme);

// The palette of the theme that was applied last.
const Palette& palette();
Theme current_theme();

// Background of the chip of the token at a position.
ImU32 token_color(std::size_t position);

// The same colour with its opacity multiplied by 0..1.
ImU32 with_alpha(ImU32 color, float alpha);

// Between two colours: amount 0 is `from`, 1 is `to`.
ImU32 mix(ImU32 from, ImU32 to, float amount);

// Sets the style of the current ImGui context. `scale` is the monitor's scale (1 = 96 dpi): sizes and fonts
// follow it. `zoom` is the user's own enlargement of the type.
void apply_theme(Theme theme, float scale, float zoom = 1.0F);

}  // namespace headlight
