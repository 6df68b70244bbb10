// A part of the flow picture, opened in place: all of its numbers for one token, while the rest dims.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gui/frame.h"
#include "gui/views/flow_attention.h"
#include "gui/views/flow_layout.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"

namespace headlight {

class FlowDetail {
 public:
  bool is_open() const { return hook_.has_value(); }
  std::optional<Hook> hook() const { return hook_; }
  // Grows out of `from`, a place on the screen.
  void open(Hook hook, FlowRect from, const Frame& frame);
  void close(const Frame& frame);
  // It was opened with the keyboard, which goes on in it.
  void take_keyboard() { takes_keyboard_ = true; }

  // Whether a point lies on the opened panel.
  bool covers(ImVec2 point) const { return is_open() && panel_.contains(point); }

  // How far it is open, 0..1; moves within 0.2 s, or at once.
  float amount(const Frame& frame) const;
  const FlowAttention& attention() const { return attention_; }
  // Over the picture.
  void draw(const Frame& frame, Commands& commands, const FlowLayout& at);

 private:
  void refresh(const Frame& frame, const FlowLayout& at);
  void draw_content(const Frame& frame, Commands& commands);
  void draw_head(const Frame& frame);
  void draw_overview(std::int64_t chosen);
  void draw_numbers(const Frame& frame, Commands& commands, std::int64_t chosen);
  void bring_into_sight(std::int64_t chosen, std::int64_t columns, float line, bool hand_inside);
  void draw_number(const Frame& frame, Commands& commands, ImVec2 min, ImVec2 size, std::int64_t index,
                   const Hand& hand);
  ValueReference reference(std::int64_t index) const;
  std::int64_t chosen_index(const Frame& frame) const;
  std::string label(std::int64_t index) const;
  void point_at_strongest(const Frame& frame, Commands& commands) const;

  std::optional<Hook> hook_;
  bool closing_ = false;
  FlowRect from_;
  FlowRect panel_;  // as it was drawn last
  double since_ = 0;
  bool by_magnitude_ = false;
  bool takes_keyboard_ = false;

  // What is shown.
  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  const Trace* live_ = nullptr;       // the same, while a frame is drawn
  std::int64_t layer_ = 0, head_ = 0, position_ = -1;
  Hook shown_ = Hook::embed;
  bool sorted_ = false;
  std::vector<float> values_;
  std::vector<std::int64_t> order_;
  float range_ = 0;              // at the ends of the colour map
  Beyond beyond_;                // that range
  std::int64_t strongest_ = -1;  // NaN, else the largest number; -1: there is none
  // The number that was brought into sight last, and the columns and the height of a line it stood in.
  std::int64_t sought_ = -1, sought_columns_ = 0;
  float sought_line_ = 0;
  FlowAttention attention_;
};

}  // namespace headlight
