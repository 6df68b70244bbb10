// One head's attention, opened: dot products, scores, weights and what they mix, side by side, every row a
// query.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/attention_row.h"
#include "gui/frame.h"
#include "gui/views/flow_layout.h"
#include "gui/widgets/canvas.h"

namespace headlight {

class FlowAttention {
 public:
  // The steps, from left to right.
  enum class Step { dot, score, weight, mix };

  // Fills what is left of the current window. `cross`: to the encoder's text.
  void draw(const Frame& frame, Commands& commands, std::int64_t layer, std::int64_t head, bool cross);

  // Of the last frame: the cell of a pair, or of a row of the mix. Nothing where it is not shown.
  std::optional<FlowRect> cell(Step step, std::int64_t query, std::int64_t key) const;

 private:
  struct Row {
    AttentionRow numbers;
    std::vector<double> dots;  // with every key that is shown, the masked ones too
  };
  struct Cell {
    double value = 0;
    std::int64_t key = -1;  // whose value it is; -1: masked
  };
  struct Pointed {
    Step step = Step::weight;
    std::int64_t query = 0;
    std::int64_t key = 0;
  };

  void refresh(const Frame& frame, std::int64_t layer, std::int64_t head, bool cross, std::int64_t most);
  void place(ImVec2 corner, ImVec2 room, float labels);
  Cell pooled(const Row& row, Step step, std::int64_t column) const;
  ImU32 color_of_cell(const Frame& frame, const Row& row, Step step, const Cell& cell) const;
  void draw_titles(const Frame& frame) const;
  void draw_labels(const Frame& frame, std::int64_t query, std::optional<std::int64_t> key) const;
  void draw_matrix(const Frame& frame, Step step) const;
  void draw_mix(const Frame& frame, Commands& commands) const;
  void draw_legends(const Frame& frame) const;
  void draw_sum(const Frame& frame, const Pointed& pointed) const;
  std::size_t thing_at(ImVec2 point) const;
  std::optional<Pointed> pointed(ImVec2 mouse) const;
  void answer(const Frame& frame, Commands& commands, const Pointed& pointed) const;
  std::string key_text(const Frame& frame, std::int64_t key) const;
  std::optional<std::int64_t> key_place(std::int64_t key) const;
  const Row* row_of(std::int64_t query) const;
  float column_left(Step step, std::int64_t column) const;
  float row_top(std::int64_t query) const;

  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  const Trace* live_ = nullptr;       // the same, while a frame is drawn
  std::int64_t layer_ = -1, head_ = -1, first_ = 0, last_ = 0, keys_ = 0;
  bool cross_ = false;
  std::vector<Row> rows_;  // of the queries [first_, last_)
  double dot_limit_ = 0, score_limit_ = 0;

  // Where things stand in this frame, and what points at them.
  Hand hand_;
  ImVec2 corner_{0, 0};
  float heading_ = 0, labels_ = 0, width_ = 0, gap_ = 0, top_ = 0, height_ = 0, cell_ = 0;
  std::int64_t columns_ = 1;
};

}  // namespace headlight
