// Why a query looks where it looks: q against the k of every key it sees, dimension by dimension.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/analysis/attention_row.h"
#include "gui/views/shown_attention.h"

namespace headlight {

class NeuronPanel {
 public:
  // Fills the rest of the current window. The trace is there.
  void draw(const ShownAttention& shown, Commands& commands);

 private:
  // Left edges of the columns on the screen; a column without width is not drawn.
  struct Columns {
    float label = 0, label_width = 0;
    float k = 0, product = 0, strip_width = 0, product_width = 0;
    float dot = 0, score = 0, weight = 0, number_width = 0;
    float right = 0;
    float line = 0;
  };

  bool refresh(const ShownAttention& shown);
  std::int64_t chosen_key(const ShownAttention& shown) const;
  std::span<const float> query_vector(const ShownAttention& shown) const;
  std::span<const float> key_vector(const ShownAttention& shown, std::int64_t key) const;
  Columns place() const;
  void draw_query(const ShownAttention& shown, Commands& commands, const Columns& columns);
  void draw_rows(const ShownAttention& shown, Commands& commands, const Columns& columns);
  void draw_row(const ShownAttention& shown, Commands& commands, const Columns& columns, std::int64_t key,
                float y, bool chosen);
  void draw_number(const ShownAttention& shown, Commands& commands, const ValueReference& value,
                   const std::string& words, ImVec2 corner, ImVec2 room, ImU32 color);
  void draw_formula(const ShownAttention& shown, std::int64_t key, const std::string& beside) const;
  void draw_plot(const ShownAttention& shown, Commands& commands, std::int64_t key, ImVec2 plot, ImVec2 size,
                 bool above_strips);
  void draw_sums(const QueryKeyProduct& products, ImVec2 corner, ImVec2 size, double range) const;
  void strip_mouse(const ShownAttention& shown, Commands& commands, Hook hook, std::int64_t key,
                   ImVec2 corner, ImVec2 size);

  std::weak_ptr<const Trace> trace_;  // what row_ and the limits were computed from; not held
  std::int64_t layer_ = -1, head_ = -1;
  bool cross_ = false;
  AttentionRow row_;
  std::int64_t scrolled_to_ = -1;                        // the key that was chosen when it was looked for
  float q_limit_ = 0, k_limit_ = 0, product_limit_ = 0;  // largest magnitudes, of all keys that are seen
};

}  // namespace headlight
