// Who looks at whom: all heads, one head, one row step by step.
#pragma once

#include "gui/view.h"
#include "gui/views/head_maps.h"
#include "gui/views/head_wall_panel.h"
#include "gui/views/matrix_panel.h"
#include "gui/views/row_panel.h"

namespace headlight {

class AttentionView : public View {
 public:
  std::string_view name() const override { return "attention"; }
  std::string_view explanation() const override { return "explain.attention"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  HeadMaps maps_;
  HeadWallPanel wall_;
  MatrixPanel matrix_;
  RowPanel row_;
};

}  // namespace headlight
