// Tokens as points, in two or three dimensions, at one layer or on their way through all of them; beside
// them how alike they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gui/views/embedding_scatter.h"
#include "gui/views/embedding_space.h"
#include "gui/views/layer_walk.h"
#include "gui/views/similarity_panel.h"
#include "gui/views/tool_row.h"
#include "gui/widgets/job_line.h"

namespace headlight {

// "embedding", "after block L5"
std::string stream_label(std::int64_t layer);

class PointsPanel {
 public:
  void draw(const Frame& frame, Commands& commands, const ShownText& shown);
  const SpaceCamera& camera() const { return space_.camera(); }

 private:
  void draw_tools(const Frame& frame, Commands& commands, const ShownText& shown);
  void draw_choices(const Frame& frame, Commands& commands, ToolRow& row);
  void draw_without(const Frame& frame, Commands& commands, ToolRow& row);
  void draw_captions(const Frame& frame, const ShownText& shown, const TokenMap& map) const;
  bool leaves_out(const Frame& frame) const;

  Background<TokenMapKey, TokenMap> maps_{make_token_map};
  SimilarityMaps similarities_;
  JobLine job_;
  LayerWalk walk_;
  EmbeddingScatter scatter_;
  EmbeddingSpace space_;
  std::int64_t drawn_layer_ = -1;
  std::vector<MassiveToken> massive_;  // of the map that was made last
};

}  // namespace headlight
