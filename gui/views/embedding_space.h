// Tokens as points in three dimensions that a hand can turn.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gui/views/embedding_marks.h"

namespace headlight {

// How the cloud is looked at. Axis 1 points right, 2 up, 3 out of the screen; then it is turned about the
// upright axis (yaw), and tipped towards the viewer (pitch); radians.
struct SpaceCamera {
  float yaw = -0.62F;
  float pitch = 0.34F;
  float zoom = 1.0F;
  bool operator==(const SpaceCamera&) const = default;
};

struct SpacePoint {
  ImVec2 at;           // in units of the picture's half width, y downwards
  float depth = 0.0F;  // towards the viewer, in the units of the point
  float nearness = 1;  // what sizes are multiplied with
};
// point: -1..1 along each axis. A weak perspective: nearer things are larger.
SpacePoint seen_from(const SpaceCamera& camera, const std::array<float, 3>& point);

class EmbeddingSpace {
 public:
  // Draws into `size` at the cursor. The map may be of an earlier text.
  void draw(const Frame& frame, Commands& commands, const ShownMap& shown, ImVec2 size);
  const SpaceCamera& camera() const { return camera_; }

 private:
  using Place = std::array<float, 3>;

  void follow(const Frame& frame, const ShownMap& shown);
  void fit();
  Place scaled(const Projection::Point& point) const;
  void move(const Frame& frame, Commands& commands);
  void steer(ImVec2 size);
  SpacePoint pixels(const Place& place) const;
  void project();
  std::int64_t nearest(ImVec2 mouse) const;
  void draw_frame() const;
  struct Arm {
    ImVec2 foot, end, along;  // on the screen; along: the direction, of length 1
    std::string name;
    ImVec2 at, extent;  // of the name
  };
  std::vector<Arm> arms() const;
  void draw_axes(const std::vector<Arm>& arms) const;
  void draw_feet(const LitTokens& lit, std::int64_t pointed) const;
  void measure_names();
  std::vector<std::size_t> naming_order(const LitTokens& lit, std::int64_t pointed) const;
  ImVec2 half_room() const { return {room_.x * 0.5F, room_.y * 0.5F}; }
  ImVec2 middle_of_room() const { return {corner_.x + half_room().x, corner_.y + half_room().y}; }
  std::vector<ImVec2> place_names(const std::vector<ImVec2>& points, const std::vector<std::size_t>& order,
                                  const std::vector<Arm>& arms) const;
  void draw_names(const LitTokens& lit, std::int64_t pointed, const std::vector<Arm>& arms);
  void draw_dots(const LitTokens& lit, std::int64_t pointed) const;

  std::shared_ptr<const TokenMap> map_;
  std::int64_t stream_ = 0;
  std::vector<TokenId> tokens_;
  std::vector<SpotName> names_;
  std::vector<LabelSize> name_sizes_;
  float font_size_ = 0;  // when they were measured
  SpaceCamera camera_;
  std::array<double, 3> middle_{};
  double scale_ = 0;
  Place reach_{1, 1, 1};  // how far the cloud goes from its middle along each axis
  std::vector<Place> from_, target_, now_;
  std::vector<SpacePoint> seen_;       // of now_, in pixels
  std::vector<std::size_t> by_depth_;  // the farthest first
  ImVec2 corner_{0, 0}, room_{0, 0};   // of the picture, pixels
  ImVec2 centre_{0, 0};                // where the middle of the cloud is
  float half_ = 0;                     // pixels
  ImVec2 drag_from_{0, 0};
  bool dragged_ = false;  // since the button went down: no click
  Glide glide_;
};

}  // namespace headlight
