// Tokens as points, in two or three dimensions, at one layer or on their way through all of them; beside
// them how alike they are.
#pragma once

#include <cstdint>
#include <string>

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
  void draw_without_first(const Frame& frame, Commands& commands, ToolRow& row);
  void draw_captions(const Frame& frame, const ShownText& shown, const TokenMap& map) const;
  void measure_first(const Frame& frame, const ShownText& shown, std::int64_t layer);
  bool first_dominates() const;  // its vector is so long that it would squeeze the others together
  bool leaves_first_out(const Frame& frame) const;

  struct FirstToken {
    std::weak_ptr<const Trace> trace;
    std::int64_t layer = -1;  // -1: of all
    double ratio = 0;         // its length by the median of the others'
  };

  Background<TokenMapKey, TokenMap> maps_{make_token_map};
  SimilarityMaps similarities_;
  JobLine job_;
  LayerWalk walk_;
  EmbeddingScatter scatter_;
  EmbeddingSpace space_;
  std::int64_t drawn_layer_ = -1;
  FirstToken first_;
};

}  // namespace headlight
