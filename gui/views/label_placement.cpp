// Finds a free place beside each point, nearest first, as a map-maker would.
#include <array>
#include <cmath>
#include <limits>

#include "gui/views/embedding_scatter.h"

namespace headlight {
namespace {

struct Box {
  float left, top, right, bottom;
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

Box box_around(ImVec2 middle, float half_width, float half_height) {
  return {middle.x - half_width, middle.y - half_height, middle.x + half_width, middle.y + half_height};
}

bool finite(ImVec2 at) { return std::isfinite(at.x) && std::isfinite(at.y); }

// Right first, as names stand on maps; y grows downwards.
constexpr std::array<ImVec2, 8> directions = {
    {{1, 0}, {1, -1}, {1, 1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -1}, {0, 1}}};

// With many points only the place right beside each is tried: lines from far away would cross everything.
constexpr std::size_t most_with_leaders = 48;
constexpr int rings_with_leaders = 7;

}  // namespace

std::vector<ImVec2> place_labels(const std::vector<ImVec2>& points, const std::vector<LabelSize>& sizes,
                                 ImVec2 half_room, float gap) {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<ImVec2> offsets(points.size(), ImVec2(none, none));
  std::vector<Box> taken;
  for (const ImVec2 point : points) {
    if (finite(point)) taken.push_back(box_around(point, gap * 0.7F, gap * 0.7F));
  }
  const int rings = points.size() <= most_with_leaders ? rings_with_leaders : 1;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!finite(points[i])) continue;
    const float half_width = sizes[i].width * 0.5F;
    const float half_height = sizes[i].height * 0.5F;
    bool placed = false;
    for (int ring = 0; ring < rings && !placed; ++ring) {
      const float away = gap + static_cast<float>(ring) * half_height * 1.7F;
      for (const ImVec2 direction : directions) {
        const ImVec2 offset(direction.x * (half_width + away), direction.y * (half_height + away));
        const Box box =
            box_around(ImVec2(points[i].x + offset.x, points[i].y + offset.y), half_width, half_height);
        if (box.left < -half_room.x || box.right > half_room.x || box.top < -half_room.y ||
            box.bottom > half_room.y)
          continue;
        bool is_free = true;
        for (std::size_t other = 0; other < taken.size() && is_free; ++other)
          is_free = !box.meets(taken[other]);
        if (!is_free) continue;
        offsets[i] = offset;
        taken.push_back(box);
        placed = true;
        break;
      }
    }
  }
  return offsets;
}

}  // namespace headlight
