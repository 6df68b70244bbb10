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

// From a point to the middle of its label.
struct Leader {
  ImVec2 from, to;
};

bool passes(const Leader& line, const LabelBox& box) {
  float from = 0.0F, to = 1.0F;  // the part of the line that is within
  const auto cut = [&](float start, float end, float least, float most) {
    const float way = end - start;
    if (way == 0.0F) return least < start && start < most;
    from = std::max(from, std::min((least - start) / way, (most - start) / way));
    to = std::min(to, std::max((least - start) / way, (most - start) / way));
    return from < to;
  };
  return cut(line.from.x, line.to.x, box.left, box.right) && cut(line.from.y, line.to.y, box.top, box.bottom);
}

bool crosses(const Leader& one, const Leader& other) {
  const auto are_apart = [](const Leader& line, ImVec2 a, ImVec2 b) {  // on its two sides
    const auto side = [&](ImVec2 at) {
      return (line.to.x - line.from.x) * (at.y - line.from.y) -
             (line.to.y - line.from.y) * (at.x - line.from.x);
    };
    return side(a) * side(b) <= 0.0F;
  };
  return are_apart(one, other.from, other.to) && are_apart(other, one.from, one.to);
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
  bool is_free(const Leader& line) {
    const LabelBox around{std::min(line.from.x, line.to.x), std::min(line.from.y, line.to.y),
                          std::max(line.from.x, line.to.x), std::max(line.from.y, line.to.y)};
    return for_cells(around, [&](std::vector<LabelBox>& cell) {
      return std::none_of(cell.begin(), cell.end(),
                          [&](const LabelBox& other) { return passes(line, other); });
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

// With many points only the place right beside each is tried: lines would cross everything.
constexpr std::size_t most_with_leaders = 48;
constexpr float longest_leader = 8.0F;  // gaps: farther from its point nobody finds a label
constexpr float dot = 0.95F;            // half the edge of what a point keeps free, in gaps

bool is_within(const LabelBox& box, ImVec2 half_room) {
  return box.left >= -half_room.x && box.right <= half_room.x && box.top >= -half_room.y &&
         box.bottom <= half_room.y;
}

// What is there already, and whether one more label can be.
class LabelledMap {
 public:
  LabelledMap(ImVec2 half_room, float gap) : half_room_(half_room), gap_(gap), taken_(half_room) {}

  void keep_free(const LabelBox& box) { taken_.add(box); }
  void keep_free(ImVec2 point) { taken_.add(box_around(point, gap_ * dot, gap_ * dot)); }

  // The first free place so far away from the point; not a number when there is none.
  ImVec2 add(ImVec2 point, LabelSize size, float away) {
    const float half_width = size.width * 0.5F, half_height = size.height * 0.5F;
    for (const ImVec2 direction : directions) {
      const ImVec2 offset(direction.x * (half_width + away), direction.y * (half_height + away));
      const ImVec2 middle(point.x + offset.x, point.y + offset.y);
      const LabelBox box = box_around(middle, half_width, half_height);
      if (!is_within(box, half_room_) || !taken_.is_free(box) || is_passed(box)) continue;
      if (away > gap_ && !add_leader(point, middle)) continue;
      taken_.add(box);
      return offset;
    }
    return nowhere;
  }

  static constexpr ImVec2 nowhere{std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::quiet_NaN()};

 private:
  bool is_passed(const LabelBox& box) const {
    return std::any_of(leaders_.begin(), leaders_.end(),
                       [&](const Leader& leader) { return passes(leader, box); });
  }
  // False where it would go through another point or label, or cross another line.
  bool add_leader(ImVec2 point, ImVec2 middle) {
    const float length = std::hypot(middle.x - point.x, middle.y - point.y);
    const ImVec2 start(point.x + (middle.x - point.x) * gap_ / length,  // out of its own dot
                       point.y + (middle.y - point.y) * gap_ / length);
    const Leader leader{start, middle};
    const auto is_crossed = [&](const Leader& other) { return crosses(leader, other); };
    if (!taken_.is_free(leader) || std::any_of(leaders_.begin(), leaders_.end(), is_crossed)) return false;
    leaders_.push_back(leader);
    return true;
  }

  ImVec2 half_room_;
  float gap_;
  TakenPlaces taken_;
  std::vector<Leader> leaders_;
};

}  // namespace

std::vector<ImVec2> place_labels(const std::vector<ImVec2>& points, const std::vector<LabelSize>& sizes,
                                 ImVec2 half_room, float gap, const std::vector<LabelBox>& others) {
  std::vector<ImVec2> offsets(points.size(), LabelledMap::nowhere);
  LabelledMap map(half_room, gap);
  for (const LabelBox& other : others) map.keep_free(other);
  for (const ImVec2 point : points) {
    if (finite(point)) map.keep_free(point);
  }
  // Those right beside their points first, of all of them.
  const float most = points.size() <= most_with_leaders ? gap * longest_leader : gap;
  for (float away = gap; away <= most; away += gap * 1.5F) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const bool is_seen =
          finite(points[i]) && std::abs(points[i].x) <= half_room.x && std::abs(points[i].y) <= half_room.y;
      if (is_seen && !finite(offsets[i]) && sizes[i].width > 0.0F)
        offsets[i] = map.add(points[i], sizes[i], away);
    }
  }
  return offsets;
}

ImVec2 place_over(ImVec2 point, LabelSize size, ImVec2 half_room, float gap) {
  for (const ImVec2 direction : directions) {
    const ImVec2 offset(direction.x * (size.width * 0.5F + gap), direction.y * (size.height * 0.5F + gap));
    const ImVec2 middle(point.x + offset.x, point.y + offset.y);
    if (is_within(box_around(middle, size.width * 0.5F, size.height * 0.5F), half_room)) return offset;
  }
  return {size.width * 0.5F + gap, 0.0F};
}

}  // namespace headlight
