// Tokens as labelled points along two principal components; they glide to their places in the next layer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gui/frame.h"

namespace headlight {

// Offsets from each point to the middle of its label, in the units of the points; a label that fits nowhere
// is left out (its offset is not a number). Points that are not finite get none.
struct LabelSize {
  float width = 0;
  float height = 0;
};
std::vector<ImVec2> place_labels(const std::vector<ImVec2>& points, const std::vector<LabelSize>& sizes,
                                 ImVec2 half_room, float gap);

// What stands beside a point: the token, and its position when the same token stands elsewhere, too.
struct SpotName {
  std::string token;
  std::string subscript;
};
std::vector<SpotName> spot_names(const Trace& trace);

class EmbeddingScatter {
 public:
  // Draws into `size` at the cursor what the result's projection shows; while a new one is being computed,
  // the last one stays.
  void draw(const Frame& frame, Commands& commands, ImVec2 size);

  // The layer of what is drawn: 0 the embedding, l after block l-1.
  std::int64_t layer() const { return layer_; }

 private:
  void follow(const Frame& frame);
  void arrange(ImVec2 room);
  void move(const Frame& frame, Commands& commands);
  std::int64_t nearest(ImVec2 mouse) const;
  void draw_axes(ImVec2 corner, ImVec2 size) const;
  void draw_spot(std::size_t at, const Frame& frame, std::int64_t pointed) const;
  void tooltip(const Frame& frame, std::int64_t at) const;

  std::shared_ptr<const Projection> projection_;  // what is drawn
  std::weak_ptr<const Trace> trace_;              // of which pass; not held: a long one has gigabytes
  std::vector<TokenId> tokens_;
  std::int64_t layer_ = 0;
  std::vector<SpotName> names_;
  ImVec2 room_{0, 0};           // of the points, pixels
  float font_size_ = 0;         // when the labels were placed
  double scale_ = 0;            // pixels a unit
  double middle_[2] = {0, 0};   // of the data, in the middle of the room
  ImVec2 centre_{0, 0};         // of the room, on the screen
  std::vector<ImVec2> from_;    // pixels from the centre, where the glide began
  std::vector<ImVec2> target_;  // where it ends
  std::vector<ImVec2> now_;
  std::vector<ImVec2> labels_;  // offset of each label's middle
  std::vector<LabelSize> label_sizes_;
  double glide_start_ = -1;  // frame.seconds; negative: no glide
  bool glide_next_ = false;
};

}  // namespace headlight
