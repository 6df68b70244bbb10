// How alike the tokens are at any place of the model: position × position, large.
#pragma once

#include "gui/views/layer_walk.h"
#include "gui/views/similarity_panel.h"

namespace headlight {

class VectorsPanel {
 public:
  void draw(const Frame& frame, Commands& commands, const ShownText& shown);

 private:
  SimilarityKey key_of(const Frame& frame, const ShownText& shown) const;
  void draw_tools(const Frame& frame, Commands& commands, const ShownText& shown, const SimilarityKey& key);

  SimilarityMaps maps_;
  LayerWalk walk_;
};

}  // namespace headlight
