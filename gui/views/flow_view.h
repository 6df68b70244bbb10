// The whole path from tokens to probabilities as one picture; every row is a token.
#pragma once

#include "gui/view.h"
#include "gui/views/flow_bands.h"
#include "gui/views/flow_detail.h"
#include "gui/views/flow_hit.h"
#include "gui/views/flow_values.h"
#include "gui/views/head_maps.h"

namespace headlight {

class FlowView : public View {
 public:
  std::string_view name() const override { return "flow"; }
  std::string_view explanation() const override { return "explain.flow"; }
  void draw(const Frame& frame, Commands& commands) override;

  // As soon as it is there.
  void open_part(Hook hook) { wanted_ = hook; }

  // Of the last frame.
  const FlowLayout& layout() const { return layout_; }
  const FlowDetail& detail() const { return detail_; }

 private:
  void draw_text(const Frame& frame, Commands& commands);
  void draw_picture(const Frame& frame, Commands& commands, ImVec2 size);
  void choose_part(const Frame& frame, Commands& commands, const FlowLayout& at);
  void handle_click(const Frame& frame, Commands& commands, const FlowLayout& at, const FlowHit& hit);
  FlowRect part_place(const Frame& frame, const FlowLayout& at, Hook hook) const;
  void open_with_keys(const Frame& frame, const FlowLayout& at);
  void handle_keys(const Frame& frame, Commands& commands, const FlowLayout& at);

  FlowLayout layout_;
  FlowValues values_;
  FlowBands bands_;
  HeadMaps maps_, cross_maps_;
  bool in_encoder_ = false;
  FlowDetail detail_;
  std::optional<Hook> wanted_;  // to be opened
  bool was_open_ = false;       // the part, in the last frame
  float wheel_ = 0;             // turned, but not yet a whole layer
};

}  // namespace headlight
