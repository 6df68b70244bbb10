// The scatter plot of the embedding view.
#include "gui/views/embedding_scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"

namespace headlight {
namespace {

constexpr double glide_seconds = 0.2;
// Of more points only some can have a name beside them; the others say theirs when they are pointed at.
constexpr std::size_t most_labels = 640;

float em() { return ImGui::GetFontSize(); }
bool finite(ImVec2 at) { return std::isfinite(at.x) && std::isfinite(at.y); }
ImVec2 plus(ImVec2 a, ImVec2 b) { return {a.x + b.x, a.y + b.y}; }

// The hue of the token's chip, strong enough for a dot on the panel.
ImU32 dot_color(std::size_t position) {
  ImVec4 color = ImGui::ColorConvertU32ToFloat4(token_color(position));
  float hue = 0;
  float saturation = 0;
  float value = 0;
  ImGui::ColorConvertRGBtoHSV(color.x, color.y, color.z, hue, saturation, value);
  const bool dark = current_theme() == Theme::dark;
  ImGui::ColorConvertHSVtoRGB(hue, dark ? 0.45F : 0.60F, dark ? 0.92F : 0.68F, color.x, color.y, color.z);
  return ImGui::ColorConvertFloat4ToU32(color);
}

// 1, 2 or 5 times a power of ten, so that about `wanted` of them make the range.
double nice_step(double range, double wanted) {
  const double raw = range / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double digits = raw / power;
  return power * (digits < 1.5 ? 1 : digits < 3.5 ? 2 : digits < 7.5 ? 5 : 10);
}

std::string number(double value) {
  if (std::abs(value) >= 1e6) return fmt::format("{:.3g}", value);
  return std::abs(value) >= 1e3 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value + 0.0);
}

std::string axis_title(int axis, double share) {
  return format_text("embeddings.axis", fmt::arg("axis", axis + 1),
                     fmt::arg("share", fmt::format("{:.{}f}", 100.0 * share, share < 0.0995 ? 1 : 0)));
}

LabelSize label_size(const SpotName& name) {
  const ScopedFont font(fonts().body, 0.88F);
  const float text = ImGui::CalcTextSize(name.token.c_str()).x;
  const float below = name.subscript.empty() ? 0.0F : ImGui::CalcTextSize(name.subscript.c_str()).x * 0.72F;
  return {text + below + em() * 0.7F, em() * 1.45F};
}

void draw_label(ImDrawList& list, ImVec2 middle, const SpotName& name, std::size_t position, float alpha,
                ImU32 outline) {
  const LabelSize size = label_size(name);
  const ImVec2 corner(middle.x - size.width * 0.5F, middle.y - size.height * 0.5F);
  const ImVec2 opposite(corner.x + size.width, corner.y + size.height);
  const ScopedFont font(fonts().body, 0.88F);
  list.AddRectFilled(corner, opposite, with_alpha(token_color(position), alpha), em() * 0.3F);
  if (outline != 0) list.AddRect(corner, opposite, outline, em() * 0.3F, em() * 0.1F);
  const ImU32 ink = with_alpha(palette().token_text, alpha);
  const ImVec2 at(corner.x + em() * 0.35F, corner.y + (size.height - em()) * 0.5F);
  list.AddText(at, ink, name.token.c_str());
  if (name.subscript.empty()) return;
  const float width = ImGui::CalcTextSize(name.token.c_str()).x;
  const ScopedFont small(fonts().mono, 0.88F * 0.72F);
  list.AddText(ImVec2(at.x + width, at.y + em() * 0.55F), with_alpha(palette().muted, alpha),
               name.subscript.c_str());
}

}  // namespace

std::vector<SpotName> spot_names(const Trace& trace) {
  std::map<TokenId, int> count;
  for (const TokenId id : trace.tokens()) ++count[id];
  std::vector<SpotName> names;
  for (std::size_t i = 0; i < trace.tokens().size(); ++i) {
    const TokenId id = trace.tokens()[i];
    names.push_back({visible_bytes(trace.model().tokenizer->bytes(id)),
                     count[id] > 1 ? std::to_string(i) : std::string()});
  }
  return names;
}

// Takes over a new projection; while there is none yet, the last one stays on the screen.
void EmbeddingScatter::follow(const Frame& frame) {
  const Result& result = frame.result;
  if (!result.trace) {
    *this = EmbeddingScatter();
    return;
  }
  if (!result.projection || result.projection == projection_) return;
  if (result.projection->points.size() != result.trace->tokens().size()) return;
  glide_next_ = projection_ && tokens_ == result.trace->tokens() && !frame.settings.reduced_motion;
  if (trace_.lock() != result.trace) names_ = spot_names(*result.trace);
  projection_ = result.projection;
  trace_ = result.trace;
  tokens_ = result.trace->tokens();
  layer_ = result.projection_layer;
  room_ = ImVec2(0, 0);  // arrange again
}

// Where each point goes: both axes in the same unit, the middle of the data in the middle of the room.
void EmbeddingScatter::arrange(ImVec2 room) {
  if (room.x == room_.x && room.y == room_.y && font_size_ == em()) return;
  const bool resized = room_.x != 0 || font_size_ != em();
  room_ = room;
  font_size_ = em();
  double low[2] = {HUGE_VAL, HUGE_VAL};
  double high[2] = {-HUGE_VAL, -HUGE_VAL};
  for (const auto& point : projection_->points) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      if (!std::isfinite(point[axis])) continue;
      low[axis] = std::min(low[axis], point[axis]);
      high[axis] = std::max(high[axis], point[axis]);
    }
  }
  const double usable[2] = {std::max(1.0, static_cast<double>(room.x) - 7.0 * em()),
                            std::max(1.0, static_cast<double>(room.y) - 3.0 * em())};
  scale_ = HUGE_VAL;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const double range = high[axis] - low[axis];
    middle_[axis] = std::isfinite(range) ? (low[axis] + high[axis]) * 0.5 : 0.0;
    if (std::isfinite(range) && range > 1e-9) scale_ = std::min(scale_, usable[axis] / range);
  }
  if (!std::isfinite(scale_)) scale_ = 0.0;
  if (now_.size() != projection_->points.size()) glide_next_ = false;
  from_ = now_;
  target_.clear();
  label_sizes_.assign(projection_->points.size(), LabelSize{});
  const std::size_t stride = (projection_->points.size() + most_labels - 1) / most_labels;
  for (std::size_t i = 0; i < projection_->points.size(); ++i) {
    const auto& point = projection_->points[i];
    target_.emplace_back(static_cast<float>((point[0] - middle_[0]) * scale_),
                         static_cast<float>(-(point[1] - middle_[1]) * scale_));
    if (i % stride == 0) label_sizes_[i] = label_size(names_[i]);
  }
  labels_ = place_labels(target_, label_sizes_, ImVec2(room.x * 0.5F, room.y * 0.5F), em() * 0.5F);
  glide_start_ = -1;
  if (!glide_next_ || resized) {
    now_ = target_;
    glide_next_ = false;
  }
}

void EmbeddingScatter::move(const Frame& frame, Commands& commands) {
  if (glide_next_) {
    glide_start_ = frame.seconds;
    glide_next_ = false;
  }
  if (glide_start_ < 0) return;
  const double part = std::clamp((frame.seconds - glide_start_) / glide_seconds, 0.0, 1.0);
  const auto eased = static_cast<float>(part * part * (3.0 - 2.0 * part));
  for (std::size_t i = 0; i < now_.size(); ++i) {
    const bool both = finite(from_[i]) && finite(target_[i]);
    now_[i] = both ? ImVec2(from_[i].x + (target_[i].x - from_[i].x) * eased,
                            from_[i].y + (target_[i].y - from_[i].y) * eased)
                   : target_[i];
  }
  if (part >= 1.0) {
    glide_start_ = -1;
  } else {
    commands.animate();
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

// Hair lines through zero, a few numbers along the edges, and what the axes are.
void EmbeddingScatter::draw_axes(ImVec2 corner, ImVec2 size) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + size.x, corner.y + size.y);
  const float hair = std::max(1.0F, em() * 0.06F);
  const ScopedFont small(fonts().body, 0.82F);
  if (scale_ > 0) {
    const double step =
        nice_step(static_cast<double>(size.x) / scale_, static_cast<double>(size.x / (em() * 8.0F)));
    const ScopedFont digits(fonts().mono, 0.92F);
    for (const int axis : {0, 1}) {
      const double half = static_cast<double>(axis == 0 ? size.x : size.y) * 0.5 / scale_;
      for (double tick = std::ceil((middle_[axis] - half) / step); tick * step <= middle_[axis] + half;
           ++tick) {
        const auto pixels = static_cast<float>((tick * step - middle_[axis]) * scale_);
        const float at = axis == 0 ? centre_.x + pixels : centre_.y - pixels;
        const bool zero = std::abs(tick) < 0.5;
        const ImU32 color = with_alpha(palette().grid, zero ? 1.0F : 0.45F);
        const std::string label = number(tick * step);
        const ImVec2 extent = ImGui::CalcTextSize(label.c_str());
        if (axis == 0) {
          list->AddLine(ImVec2(at, corner.y), ImVec2(at, opposite.y), color, zero ? hair * 1.6F : hair);
          if (at - extent.x * 0.5F > corner.x && at + extent.x * 0.5F < opposite.x)
            list->AddText(ImVec2(at - extent.x * 0.5F, opposite.y + em() * 0.25F), palette().muted,
                          label.c_str());
        } else {
          list->AddLine(ImVec2(corner.x, at), ImVec2(opposite.x, at), color, zero ? hair * 1.6F : hair);
          if (at - extent.y > corner.y && at + extent.y < opposite.y)
            list->AddText(ImVec2(corner.x - extent.x - em() * 0.4F, at - extent.y * 0.5F), palette().muted,
                          label.c_str());
        }
      }
    }
  }
  const std::string across = axis_title(0, projection_->explained[0]) + "  →";
  const std::string upwards = "↑  " + axis_title(1, projection_->explained[1]);
  const float width = ImGui::CalcTextSize(across.c_str()).x;
  list->AddText(ImVec2(opposite.x - width, opposite.y + em() * 1.6F), palette().muted, across.c_str());
  list->AddText(ImVec2(corner.x, corner.y - em() * 1.45F), palette().muted, upwards.c_str());
}

void EmbeddingScatter::draw_spot(std::size_t at, const Frame& frame, std::int64_t pointed) const {
  if (!finite(now_[at])) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto position = static_cast<std::int64_t>(at);
  const ImVec2 point = plus(centre_, now_[at]);
  const bool hovered = frame.hover.query == position || pointed == position;
  const bool as_key = frame.hover.key == position;
  const bool locked = frame.document.query == position;
  const bool locked_key = frame.document.key == position;
  const bool chosen = hovered || as_key || locked || locked_key;
  const float alpha = pointed >= 0 && !chosen ? 0.35F : 1.0F;
  const ImU32 ring = hovered      ? palette().hover
                     : as_key     ? palette().key
                     : locked     ? palette().lock
                     : locked_key ? with_alpha(palette().key, 0.8F)
                                  : 0;
  const float radius = em() * (chosen ? 0.34F : 0.26F);
  ImVec2 offset = labels_[at];
  if (!finite(offset) && chosen) offset = ImVec2(0, -em() * 1.3F);
  if (finite(offset)) {
    const ImVec2 middle = plus(point, offset);
    const LabelSize label = label_sizes_[at].width > 0 ? label_sizes_[at] : label_size(names_[at]);
    const float away = std::hypot(std::max(0.0F, std::abs(offset.x) - label.width * 0.5F),
                                  std::max(0.0F, std::abs(offset.y) - label.height * 0.5F));
    if (away > em() * 1.0F)
      list->AddLine(point, middle, with_alpha(palette().muted, 0.55F * alpha), std::max(1.0F, em() * 0.06F));
    draw_label(*list, middle, names_[at], at, alpha, ring);
  }
  list->AddCircleFilled(point, radius, with_alpha(dot_color(at), alpha));
  list->AddCircle(point, radius, with_alpha(palette().panel, alpha), 0, std::max(1.0F, em() * 0.08F));
  if (ring != 0) list->AddCircle(point, radius + em() * 0.12F, ring, 0, std::max(1.0F, em() * 0.1F));
}

void EmbeddingScatter::tooltip(const Frame& frame, std::int64_t at) const {
  if (!ImGui::BeginTooltip()) return;
  const auto index = static_cast<std::size_t>(at);
  {
    const ScopedFont strong(fonts().strong);
    ImGui::TextUnformatted(names_[index].token.c_str());
  }
  ImGui::SameLine();
  ImGui::TextDisabled("%s", format_text("embeddings.position", fmt::arg("position", at)).c_str());
  {
    const ScopedFont mono(fonts().mono, 0.92F);
    ImGui::Text("PC 1 %s   PC 2 %s", number(projection_->points[index][0]).c_str(),
                number(projection_->points[index][1]).c_str());
    const Similarity* similarity = frame.result.similarity.get();
    if (similarity && frame.result.projection == projection_ && index < similarity->lengths.size()) {
      ImGui::TextUnformatted(
          format_text("embeddings.length", fmt::arg("length", number(similarity->lengths[index]))).c_str());
    }
    const std::string name = stream_name(*frame.trace(), layer_);
    ImGui::TextDisabled("%s [%lld, :]  %s", name.c_str(), static_cast<long long>(at),
                        shape_text({frame.trace()->model().architecture.d_model}).c_str());
  }
  ImGui::PushTextWrapPos(em() * 24);
  ImGui::TextUnformatted(text("embeddings.point_tip").c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void EmbeddingScatter::draw(const Frame& frame, Commands& commands, ImVec2 size) {
  follow(frame);
  if (!projection_) return;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const ImVec2 corner(start.x + em() * 3.2F, start.y + em() * 1.7F);
  const ImVec2 room(std::max(em() * 4, size.x - em() * 3.6F), std::max(em() * 4, size.y - em() * 4.4F));
  centre_ = ImVec2(corner.x + room.x * 0.5F, corner.y + room.y * 0.5F);
  arrange(room);
  move(frame, commands);
  ImGui::SetCursorScreenPos(corner);
  ImGui::InvisibleButton("##scatter", room);
  std::int64_t pointed = -1;
  if (ImGui::IsItemHovered()) pointed = nearest(ImGui::GetMousePos());
  if (pointed >= 0) {
    commands.hover().query = pointed;
    if (ImGui::IsItemClicked()) {
      const bool again = frame.document.query == pointed;
      commands.edit(SelectQuery{again ? std::nullopt : std::optional<std::int64_t>(pointed)});
    }
  }
  draw_axes(corner, room);
  ImGui::GetWindowDrawList()->PushClipRect(corner, ImVec2(corner.x + room.x, corner.y + room.y), true);
  // What is pointed at comes last, over the others.
  const std::int64_t last = pointed >= 0 ? pointed : frame.query();
  for (std::size_t i = 0; i < now_.size(); ++i) {
    if (static_cast<std::int64_t>(i) != last) draw_spot(i, frame, pointed);
  }
  if (last >= 0 && last < static_cast<std::int64_t>(now_.size()))
    draw_spot(static_cast<std::size_t>(last), frame, pointed);
  ImGui::GetWindowDrawList()->PopClipRect();
  if (pointed >= 0) tooltip(frame, pointed);
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + size.y));
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
