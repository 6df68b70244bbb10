// One row of one head, step by step: dot products, scaled scores, exponentials, weights, mixed values.
#pragma once

#include <cstdint>
#include <memory>

#include "core/analysis/attention_row.h"
#include "gui/views/shown_attention.h"

namespace headlight {

class RowPanel {
 public:
  // Fills the rest of the current window. The trace is there.
  void draw(const ShownAttention& shown, Commands& commands);

 private:
  bool refresh(const ShownAttention& shown);
  void draw_beside(const ShownAttention& shown, Commands& commands, ImVec2 room);
  void draw_stacked(const ShownAttention& shown, Commands& commands, bool whole);
  float strips_room() const;
  void handle_keys(const ShownAttention& shown, Commands& commands) const;
  void scroll_to_chosen(const ShownAttention& shown);
  std::int64_t chosen_key(const ShownAttention& shown) const;

  // What row_ and products_ were computed from.
  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  std::int64_t layer_ = -1, head_ = -1, key_ = -1;
  bool cross_ = false;
  std::int64_t scrolled_to_ = -1;  // the key that was chosen when it was looked for
  float strips_height_ = 0;        // as drawn in the last frame
  AttentionRow row_;
  QueryKeyProduct products_;
};

}  // namespace headlight
