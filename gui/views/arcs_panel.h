// Attention as lines: queries on the left, keys on the right, a line for every weight above a threshold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/strong_weights.h"
#include "gui/views/arc_strokes.h"
#include "gui/views/made_value.h"
#include "gui/views/pass_text.h"
#include "gui/views/shown_attention.h"

namespace headlight {

// The colour of a head's lines: the current one violet, the others around the colour circle.
ImU32 head_color(std::int64_t head, std::int64_t heads, bool current);
// How opaque a line is; strength: its weight's place on the scale, 0 to 1.
constexpr float arc_opacity(float strength) { return 0.10F + 0.90F * strength; }

class ArcsPanel {
 public:
  ArcsPanel();
  // Fills the rest of the current window. The trace is there.
  void draw(const ShownAttention& shown, Commands& commands, ShownTexts& texts);

 private:
  struct Key {
    HeldTrace trace;
    MapChoice choice;
    float threshold = 0;
    bool operator==(const Key&) const = default;
  };
  // Where everything lies in this frame, on the screen.
  struct Layout {
    ImVec2 corner, size;        // of the whole lines that are seen
    std::int64_t first = 0;     // the unit at the top
    std::int64_t rows = 0;      // how many are seen,
    std::int64_t units = 0;     // and how many there are
    float line = 0;             // height of a unit
    float left = 0, right = 0;  // where lines begin and end
    float label = 0;            // room for words
    float y(std::int64_t unit) const { return corner.y + (static_cast<float>(unit - first) + 0.5F) * line; }
    bool operator==(const Layout& other) const;
  };
  // Which lines are lit: of a query, of a key, of both together; all when neither is set.
  struct Focus {
    std::optional<std::int32_t> query, key, head;
    bool any() const { return query || key; }
    bool lights(const StrongWeight& weight) const {
      return (!query || weight.query == *query) && (!key || weight.key == *key) &&
             (!head || weight.head == *head);
    }
  };

  void draw_controls(const ShownAttention& shown, Commands& commands);
  void draw_heads(const ShownAttention& shown, Commands& commands);
  std::string count_words(const ShownAttention& shown) const;
  bool draw_count(const ShownAttention& shown) const;
  Layout place(const ShownAttention& shown, const PassText& queries, const PassText& keys);
  void draw_headings(const ShownAttention& shown, const Layout& layout, bool with_count);
  void scroll_to_chosen(const Focus& focus, std::optional<std::int32_t> last, const Layout& layout);
  Focus focus(const ShownAttention& shown, const PassText& queries, const PassText& keys) const;
  void gather(const ShownAttention& shown, const Layout& layout);
  ArcStroke stroke(const ShownAttention& shown, const Layout& layout, const StrongWeight& weight) const;
  void draw_lines(const ShownAttention& shown, const Layout& layout, const Focus& focus);
  void draw_words(const ShownAttention& shown, const Layout& layout, const PassText& text, bool of_keys,
                  const Focus& focus);
  void handle_column(const ShownAttention& shown, Commands& commands, const Layout& layout,
                     const PassText& text, bool of_keys);
  void handle_lines(const ShownAttention& shown, Commands& commands, const Layout& layout,
                    const PassText& queries, const PassText& keys);
  void handle_keyboard(const ShownAttention& shown, Commands& commands);

  MadeValue<Key, StrongWeights> weights_;
  std::vector<StrongWeight> visible_;  // of what weights_ found: those that cross what is seen
  bool all_drawn_ = true;              // visible_ has no more than a frame can draw
  const StrongWeights* gathered_ = nullptr;
  Layout gathered_layout_;
  std::int64_t gathered_head_ = -1;
  MapScale gathered_scale_ = MapScale::linear;
  Theme gathered_theme_ = Theme::dark;
  ArcStrokes strokes_;
  std::optional<std::int32_t> scrolled_to_;  // the unit that was chosen when it was looked for
  std::int64_t scrolled_rows_ = 0;           // and how many were seen then
  std::optional<StrongWeight> hovered_;      // the line under the mouse, in the last frame
};

}  // namespace headlight
