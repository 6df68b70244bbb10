// How a model knows the order of its tokens: the likeness of its position vectors, or the angles by which
// queries and keys are turned.
#pragma once

#include <memory>

#include "gui/views/similarity_panel.h"

namespace headlight {

// Rows of a table of positions.
struct PositionTableKey {
  std::weak_ptr<const Model> model;
  std::int64_t rows = 0;
  bool operator==(const PositionTableKey& other) const;
};

class PositionsPanel {
 public:
  void draw(const Frame& frame, Commands& commands, const ShownText& shown);

 private:
  void draw_table(const Frame& frame, Commands& commands, const ShownText& shown);

  Background<PositionTableKey, SimilarityPicture> made_;

 public:
  PositionsPanel();
};

// cos(position · frequency) of every pair of dimensions, into the room that is left.
void draw_rotary_angles(const Frame& frame, Commands& commands, const ShownText& shown);

}  // namespace headlight
