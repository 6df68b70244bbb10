// The loss of every step, of the model beside it, too, what guessing and knowing all would cost, and beneath
// it the gradient's length and the learning rate.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/session/learning.h"
#include "imgui.h"

namespace headlight {

class LearningCurve {
 public:
  // In a rectangle at the cursor. `shown`: the step that the rest of the view shows, or -1. Returns the place
  // of the kept state that is nearest to where it was clicked.
  std::optional<std::int64_t> draw(const LearningSnapshot& learning, std::int64_t shown, ImVec2 size);

 private:
  struct Plot;
  void draw_grid(const Plot& plot) const;
  std::int64_t steps_together(const Plot& plot, std::int64_t count) const;
  float draw_key(const Plot& plot, float top, bool is_drawn) const;
  void draw_line(const Plot& plot, const std::vector<float>& losses, ImU32 color, bool faint) const;
  void draw_held_out(const Plot& plot) const;
  void draw_levels(const Plot& plot) const;
  void point_at(const Plot& plot, std::size_t place) const;
  void draw_marks(const Plot& plot, std::int64_t shown) const;
  void draw_strip(const Plot& plot, ImVec2 corner, float height, float LearningPoint::*what, ImU32 color,
                  const char* key) const;
};

}  // namespace headlight
