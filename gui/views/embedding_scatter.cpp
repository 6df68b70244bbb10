// The scatter plot of the embedding view.
#include "gui/views/embedding_scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"

namespace headlight {
namespace {

// Of more points only some can have a name beside them; the others say theirs when they are pointed at.
constexpr std::size_t most_labels = 640;
constexpr double most_stretch = 2.0;
constexpr float label_gap = 0.45F;  // em, between a point and its label

float em() { return ImGui::GetFontSize(); }
ImVec2 plus(ImVec2 a, ImVec2 b) { return {a.x + b.x, a.y + b.y}; }

std::string across_title(const TokenMap& map) { return axis_title(map, 0) + "  →"; }
std::string upwards_title(const TokenMap& map) { return "↑  " + axis_title(map, 1); }

// 1, 2 or 5 times a power of ten, so that about `wanted` of them make the range.
double nice_step(double range, double wanted) {
  const double raw = range / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double digits = raw / power;
  return power * (digits < 1.5 ? 1 : digits < 3.5 ? 2 : digits < 7.5 ? 5 : 10);
}

}  // namespace

// Takes over a new map, or another of its streams.
void EmbeddingScatter::follow(const Frame& frame, const ShownMap& shown) {
  if (shown.map == map_ && shown.stream == stream_) return;
  const std::vector<TokenId>& tokens = shown.map->tokens;
  glide_.next = map_ && tokens_ == tokens && !frame.settings.reduced_motion;
  if (tokens_ != tokens || names_.size() != tokens.size()) {
    names_ = spot_names(tokens, *frame.trace()->model().tokenizer);
    tokens_ = tokens;
  }
  map_ = shown.map;
  stream_ = shown.stream;
  room_ = ImVec2(0, 0);  // arrange again
}

ImVec2 EmbeddingScatter::pixels(const Projection::Point& point) const {
  return {static_cast<float>((point[0] - middle_[0]) * scale_[0]),
          static_cast<float>(-(point[1] - middle_[1]) * scale_[1])};
}

// Where each point goes: the middle of the data in the middle of the room, and both axes in the same unit but
// where lengths mean nothing (neighbours laid out), or ways matter and no distances (paths): these may be
// stretched into the room. Of a map with all streams, they all have the same place for the same numbers.
void EmbeddingScatter::arrange(ImVec2 room) {
  if (room.x == room_.x && room.y == room_.y && font_size_ == em()) return;
  const bool resized = room_.x != 0 || font_size_ != em();
  room_ = room;
  font_size_ = em();
  double low[2] = {HUGE_VAL, HUGE_VAL};
  double high[2] = {-HUGE_VAL, -HUGE_VAL};
  for (const auto& point : map_->projection.points) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      if (!std::isfinite(point[axis])) continue;
      low[axis] = std::min(low[axis], point[axis]);
      high[axis] = std::max(high[axis], point[axis]);
    }
  }
  const double usable[2] = {std::max(1.0, static_cast<double>(room.x) - 7.0 * em()),
                            std::max(1.0, static_cast<double>(room.y) - 2.6 * em())};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const double range = high[axis] - low[axis];
    middle_[axis] = std::isfinite(range) ? (low[axis] + high[axis]) * 0.5 : 0.0;
    scale_[axis] = std::isfinite(range) && range > 1e-9 ? usable[axis] / range : HUGE_VAL;
  }
  const bool same_unit = map_->streams == 1 && map_->method == ProjectionMethod::pca;
  const double least = std::min(scale_[0], scale_[1]);
  for (double& scale : scale_)
    scale = std::isfinite(least) ? std::min(scale, same_unit ? least : least * most_stretch) : 0.0;
  const auto positions = static_cast<std::size_t>(map_->positions);
  if (now_.size() != positions) glide_.next = false;
  from_ = now_;
  target_.clear();
  label_sizes_.assign(positions, LabelSize{});
  const std::size_t stride = (positions + most_labels - 1) / most_labels;
  for (std::size_t i = 0; i < positions; ++i) {
    target_.push_back(pixels(map_->at(stream_, static_cast<std::int64_t>(i))));
    if (i % stride == 0) label_sizes_[i] = label_size(names_[i]);
  }
  std::vector<LabelBox> others;
  if (const auto title = title_box()) others.push_back(*title);
  labels_ =
      place_labels(target_, label_sizes_, ImVec2(room.x * 0.5F, room.y * 0.5F), em() * label_gap, others);
  left_out_ = 0;
  for (std::size_t i = 0; i < positions; ++i) left_out_ += finite(target_[i]) && !finite(labels_[i]) ? 1 : 0;
  glide_.start = -1;
  if (!glide_.next || resized) {
    now_ = target_;
    glide_.next = false;
  }
}

void EmbeddingScatter::move(const Frame& frame, Commands& commands) {
  const std::optional<float> eased = glide_.step(frame, commands);
  if (!eased) return;
  for (std::size_t i = 0; i < now_.size(); ++i) {
    const bool both = finite(from_[i]) && finite(target_[i]);
    now_[i] = both ? ImVec2(from_[i].x + (target_[i].x - from_[i].x) * *eased,
                            from_[i].y + (target_[i].y - from_[i].y) * *eased)
                   : target_[i];
  }
}

// The point under the mouse, or whose label is; -1 without one.
std::int64_t EmbeddingScatter::nearest(ImVec2 mouse) const {
  std::int64_t best = -1;
  float best_distance = em() * em() * 1.0F;
  for (std::size_t i = 0; i < now_.size(); ++i) {
    if (!finite(now_[i])) continue;
    const ImVec2 at = plus(centre_, now_[i]);
    const float distance = (at.x - mouse.x) * (at.x - mouse.x) + (at.y - mouse.y) * (at.y - mouse.y);
    if (distance < best_distance) {
      best = static_cast<std::int64_t>(i);
      best_distance = distance;
    }
    if (!finite(labels_[i])) continue;
    const ImVec2 label = plus(at, labels_[i]);
    if (std::abs(label.x - mouse.x) < label_sizes_[i].width * 0.5F &&
        std::abs(label.y - mouse.y) < label_sizes_[i].height * 0.5F)
      return static_cast<std::int64_t>(i);
  }
  return best;
}

// Hair lines across one axis, each with its number along the edge.
void EmbeddingScatter::draw_ticks(int axis, ImVec2 corner, ImVec2 size) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + size.x, corner.y + size.y);
  const float hair = std::max(1.0F, em() * 0.06F), gap = em() * 0.4F, below = em() * 0.25F;
  const double length = static_cast<double>(axis == 0 ? size.x : size.y), scale = scale_[axis];
  const double half = length * 0.5 / scale;
  const double step =  // of lines that numbers have room between
      nice_step(length / scale, length / static_cast<double>(em() * (axis == 0 ? 8.0F : 4.0F)));
  const ScopedFont digits(fonts().mono, 0.92F);
  for (double tick = std::ceil((middle_[axis] - half) / step); tick * step <= middle_[axis] + half; ++tick) {
    const auto offset = static_cast<float>((tick * step - middle_[axis]) * scale);
    const float at = axis == 0 ? centre_.x + offset : centre_.y - offset;
    const bool zero = std::abs(tick) < 0.5;
    const ImU32 color = with_alpha(palette().grid, zero ? 1.0F : 0.45F);
    const std::string label = coordinate_text(tick * step);
    const ImVec2 extent = ImGui::CalcTextSize(label.c_str());
    if (axis == 0) {
      list->AddLine(ImVec2(at, corner.y), ImVec2(at, opposite.y), color, zero ? hair * 1.6F : hair);
      const float x = std::clamp(at - extent.x * 0.5F, corner.x - gap, opposite.x + gap - extent.x);
      list->AddText(ImVec2(x, opposite.y + below), palette().muted, label.c_str());
    } else {
      list->AddLine(ImVec2(corner.x, at), ImVec2(opposite.x, at), color, zero ? hair * 1.6F : hair);
      const float y = std::min(at - extent.y * 0.5F, opposite.y + below - extent.y);
      list->AddText(ImVec2(corner.x - extent.x - gap, y), palette().muted, label.c_str());
    }
  }
}

// Of the horizontal axis: within the plot, above the axis's end, so that every number has room below it. No
// point lies so near to the edge.
std::optional<LabelBox> EmbeddingScatter::title_box() const {
  if (map_->method != ProjectionMethod::pca) return std::nullopt;
  const float edge = em() * 0.25F;
  const ScopedFont small(fonts().body, smallest_words);
  const ImVec2 size = ImGui::CalcTextSize(across_title(*map_).c_str());
  return LabelBox{room_.x * 0.5F - size.x - edge, room_.y * 0.5F - size.y, room_.x * 0.5F, room_.y * 0.5F};
}

void EmbeddingScatter::draw_axes(ImVec2 corner, ImVec2 size) const {
  const std::optional<LabelBox> title = title_box();
  if (!title) return;  // the axes of others mean nothing
  if (scale_[0] > 0) {
    for (const int axis : {0, 1}) draw_ticks(axis, corner, size);
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 upwards(corner.x, corner.y - em() * 1.45F), across = plus(centre_, {title->left, title->top});
  list->AddRectFilled(across, plus(centre_, {title->right, title->bottom}), palette().panel);
  const ScopedFont small(fonts().body, smallest_words);
  list->AddText(across, palette().muted, across_title(*map_).c_str());
  list->AddText(upwards, palette().muted, upwards_title(*map_).c_str());
}

// Beneath all names, which it would strike through.
void EmbeddingScatter::draw_leader(std::size_t at, std::int64_t pointed) const {
  const ImVec2 offset = labels_[at];
  if (!finite(now_[at]) || !finite(offset)) return;
  const ImVec2 point = plus(centre_, now_[at]);
  const float alpha = pointed >= 0 && pointed != static_cast<std::int64_t>(at) ? 0.35F : 1.0F;
  draw_label_line(*ImGui::GetWindowDrawList(), point, offset, alpha);
}

void EmbeddingScatter::draw_spot(std::size_t at, const LitTokens& lit, std::int64_t pointed) const {
  if (!finite(now_[at])) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto position = static_cast<std::int64_t>(at);
  const ImVec2 point = plus(centre_, now_[at]);
  const bool chosen = lit.chosen(position) || pointed == position;
  const float alpha = pointed >= 0 && !chosen ? 0.35F : 1.0F;
  const ImU32 ring = pointed == position ? palette().hover : lit.ring(position);
  const LabelSize size = label_sizes_[at].width > 0 ? label_sizes_[at] : label_size(names_[at]);
  ImVec2 offset = labels_[at];
  if (!finite(offset) && chosen)
    offset = place_over(now_[at], size, ImVec2(room_.x * 0.5F, room_.y * 0.5F), em() * label_gap);
  if (finite(offset)) draw_label(*list, plus(point, offset), size, names_[at], at, ring);
  draw_dot(*list, point, em() * (chosen ? 0.34F : 0.26F), at, alpha, ring);
}

void EmbeddingScatter::draw(const Frame& frame, Commands& commands, const ShownMap& shown, ImVec2 size) {
  follow(frame, shown);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const bool has_axes = shown.map->method == ProjectionMethod::pca;
  const float left = em() * (has_axes ? 3.6F : 0.4F), above = em() * 1.5F;
  const ImVec2 corner(start.x + left, start.y + above);
  const ImVec2 room(std::max(em() * 4, size.x - left - em() * 0.4F),
                    std::max(em() * 4, size.y - above - (has_axes ? em() * 1.4F : 0.0F)));
  centre_ = ImVec2(corner.x + room.x * 0.5F, corner.y + room.y * 0.5F);
  arrange(room);
  move(frame, commands);
  ImGui::SetCursorScreenPos(corner);
  const Hand hand =
      canvas("##scatter", room, now_.size(), [this](std::size_t at) { return plus(centre_, now_[at]); });
  std::int64_t pointed = -1;
  if (hand.inside && shown.fresh)
    pointed = hand.by_keys ? static_cast<std::int64_t>(hand.place) : nearest(hand.at);
  if (pointed >= 0) {
    hover_token(commands, shown.text, pointed);
    if (hand.clicked) click_token(frame, commands, shown.text, pointed);
  }
  const LitTokens lit = lit_tokens(frame, shown.text);
  draw_axes(corner, room);
  draw_left_out(*ImGui::GetWindowDrawList(), ImVec2(corner.x + room.x, start.y + em() * 0.05F),
                room.x - (has_axes ? em() * 12 : 0.0F), left_out_);
  ImGui::GetWindowDrawList()->PushClipRect(corner, ImVec2(corner.x + room.x, corner.y + room.y), true);
  draw_paths(*map_, stream_, lit, pointed,
             [this](const Projection::Point& point) { return plus(centre_, pixels(point)); });
  for (std::size_t i = 0; i < now_.size(); ++i) draw_leader(i, pointed);
  // What is chosen lies over the others, and what is pointed at over that.
  const std::int64_t last = pointed >= 0 ? pointed : token_in_question(frame, shown.text);
  for (const bool chosen : {false, true}) {
    for (std::size_t i = 0; i < now_.size(); ++i) {
      const auto position = static_cast<std::int64_t>(i);
      if (position != last && lit.chosen(position) == chosen) draw_spot(i, lit, pointed);
    }
  }
  if (last >= 0 && last < static_cast<std::int64_t>(now_.size()))
    draw_spot(static_cast<std::size_t>(last), lit, pointed);
  ImGui::GetWindowDrawList()->PopClipRect();
  if (pointed >= 0) spot_tooltip(frame, shown, pointed, 2);
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + size.y));
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
