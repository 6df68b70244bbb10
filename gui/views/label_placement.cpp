// Finds a free place beside each point, nearest first, as a map-maker would.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "gui/views/embedding_scatter.h"

namespace headlight {
namespace {

LabelBox box_around(ImVec2 middle, float half_width, float half_height) {
  return {middle.x - half_width, middle.y - half_height, middle.x + half_width, middle.y + half_height};
}

// Boxes by the place where they lie, so that only the neighbours are compared: thousands of points would make
// millions of pairs.
class TakenPlaces {
 public:
  explicit TakenPlaces(ImVec2 half_room)
      : half_room_(half_room),
        columns_(count(half_room.x)),
        boxes_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(count(half_room.y))) {}

  void add(const LabelBox& box) {
    for_cells(box, [&](std::vector<LabelBox>& cell) {
      cell.push_back(box);
      return true;
    });
  }
  bool is_free(const LabelBox& box) {
    return for_cells(box, [&](std::vector<LabelBox>& cell) {
      return std::none_of(cell.begin(), cell.end(), [&](const LabelBox& other) { return box.meets(other); });
    });
  }

 private:
  static constexpr float edge = 40.0F;  // pixels: about a label
  static int count(float half) { return std::clamp(static_cast<int>(2.0F * half / edge) + 1, 1, 500); }
  // What lies outside is among the cells at the border.
  int place(float at, float half, int cells) const {
    return static_cast<int>(std::clamp((at + half) / edge, 0.0F, static_cast<float>(cells - 1)));
  }
  // Visits the cells that a box touches until `visit` says no.
  template <class Visit>
  bool for_cells(const LabelBox& box, const Visit& visit) {
    const int rows = static_cast<int>(boxes_.size()) / columns_;
    for (int y = place(box.top, half_room_.y, rows); y <= place(box.bottom, half_room_.y, rows); ++y) {
      for (int x = place(box.left, half_room_.x, columns_); x <= place(box.right, half_room_.x, columns_);
           ++x) {
        if (!visit(boxes_[static_cast<std::size_t>(y * columns_ + x)])) return false;
      }
    }
    return true;
  }

  ImVec2 half_room_;
  int columns_;
  std::vector<std::vector<LabelBox>> boxes_;
};

// Right first, as names stand on maps; y grows downwards.
constexpr std::array<ImVec2, 8> directions = {
    {{1, 0}, {1, -1}, {1, 1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -1}, {0, 1}}};

// With many points only the place right beside each is tried: lines from far away would cross everything.
constexpr std::size_t most_with_leaders = 48;
constexpr int rings_with_leaders = 7;

}  // namespace

std::vector<ImVec2> place_labels(const std::vector<ImVec2>& points, const std::vector<LabelSize>& sizes,
                                 ImVec2 half_room, float gap, const std::vector<LabelBox>& others) {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<ImVec2> offsets(points.size(), ImVec2(none, none));
  TakenPlaces taken(half_room);
  for (const LabelBox& other : others) taken.add(other);
  for (const ImVec2 point : points) {
    if (finite(point)) taken.add(box_around(point, gap * 0.7F, gap * 0.7F));
  }
  const int rings = points.size() <= most_with_leaders ? rings_with_leaders : 1;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!finite(points[i]) || sizes[i].width <= 0.0F) continue;
    const float half_width = sizes[i].width * 0.5F;
    const float half_height = sizes[i].height * 0.5F;
    bool placed = false;
    for (int ring = 0; ring < rings && !placed; ++ring) {
      const float away = gap + static_cast<float>(ring) * half_height * 1.7F;
      for (const ImVec2 direction : directions) {
        const ImVec2 offset(direction.x * (half_width + away), direction.y * (half_height + away));
        const LabelBox box =
            box_around(ImVec2(points[i].x + offset.x, points[i].y + offset.y), half_width, half_height);
        if (box.left < -half_room.x || box.right > half_room.x || box.top < -half_room.y ||
            box.bottom > half_room.y)
          continue;
        if (!taken.is_free(box)) continue;
        offsets[i] = offset;
        taken.add(box);
        placed = true;
        break;
      }
    }
  }
  return offsets;
}

}  // namespace headlight
