// Opens, fills and closes the panel of numbers.
#include "gui/views/flow_detail.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_values.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/lit_cells.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr double opening_seconds = 0.2;

float em() { return ImGui::GetFontSize(); }
float between(float from, float to, float amount) { return from + (to - from) * amount; }

bool is_map(Hook hook) { return is_attention_map(hook); }

}  // namespace

void FlowDetail::open(Hook hook, FlowRect from, const Frame& frame) {
  by_magnitude_ = hook == Hook::logits;
  hook_ = hook;
  from_ = from;
  since_ = frame.seconds;
  closing_ = false;
}

void FlowDetail::close(const Frame& frame) {
  if (closing_) return;
  closing_ = true;
  since_ = frame.seconds;
}

float FlowDetail::amount(const Frame& frame) const {
  if (!hook_) return 0;
  const double part =
      frame.settings.reduced_motion ? 1.0 : std::clamp((frame.seconds - since_) / opening_seconds, 0.0, 1.0);
  const double soft = part * part * (3.0 - 2.0 * part);
  return static_cast<float>(closing_ ? 1.0 - soft : soft);
}

void FlowDetail::refresh(const Frame& frame, const FlowLayout& at) {
  const std::int64_t position = frame.locked_query();
  live_ = frame.result.trace.get();
  const bool same = trace_.lock() == frame.result.trace && layer_ == at.layer && head_ == at.head_index &&
                    position_ == position && shown_ == *hook_ && sorted_ == by_magnitude_;
  if (same) return;
  const bool same_place = layer_ == at.layer && head_ == at.head_index && position_ == position &&
                          shown_ == *hook_ && sorted_ == by_magnitude_;
  if (!same_place) sought_ = -1;
  trace_ = frame.result.trace;
  layer_ = at.layer;
  head_ = at.head_index;
  position_ = position;
  shown_ = *hook_;
  sorted_ = by_magnitude_;
  values_.clear();
  if (!is_map(shown_)) {
    const std::span<const float> vector = flow_vector(*live_, shown_, layer_, head_, position);
    values_.assign(vector.begin(), vector.end());
    range_ = pooled_strip(vector, 1).rms * rms_at_the_ends;
    beyond_.low = std::any_of(vector.begin(), vector.end(), [&](float value) { return value < -range_; });
    beyond_.high = std::any_of(vector.begin(), vector.end(), [&](float value) { return value > range_; });
  }
  order_.resize(values_.size());
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  // Logits compare by value: the largest is the likeliest. NaN comes first, where it is seen.
  const bool by_value = shown_ == Hook::logits;
  const auto weight = [&](std::int64_t index) {
    const float value = values_[static_cast<std::size_t>(index)];
    if (std::isnan(value)) return INFINITY;
    return by_value ? value : std::abs(value);
  };
  const auto heavier = [&](std::int64_t a, std::int64_t b) { return weight(a) > weight(b); };
  strongest_ = order_.empty() ? -1 : *std::min_element(order_.begin(), order_.end(), heavier);
  if (sorted_) std::stable_sort(order_.begin(), order_.end(), heavier);
}

// So that the inspector opens a number of this part while nothing else is pointed at and none is kept.
void FlowDetail::point_at_strongest(const Frame& frame, Commands& commands) const {
  if (closing_ || strongest_ < 0 || frame.document.value || commands.hover().value) return;
  commands.hover().value = reference(strongest_);
}

// The number that was clicked, here or elsewhere; while none is kept, the one that the inspector opens.
std::int64_t FlowDetail::chosen_index(const Frame& frame) const {
  const std::optional<ValueReference>& kept = frame.document.value;
  if (!kept) return strongest_;
  const std::int64_t index = kept->index[hook_info(shown_).axis_count == 3 ? 2 : 1];
  const bool is_here = index >= 0 && index < static_cast<std::int64_t>(values_.size());
  return is_here && *kept == reference(index) ? index : -1;
}

ValueReference FlowDetail::reference(std::int64_t index) const {
  ValueReference value;
  const HookInfo& info = hook_info(shown_);
  value.hook = shown_;
  value.layer = info.in_block ? layer_ : 0;
  if (info.axis_count == 3) {
    const ArchitectureDescription& a = live_->model().architecture;
    value.index = {position_, info.axes[1] == Axis::kv_head ? key_value_head(a, head_) : head_, index};
  } else {
    value.index = {position_, index, 0};
  }
  return value;
}

std::string FlowDetail::label(std::int64_t index) const {
  if (shown_ == Hook::logits)
    return token_piece(live_->model().tokenizer->bytes(static_cast<TokenId>(index)));
  return fmt::format("{}", index);
}

void FlowDetail::draw(const Frame& frame, Commands& commands, const FlowLayout& at) {
  const float grown = amount(frame);
  if (closing_ && grown <= 0) {
    hook_.reset();
    closing_ = false;
    return;
  }
  if (grown < 1 || closing_) commands.animate();
  refresh(frame, at);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 end(at.corner.x + at.size.x, at.corner.y + at.size.y);
  list->AddRectFilled(at.corner, end, with_alpha(palette().panel, 0.74F * grown));
  // Wide and low for few numbers, as large as the picture for many.
  const float cells = static_cast<float>(values_.size());
  const float wanted_width = std::min(at.size.x * 0.86F, std::max(at.em * 34, cells * at.em * 0.12F));
  const bool map = is_map(*hook_);
  const float width = map ? at.size.x - at.em * 2 : std::min(wanted_width, at.size.x - at.em * 2);
  const float rows = std::ceil(cells / std::max(1.0F, std::floor((width - at.em * 2) / (at.em * 4.6F))));
  const float height =
      map ? at.size.y * 0.97F : std::min(at.size.y * 0.9F, at.em * 8.2F + rows * at.em * 2.45F);
  const ImVec2 target(at.corner.x + (at.size.x - width) * 0.5F, at.corner.y + (at.size.y - height) * 0.45F);
  const ImVec2 min(between(from_.min.x, target.x, grown), between(from_.min.y, target.y, grown));
  const ImVec2 max(between(from_.max.x, target.x + width, grown),
                   between(from_.max.y, target.y + height, grown));
  panel_ = {min, max};
  list->AddRectFilled(min, max, opened_ground(), at.em * 0.6F);
  list->AddRect(min, max, with_alpha(part_color(*hook_), 0.8F), at.em * 0.6F, std::max(1.0F, at.em * 0.1F));
  if (grown < 0.98F) return;
  ImGui::SetCursorScreenPos(ImVec2(min.x + at.em, min.y + at.em * 0.8F));
  const ImVec2 inner(max.x - min.x - at.em * 2, max.y - min.y - at.em * 1.4F);
  if (ImGui::BeginChild("##detail", inner, ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_NoScrollbar))
    draw_content(frame, commands);
  ImGui::EndChild();
  point_at_strongest(frame, commands);
}

void FlowDetail::draw_content(const Frame& frame, Commands& commands) {
  draw_head(frame);
  if (is_map(shown_)) {
    attention_.draw(frame, commands, layer_, head_, shown_ == Hook::cross_pattern);
    if (takes_keyboard_) move_keyboard_here();
    takes_keyboard_ = false;
    return;
  }
  if (values_.empty()) {
    ImGui::TextUnformatted(text("flow.not_done").c_str());
    return;
  }
  const std::int64_t chosen = chosen_index(frame);
  draw_overview(chosen);
  draw_numbers(frame, commands, chosen);
}

void FlowDetail::draw_head(const Frame& frame) {
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImDrawList* list = ImGui::GetWindowDrawList();
  float x = start.x;
  x += add_label(*list, fonts().strong, 1.15F, start, 0, readable(part_color(shown_), opened_ground()),
                 part_name(live_->model().architecture, shown_)) +
       em() * 0.7F;
  x += add_label(*list, fonts().body, 1.0F, ImVec2(x, start.y + em() * 0.1F), 0, palette().text,
                 frame.token_text(position_)) +
       em() * 0.9F;
  const ValueReference value{shown_, hook_info(shown_).in_block ? layer_ : 0, {}};
  const std::string hook = hook_line(frame, value);
  const std::array<Segment, 2> orders = {
      {{text("flow.by_index"), text("flow.by_index_tip")},
       {text(shown_ == Hook::logits ? "flow.by_value" : "flow.by_magnitude"),
        text("flow.by_magnitude_tip")}}};
  const float buttons = is_map(shown_) ? 0 : segmented_width(orders);
  {
    const ScopedFont mono(fonts().mono, 0.8F);
    const std::string fitted = fitted_text(hook, start.x + width - buttons - x - em() * 3.2F);
    list->AddText(ImVec2(x, start.y + em() * 0.35F), readable_small(palette().muted, opened_ground()),
                  fitted.c_str());
  }
  ImGui::SetCursorScreenPos(ImVec2(start.x + width - buttons - em() * 2.1F, start.y - em() * 0.15F));
  if (!is_map(shown_)) {
    if (const auto chosen = segmented("order", orders, by_magnitude_ ? 1 : 0)) by_magnitude_ = *chosen == 1;
  }
  ImGui::SetCursorScreenPos(ImVec2(start.x + width - em() * 1.6F, start.y - em() * 0.1F));
  if (ImGui::InvisibleButton("##close", ImVec2(em() * 1.6F, em() * 1.6F), ImGuiButtonFlags_EnableNav))
    close(frame);
  const ImU32 color = ImGui::IsItemHovered() ? palette().text : palette().muted;
  ImGui::SetItemTooltip("%s", text("flow.close").c_str());
  add_label(*list, fonts().body, 1.1F, ImVec2(start.x + width - em() * 0.8F, start.y), 0.5F, color, "×");
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + em() * 2.0F));
  const std::string& sentence = hook_sentence(live_->model().architecture, shown_);
  if (!sentence.empty()) {
    ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(sentence.c_str());
    ImGui::PopStyleColor();
    ImGui::PopTextWrapPos();
  }
}

// The whole vector in one strip, where the chosen number lies in it, and what its colours mean.
void FlowDetail::draw_overview(std::int64_t chosen) {
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float height = em() * 1.5F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 end(start.x + ImGui::GetContentRegionAvail().x, start.y + em() * 0.35F);
  const float legend =
      add_signed_legend(*list, end, em() * 5, significant_text(static_cast<double>(range_), 2),
                        readable_small(palette().muted, opened_ground()), beyond_);
  const float width = std::max(em() * 4, legend - em() - start.x);
  const int cells = std::max(1, static_cast<int>(width / std::max(1.0F, std::round(em() * 0.12F))));
  const PooledStrip strip = pooled_strip(values_, cells);
  add_cells(*list, start, ImVec2(start.x + width, start.y + height), strip.values, range_, 1.0F);
  if (chosen >= 0) {
    const float share = (static_cast<float>(chosen) + 0.5F) / static_cast<float>(values_.size());
    const float x = start.x + width * share, half = std::max(1.5F, em() * 0.12F);
    list->AddRect(ImVec2(x - half, start.y - em() * 0.15F), ImVec2(x + half, start.y + height + em() * 0.15F),
                  palette().hover, 0, std::max(1.0F, em() * 0.07F));
  }
  ImGui::Dummy(ImVec2(width, height));
  ImGui::Dummy(ImVec2(0, em() * 0.1F));
}

// Another number not under a mouse that points; the same one again where the lines have moved.
void FlowDetail::bring_into_sight(std::int64_t chosen, std::int64_t columns, float line, bool hand_inside) {
  const bool moved = columns != sought_columns_ || line != sought_line_;
  if (chosen < 0 || (chosen == sought_ && !moved)) return;
  const bool stays = hand_inside && sought_ >= 0 && chosen != sought_;
  sought_ = chosen;
  sought_columns_ = columns;
  sought_line_ = line;
  if (stays) return;
  const auto place = std::find(order_.begin(), order_.end(), chosen) - order_.begin();
  const float top = line * static_cast<float>(place / columns), room = ImGui::GetWindowHeight();
  const float scroll = ImGui::GetScrollY(), above = line * std::floor(room / line * 0.5F);  // whole lines
  if (moved || top < scroll || top + line > scroll + room) ImGui::SetScrollY(std::max(0.0F, top - above));
}

void FlowDetail::draw_numbers(const Frame& frame, Commands& commands, std::int64_t chosen) {
  // Whole lines that fill the room: none is cut.
  const float room = std::max(em(), ImGui::GetContentRegionAvail().y);
  const float line = room / std::max(1.0F, std::floor(room / (em() * 2.35F)));
  if (!ImGui::BeginChild("##numbers", ImVec2(0, room), ImGuiChildFlags_NavFlattened)) {
    ImGui::EndChild();
    return;
  }
  const float width = ImGui::GetContentRegionAvail().x;
  const float label_em = shown_ == Hook::logits ? 6.2F : 4.5F;
  const auto columns = std::max<std::int64_t>(1, static_cast<std::int64_t>(width / (em() * label_em)));
  const ImVec2 cell(width / static_cast<float>(columns), line);
  const auto count = static_cast<std::int64_t>(order_.size());
  const std::int64_t rows = (count + columns - 1) / columns;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const auto number_at = [&](ImVec2 point) {  // the last row may be shorter
    const auto row = static_cast<std::int64_t>((point.y - start.y) / cell.y);
    const auto at = row * columns + static_cast<std::int64_t>((point.x - start.x) / cell.x);
    return static_cast<std::size_t>(at < count ? at + 1 : 0);
  };
  const Hand hand =
      canvas("##cells", ImVec2(width, cell.y * static_cast<float>(rows)), {start, cell, number_at});
  if (takes_keyboard_) move_keyboard_here();
  takes_keyboard_ = false;
  bring_into_sight(chosen, columns, cell.y, hand.inside);
  const float top = ImGui::GetWindowPos().y;
  const float bottom = top + ImGui::GetWindowSize().y;
  const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>((top - start.y) / cell.y));
  for (std::int64_t row = first; row < rows; ++row) {
    const float y = start.y + cell.y * static_cast<float>(row);
    if (y > bottom) break;
    for (std::int64_t i = row * columns; i < std::min(count, (row + 1) * columns); ++i) {
      const ImVec2 min(start.x + cell.x * static_cast<float>(i - row * columns), y);
      draw_number(frame, commands, min, cell, order_[static_cast<std::size_t>(i)], hand);
    }
  }
  ImGui::EndChild();
}

void FlowDetail::draw_number(const Frame& frame, Commands& commands, ImVec2 min, ImVec2 size,
                             std::int64_t index, const Hand& hand) {
  const float value = values_[static_cast<std::size_t>(index)];
  const float gap = std::max(1.0F, em() * 0.1F);
  const ImVec2 max(min.x + size.x - gap, min.y + size.y - gap);
  const ImU32 color = color_of(ColorMap::diverging, std::isnan(value) ? value
                                                    : range_ > 0      ? value / range_
                                                                      : 0.0F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(min, max, color, em() * 0.2F);
  const ImU32 ink = ink_on(color);
  {
    const ScopedFont small(fonts().body, smallest_words);
    const std::string name = fitted_text(label(index), size.x - em() * 1.2F);
    list->AddText(ImVec2(min.x + em() * 0.6F, min.y + em() * 0.3F), ink, name.c_str());
  }
  const std::string number = significant_text(static_cast<double>(value), 4);
  add_label(*list, fonts().mono, smallest_mono, ImVec2(max.x - em() * 0.35F, min.y + em() * 1.1F), 1, ink,
            number);
  const ValueReference here = reference(index);
  const bool locked = frame.document.value == here;
  const bool hovered = hand.inside && FlowRect{min, max}.contains(hand.at);
  if (is_lit(lit_cells(frame), here)) add_lit_frame(*list, min, max, 1);
  // What the mouse is on here or in another panel, and what the inspector shows.
  if (locked || hovered || frame.hover.value == here) {
    const float line = std::max(2.0F, em() * 0.14F), inset = line * 1.25F;
    list->AddRect(min, max, locked ? palette().lock : palette().hover, em() * 0.2F, line);
    list->AddRect(ImVec2(min.x + inset, min.y + inset), ImVec2(max.x - inset, max.y - inset), opened_ground(),
                  em() * 0.1F, line * 0.5F);
  }
  if (!hovered) return;
  commands.hover().value = here;
  if (shown_ == Hook::logits) commands.hover().candidate = static_cast<TokenId>(index);
  ImGui::SetTooltip("%s", fmt::format("{}  {} = {}", hook_name(shown_, here.layer), label(index),
                                      significant_text(static_cast<double>(value), 9))
                              .c_str());
  if (hand.clicked) commands.edit(SelectValue{locked ? std::nullopt : std::optional(here)});
}

}  // namespace headlight
