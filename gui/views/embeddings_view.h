// The tokens' vectors: as points, by their nearest tokens, added and subtracted, against each other, and by
// position.
#pragma once

#include <string_view>

#include "gui/view.h"
#include "gui/views/arithmetic_panel.h"
#include "gui/views/neighbors_panel.h"
#include "gui/views/points_panel.h"
#include "gui/views/positions_panel.h"
#include "gui/views/vectors_panel.h"

namespace headlight {

class EmbeddingsView : public View {
 public:
  std::string_view name() const override { return "embeddings"; }
  std::string_view explanation() const override { return "explain.embeddings"; }
  void draw(const Frame& frame, Commands& commands) override;
  const SpaceCamera& camera() const { return points_.camera(); }

 private:
  PointsPanel points_;
  NeighborsPanel neighbors_;
  ArithmeticPanel arithmetic_;
  VectorsPanel vectors_;
  PositionsPanel positions_;
};

}  // namespace headlight
