// Every head's map on the probe, with how much it looks back to what followed the same token before.
#pragma once

#include <memory>

#include "core/session/learning.h"
#include "gui/frame.h"
#include "gui/widgets/heatmap_texture.h"

namespace headlight {

class LearningHeads {
 public:
  // What the colours stand for, behind what stands in the line.
  void draw_scale(const Frame& frame, const LearningState& state) const;
  // At the cursor, as large as fits.
  void draw(const Frame& frame, Commands& commands, const LearningState& state, ImVec2 room);

 private:
  struct Grid;
  Grid lay_out(const LearningState& state, ImVec2 room) const;
  void refresh(const Frame& frame, const LearningState& state);
  void draw_maps(const Grid& grid, const HeadWall& wall);
  void draw_labels(const Grid& grid, const Frame& frame, const LearningState& state) const;
  void point(const Grid& grid, const Frame& frame, Commands& commands, const LearningState& state, ImVec2 at,
             bool clicked) const;

  HeatmapTexture texture_;
  std::shared_ptr<const HeadWall> shown_;
  bool per_row_ = false, hide_sink_ = false;
};

}  // namespace headlight
