// The turning cloud of the embedding view: drawn back to front.
#include "gui/views/embedding_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/embedding_scatter.h"
#include "gui/widgets/canvas.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr float camera_distance = 4.2F;  // from the middle, where the cloud reaches from -1 to 1
constexpr float steepest = 1.5F;
constexpr float key_step = 0.12F;  // radians
constexpr std::size_t most_named = 400;
constexpr float least_reach = 0.2F;  // of an axis, of the longest: its name needs room
constexpr float floor_step = 0.5F;   // from line to line
constexpr float label_gap = 0.45F;   // em, between a point and its name

float em() { return ImGui::GetFontSize(); }

// "PC 1 · 31%": three of them share the picture with the points.
std::string axis_label(const TokenMap& map, int axis) {
  const double share = map.projection.explained[static_cast<std::size_t>(axis)];
  return fmt::format("{} · {:.{}f}%", axis_name(map, axis), 100.0 * share, share < 0.0995 ? 1 : 0);
}

// How far from the middle the corners of the cloud's box come at this pitch, however it is turned: what is
// in sight must neither leave it nor change its size meanwhile. In units of half the picture, at zoom 1.
struct Reach {
  float across = 0.0F, up = 0.0F, down = 0.0F;
};

Reach reach_at(float pitch, const std::array<float, 3>& box) {
  constexpr int turns = 24;
  const float corner = std::hypot(box[0], box[2]);  // from the upright axis
  Reach reach;
  for (int i = 0; i < turns; ++i) {
    const float angle = 6.2831853F * static_cast<float>(i) / turns;
    for (const float height : {-box[1], box[1]}) {
      const ImVec2 at =
          seen_from({0.0F, pitch, 1.0F}, {corner * std::cos(angle), height, corner * std::sin(angle)}).at;
      reach = {std::max(reach.across, std::abs(at.x)), std::max(reach.up, -at.y), std::max(reach.down, at.y)};
    }
  }
  return reach;
}

}  // namespace

SpacePoint seen_from(const SpaceCamera& camera, const std::array<float, 3>& point) {
  const float sin_yaw = std::sin(camera.yaw), cos_yaw = std::cos(camera.yaw);
  const float sin_pitch = std::sin(camera.pitch), cos_pitch = std::cos(camera.pitch);
  const float x = point[0] * cos_yaw + point[2] * sin_yaw;
  const float back = -point[0] * sin_yaw + point[2] * cos_yaw;
  const float y = point[1] * cos_pitch - back * sin_pitch;
  const float depth = point[1] * sin_pitch + back * cos_pitch;
  const float nearness = camera_distance / std::max(0.5F, camera_distance - depth);
  return {ImVec2(x * nearness * camera.zoom, -y * nearness * camera.zoom), depth, nearness};
}

void EmbeddingSpace::follow(const Frame& frame, const ShownMap& shown) {
  if (shown.map == map_ && shown.stream == stream_) return;
  const std::vector<TokenId>& tokens = shown.map->tokens;
  glide_.next = map_ && tokens_ == tokens && !frame.settings.reduced_motion;
  if (tokens_ != tokens || names_.size() != tokens.size()) {
    names_ = spot_names(tokens, *frame.trace()->model().tokenizer);
    tokens_ = tokens;
    font_size_ = 0;  // measure them again
  }
  const bool refit = shown.map != map_;
  map_ = shown.map;
  stream_ = shown.stream;
  if (refit) fit();
  from_ = now_;
  target_.clear();
  for (std::int64_t i = 0; i < map_->positions; ++i) target_.push_back(scaled(map_->at(stream_, i)));
  if (from_.size() != target_.size()) glide_.next = false;
  glide_.start = -1;
  if (!glide_.next) now_ = target_;
}

// All axes in the same unit; the longest goes from -1 to 1.
void EmbeddingSpace::fit() {
  scale_ = HUGE_VAL;
  std::array<double, 3> ranges{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (const Projection::Point& point : map_->projection.points) {
      if (!std::isfinite(point[axis])) continue;
      low = std::min(low, point[axis]);
      high = std::max(high, point[axis]);
    }
    const double range = high - low;
    middle_[axis] = std::isfinite(range) ? (low + high) * 0.5 : 0.0;
    if (!std::isfinite(range) || range <= 1e-9) continue;
    ranges[axis] = range;
    scale_ = std::min(scale_, 2.0 / range);
  }
  if (!std::isfinite(scale_)) scale_ = 0.0;
  for (std::size_t axis = 0; axis < 3; ++axis)
    reach_[axis] = std::clamp(static_cast<float>(ranges[axis] * scale_ * 0.5), least_reach, 1.0F);
}

EmbeddingSpace::Place EmbeddingSpace::scaled(const Projection::Point& point) const {
  Place place{};
  for (std::size_t axis = 0; axis < 3; ++axis)
    place[axis] = static_cast<float>((point[axis] - middle_[axis]) * scale_);
  return place;
}

void EmbeddingSpace::move(const Frame& frame, Commands& commands) {
  const std::optional<float> eased = glide_.step(frame, commands);
  if (!eased) return;
  for (std::size_t i = 0; i < now_.size(); ++i) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      now_[i][axis] = from_[i][axis] + (target_[i][axis] - from_[i][axis]) * *eased;
  }
  if (*eased >= 1.0F) now_ = target_;
}

// A drag turns, the wheel zooms, a double click looks from the front again; Shift and the arrows turn, too.
void EmbeddingSpace::steer(ImVec2 size) {
  const ImGuiIO& io = ImGui::GetIO();
  if (ImGui::IsItemHovered()) {
    ImGui::SetItemKeyOwner(ImGuiKey_MouseWheelY);
    if (io.MouseWheel != 0.0F)
      camera_.zoom = std::clamp(camera_.zoom * std::pow(1.15F, io.MouseWheel), 0.3F, 12.0F);
    if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) camera_ = SpaceCamera{};
  }
  if (ImGui::IsItemActivated()) {
    dragged_ = false;
    drag_from_ = io.MousePos;
  }
  if (ImGui::IsItemActive() && ImGui::IsMouseDragging(ImGuiMouseButton_Left)) {
    dragged_ = true;
    const float turn = 3.2F / std::max(1.0F, std::min(size.x, size.y));
    camera_.yaw += (io.MousePos.x - drag_from_.x) * turn;
    camera_.pitch += (io.MousePos.y - drag_from_.y) * turn;
    drag_from_ = io.MousePos;
  }
  if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && io.KeyShift && !io.WantTextInput) {
    for (const ImGuiKey key : {ImGuiKey_LeftArrow, ImGuiKey_RightArrow, ImGuiKey_UpArrow, ImGuiKey_DownArrow})
      ImGui::SetKeyOwner(key, ImGui::GetItemID());
    const ImGuiID owner = ImGui::GetItemID();
    const auto pressed = [owner](ImGuiKey key) {
      return ImGui::IsKeyPressed(key, ImGuiInputFlags_Repeat, owner);
    };
    if (pressed(ImGuiKey_LeftArrow)) camera_.yaw -= key_step;
    if (pressed(ImGuiKey_RightArrow)) camera_.yaw += key_step;
    if (pressed(ImGuiKey_UpArrow)) camera_.pitch -= key_step;
    if (pressed(ImGuiKey_DownArrow)) camera_.pitch += key_step;
  }
  camera_.pitch = std::clamp(camera_.pitch, -steepest, steepest);
}

SpacePoint EmbeddingSpace::pixels(const Place& place) const {
  SpacePoint seen = seen_from(camera_, place);
  seen.at = ImVec2(centre_.x + seen.at.x * half_, centre_.y + seen.at.y * half_);
  return seen;
}

void EmbeddingSpace::project() {
  seen_.clear();
  for (const Place& place : now_) seen_.push_back(pixels(place));
  by_depth_.resize(seen_.size());
  std::iota(by_depth_.begin(), by_depth_.end(), std::size_t{0});
  std::erase_if(by_depth_, [&](std::size_t at) { return !finite(seen_[at].at); });
  std::sort(by_depth_.begin(), by_depth_.end(), [&](std::size_t a, std::size_t b) {
    return seen_[a].depth != seen_[b].depth ? seen_[a].depth < seen_[b].depth : a < b;
  });
}

// The front-most point that is close to the mouse.
std::int64_t EmbeddingSpace::nearest(ImVec2 mouse) const {
  std::int64_t best = -1;
  float best_distance = em() * em() * 0.8F;
  for (auto at = by_depth_.rbegin(); at != by_depth_.rend(); ++at) {
    const ImVec2 point = seen_[*at].at;
    const float distance =
        (point.x - mouse.x) * (point.x - mouse.x) + (point.y - mouse.y) * (point.y - mouse.y);
    if (distance >= best_distance) continue;
    best = static_cast<std::int64_t>(*at);
    best_distance = distance;
  }
  return best;
}

// The floor of the box that the cloud lies in, its cells as long as they are wide: without it, turning is
// hard to see.
void EmbeddingSpace::draw_frame() const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float hair = std::max(1.0F, em() * 0.05F);
  const float x = reach_[0], low = -reach_[1], z = reach_[2];
  const ImU32 edge = with_alpha(palette().grid, 0.9F), inner = with_alpha(palette().grid, 0.45F);
  for (float at = -x + floor_step; at < x - 0.01F; at += floor_step)
    list->AddLine(pixels({at, low, -z}).at, pixels({at, low, z}).at, inner, hair);
  for (float at = -z + floor_step; at < z - 0.01F; at += floor_step)
    list->AddLine(pixels({-x, low, at}).at, pixels({x, low, at}).at, inner, hair);
  for (const float side : {-1.0F, 1.0F}) {
    list->AddLine(pixels({side * x, low, -z}).at, pixels({side * x, low, z}).at, edge, hair);
    list->AddLine(pixels({-x, low, side * z}).at, pixels({x, low, side * z}).at, edge, hair);
  }
}

// Three arms from the floor's corner, each named with its share of the variance at its end. The axes of what
// is laid out by neighbours mean nothing: none.
std::vector<EmbeddingSpace::Arm> EmbeddingSpace::arms() const {
  if (map_->method != ProjectionMethod::pca) return {};
  const ScopedFont small(fonts().body, 0.82F);
  const float x = reach_[0], y = reach_[1], z = reach_[2];
  const std::array<Place, 3> ends = {Place{x, -y, -z}, Place{-x, y, -z}, Place{-x, -y, z}};
  std::vector<Arm> arms(ends.size());
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Arm& arm = arms[axis];
    arm.foot = pixels({-x, -y, -z}).at;
    arm.end = pixels(ends[axis]).at;
    const float length = std::max(1.0F, std::hypot(arm.end.x - arm.foot.x, arm.end.y - arm.foot.y));
    arm.along = ImVec2((arm.end.x - arm.foot.x) / length, (arm.end.y - arm.foot.y) / length);
    arm.name = axis_label(*map_, static_cast<int>(axis));
    arm.extent = ImGui::CalcTextSize(arm.name.c_str());
    const ImVec2 middle(arm.end.x + arm.along.x * em() * 1.2F, arm.end.y + arm.along.y * em() * 1.2F);
    const float shift = arm.along.x > 0.3F ? 0.0F : arm.along.x < -0.3F ? 1.0F : 0.5F;
    const float right = std::max(corner_.x, corner_.x + room_.x - arm.extent.x);
    const float bottom = std::max(corner_.y, corner_.y + room_.y - arm.extent.y);
    arm.at = ImVec2(std::clamp(middle.x - arm.extent.x * shift, corner_.x, right),
                    std::clamp(middle.y - arm.extent.y * 0.5F, corner_.y, bottom));
  }
  return arms;
}

void EmbeddingSpace::draw_axes(const std::vector<Arm>& arms) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, 0.82F);
  const float head = em() * 0.45F;
  for (const Arm& arm : arms) {
    list->AddLine(arm.foot, arm.end, palette().muted, std::max(1.0F, em() * 0.09F));
    const ImVec2 aside(-arm.along.y * head * 0.5F, arm.along.x * head * 0.5F);
    list->AddTriangleFilled(ImVec2(arm.end.x + arm.along.x * head, arm.end.y + arm.along.y * head),
                            ImVec2(arm.end.x + aside.x, arm.end.y + aside.y),
                            ImVec2(arm.end.x - aside.x, arm.end.y - aside.y), palette().muted);
    list->AddText(arm.at, palette().muted, arm.name.c_str());
  }
}

// Under the chosen dots: where they stand above the floor.
void EmbeddingSpace::draw_feet(const LitTokens& lit, std::int64_t pointed) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImU32 color = with_alpha(palette().muted, 0.7F);
  for (const std::size_t at : by_depth_) {
    const auto position = static_cast<std::int64_t>(at);
    if (!lit.chosen(position) && position != pointed) continue;
    const ImVec2 foot = pixels({now_[at][0], -reach_[1], now_[at][2]}).at;
    list->AddLine(seen_[at].at, foot, color, std::max(1.0F, em() * 0.06F));
    list->AddCircleFilled(foot, em() * 0.12F, color);
  }
}

void EmbeddingSpace::draw_dots(const LitTokens& lit, std::int64_t pointed) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (const std::size_t at : by_depth_) {
    const auto position = static_cast<std::int64_t>(at);
    const SpacePoint& seen = seen_[at];
    const bool chosen = lit.chosen(position) || position == pointed;
    const float far = std::clamp((seen.depth + 1.2F) / 2.4F, 0.0F, 1.0F);
    const float alpha = chosen ? 1.0F : (pointed >= 0 ? 0.35F : 0.5F + 0.5F * far);
    const ImU32 ring = pointed == position ? palette().hover : lit.ring(position);
    draw_dot(*list, seen.at, em() * (chosen ? 0.34F : 0.27F) * seen.nearness, at, alpha, ring);
  }
}

// Measuring hundreds takes longer than placing them.
void EmbeddingSpace::measure_names() {
  if (font_size_ == em()) return;
  font_size_ = em();
  name_sizes_.clear();
  for (const SpotName& name : names_) name_sizes_.push_back(label_size(name));
}

// The chosen ones first, then from front to back.
std::vector<std::size_t> EmbeddingSpace::naming_order(const LitTokens& lit, std::int64_t pointed) const {
  std::vector<std::size_t> order(by_depth_.rbegin(), by_depth_.rend());
  std::stable_partition(order.begin(), order.end(), [&](std::size_t at) {
    const auto position = static_cast<std::int64_t>(at);
    return lit.chosen(position) || position == pointed;
  });
  if (order.size() > most_named) order.resize(most_named);
  return order;
}

// From each point to the middle of its name, over the axes, but not over the axes' ends and names.
std::vector<ImVec2> EmbeddingSpace::place_names(const std::vector<ImVec2>& points,
                                                const std::vector<std::size_t>& order,
                                                const std::vector<Arm>& arms) const {
  const ImVec2 middle = middle_of_room();
  std::vector<LabelSize> sizes;
  for (const std::size_t at : order) sizes.push_back(name_sizes_[at]);
  std::vector<LabelBox> ends;
  const auto keep_free = [&](ImVec2 from, ImVec2 to) {
    ends.push_back({from.x - middle.x, from.y - middle.y, to.x - middle.x, to.y - middle.y});
  };
  for (const Arm& arm : arms) {
    const float edge = em() * 0.5F;
    keep_free(ImVec2(arm.end.x - edge, arm.end.y - edge), ImVec2(arm.end.x + edge, arm.end.y + edge));
    keep_free(arm.at, ImVec2(arm.at.x + arm.extent.x, arm.at.y + arm.extent.y));
  }
  return place_labels(points, sizes, half_room(), em() * label_gap, ends);
}

// Beside their dots, or with a line to them, where there is room. Dots and lines pale with the distance,
// names do not: they are to be read.
void EmbeddingSpace::draw_names(const LitTokens& lit, std::int64_t pointed, const std::vector<Arm>& arms) {
  measure_names();
  const std::vector<std::size_t> order = naming_order(lit, pointed);
  std::vector<ImVec2> points;  // from the middle of the room
  for (const std::size_t at : order)
    points.emplace_back(seen_[at].at.x - middle_of_room().x, seen_[at].at.y - middle_of_room().y);
  const std::vector<ImVec2> offsets = place_names(points, order, arms);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const auto named = static_cast<std::size_t>(std::count_if(offsets.begin(), offsets.end(), finite));
  draw_left_out(list, ImVec2(corner_.x + room_.x, corner_.y + room_.y - em()), room_.x,
                by_depth_.size() - named);
  for (const bool is_label : {false, true}) {  // no line goes over a name
    for (std::size_t i = order.size(); i-- > 0;) {
      const std::size_t at = order[i];
      const SpacePoint& seen = seen_[at];
      const auto position = static_cast<std::int64_t>(at);
      const bool chosen = lit.chosen(position) || position == pointed;
      ImVec2 offset = offsets[i];
      if (!finite(offset) && chosen)
        offset = place_over(points[i], name_sizes_[at], half_room(), em() * label_gap);
      if (!finite(offset)) continue;
      if (is_label) {
        draw_label(list, ImVec2(seen.at.x + offset.x, seen.at.y + offset.y), name_sizes_[at], names_[at], at,
                   pointed == position ? palette().hover : lit.ring(position));
      } else {
        const float far = std::clamp((seen.depth + 1.2F) / 2.4F, 0.0F, 1.0F);
        draw_label_line(list, seen.at, offset, chosen ? 1.0F : (pointed >= 0 ? 0.3F : 0.45F + 0.5F * far));
      }
    }
  }
}

void EmbeddingSpace::draw(const Frame& frame, Commands& commands, const ShownMap& shown, ImVec2 size) {
  follow(frame, shown);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const ImVec2 room(std::max(em() * 4, size.x), std::max(em() * 4, size.y));
  corner_ = start;
  room_ = room;
  // The axes are named at their ends.
  const Reach reach = reach_at(camera_.pitch, reach_);
  const float above = em() * 1.6F, below = em() * 0.9F;
  half_ = std::max(1.0F, std::min((room.x - em() * 8.0F) * 0.5F / reach.across,
                                  (room.y - above - below) / (reach.up + reach.down)));
  centre_ = ImVec2(start.x + room.x * 0.5F, start.y + above + half_ * reach.up);
  move(frame, commands);
  const Hand hand =
      canvas("##space", room, now_.size(), [this](std::size_t at) { return pixels(now_[at]).at; });
  steer(room);
  project();
  std::int64_t pointed = -1;
  if (hand.inside && shown.fresh && (hand.by_keys || !(ImGui::IsItemActive() && dragged_)))
    pointed = hand.by_keys ? static_cast<std::int64_t>(hand.place) : nearest(hand.at);
  if (pointed >= 0) hover_token(commands, shown.text, pointed);
  if (pointed >= 0 && hand.clicked && (hand.by_keys || !dragged_))
    click_token(frame, commands, shown.text, pointed);
  const LitTokens lit = lit_tokens(frame, shown.text);
  ImGui::GetWindowDrawList()->PushClipRect(start, ImVec2(start.x + room.x, start.y + room.y), true);
  draw_frame();
  const std::vector<Arm> axes = arms();
  draw_axes(axes);
  draw_paths(*map_, stream_, lit, pointed,
             [this](const Projection::Point& point) { return pixels(scaled(point)).at; });
  draw_feet(lit, pointed);
  draw_names(lit, pointed, axes);
  draw_dots(lit, pointed);
  ImGui::GetWindowDrawList()->PopClipRect();
  if (pointed >= 0) spot_tooltip(frame, shown, pointed, 3);
}

}  // namespace headlight
