// Tokens as labelled points along two axes; they glide to their places in the next layer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/views/embedding_marks.h"

namespace headlight {

// In the units of the points; y grows downwards.
struct LabelBox {
  float left, top, right, bottom;
  bool meets(const LabelBox& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

// Offsets from each point to the middle of its label, in the units of the points; a label that finds no room
// within eight gaps of its point is left out (its offset is not a number), as is one whose line to its point
// would cross anything. Points outside the room or not finite get none. others: what lies there already.
std::vector<ImVec2> place_labels(const std::vector<ImVec2>& points, const std::vector<LabelSize>& sizes,
                                 ImVec2 half_room, float gap, const std::vector<LabelBox>& others = {});
// For one that must be seen: right beside its point, whatever it covers, within the room.
ImVec2 place_over(ImVec2 point, LabelSize size, ImVec2 half_room, float gap);

class EmbeddingScatter {
 public:
  // Draws into `size` at the cursor. The map may be of an earlier text.
  void draw(const Frame& frame, Commands& commands, const ShownMap& shown, ImVec2 size);

 private:
  void follow(const Frame& frame, const ShownMap& shown);
  void arrange(ImVec2 room);
  void move(const Frame& frame, Commands& commands);
  ImVec2 pixels(const Projection::Point& point) const;
  std::int64_t nearest(ImVec2 mouse) const;
  std::optional<LabelBox> title_box() const;
  void draw_axes(ImVec2 corner, ImVec2 size) const;
  void draw_ticks(int axis, ImVec2 corner, ImVec2 size) const;
  void draw_leader(std::size_t at, std::int64_t pointed) const;
  void draw_spot(std::size_t at, const LitTokens& lit, std::int64_t pointed) const;

  std::shared_ptr<const TokenMap> map_;  // what is drawn
  std::int64_t stream_ = 0;              // of the map
  std::vector<TokenId> tokens_;
  std::vector<SpotName> names_;
  ImVec2 room_{0, 0};           // of the points, pixels
  float font_size_ = 0;         // when the labels were placed
  double scale_[2] = {0, 0};    // pixels a unit
  double middle_[2] = {0, 0};   // of the data, in the middle of the room
  ImVec2 centre_{0, 0};         // of the room, on the screen
  std::vector<ImVec2> from_;    // pixels from the centre, where the glide began
  std::vector<ImVec2> target_;  // where it ends
  std::vector<ImVec2> now_;
  std::vector<ImVec2> labels_;  // offset of each label's middle
  std::vector<LabelSize> label_sizes_;
  std::size_t left_out_ = 0;  // labels that found no room
  Glide glide_;
};

}  // namespace headlight
