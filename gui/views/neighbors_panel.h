// The tokens of the vocabulary that are nearest to one token of the text.
#pragma once

#include "gui/views/embedding_marks.h"
#include "gui/views/layer_walk.h"
#include "gui/views/neighbor_list.h"

namespace headlight {

class NeighborsPanel {
 public:
  void draw(const Frame& frame, Commands& commands, const ShownText& shown);

 private:
  void draw_tools(const Frame& frame, Commands& commands, const ShownText& shown);

  NearestInVocabulary nearest_;
  LayerWalk walk_;
};

}  // namespace headlight
