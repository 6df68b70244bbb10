// Computes the rows that fit, and draws each step with a scale of its own.
#include "gui/views/flow_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/forward/derived_values.h"
#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_values.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/lit_cells.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/rotated_token.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

using Step = FlowAttention::Step;
constexpr std::array steps = {Step::dot, Step::score, Step::weight};
// Multiplications for the rows that are shown: about three milliseconds, once for each head.
constexpr std::int64_t most_products = 2'000'000;
constexpr float label_angle = 0.87F;  // radians
constexpr float lowest_row = 1.25F, highest_row = 3.6F;
constexpr float widest_cell = 6.0F;
constexpr float highest_cell = 1.8F;  // of its width, where there are few rows and room for them
constexpr float title_ems = 2.9F;
constexpr float longest_key_ems = 4.2F;
constexpr float legend_ems = 2.2F;
constexpr float sum_ems = 1.7F;

float em() { return ImGui::GetFontSize(); }

ImU32 masked_color() { return mix(palette().masked, palette().muted, 0.16F); }  // told apart from the panel

// What a grey cell is, from `left` on where it fits before `right`.
void add_masked_key(ImDrawList& list, float left, float right, float y, ImU32 ink) {
  const std::string& words = text("attention.legend_masked");
  const float swatch = em() * 0.7F, gap = em() * 0.35F;
  if (left + swatch + gap + label_width(fonts().body, smallest_words, words) > right) return;
  list.AddRectFilled(ImVec2(left, y + em() * 0.12F), ImVec2(left + swatch, y + em() * 0.72F), masked_color());
  add_label(list, fonts().body, smallest_words, ImVec2(left + swatch + gap, y), 0, ink, words);
}

double largest_finite(const std::vector<double>& values, double before) {
  for (const double value : values) before = std::max(before, std::isfinite(value) ? std::abs(value) : 0.0);
  return before;
}

std::string scale_words(const AttentionRow& row, std::int64_t d_head) {
  if (row.scale == 1.0) return "";
  const bool root = std::abs(row.scale * std::sqrt(static_cast<double>(d_head)) - 1) < 1e-6;
  return root ? fmt::format("÷ √{}", d_head) : fmt::format("× {:.4g}", row.scale);
}

}  // namespace

void FlowAttention::refresh(const Frame& frame, std::int64_t layer, std::int64_t head, bool cross,
                            std::int64_t most) {
  live_ = frame.result.trace.get();
  const Trace& trace = *live_;
  const ArchitectureDescription& a = trace.model().architecture;
  const std::int64_t positions = trace.positions(), keys = attention_keys(trace, cross);
  const std::int64_t query = std::clamp<std::int64_t>(frame.locked_query(), 0, positions - 1);
  const std::int64_t affordable = most_products / std::max<std::int64_t>(1, keys * a.d_head);
  const std::int64_t count = std::clamp<std::int64_t>(std::min(most, affordable), 1, positions);
  const bool same_place = trace_.lock() == frame.result.trace && layer == layer_ && head == head_ &&
                          cross == cross_ && last_ - first_ == count;
  if (same_place && query >= first_ && query < last_ && !rows_.empty()) return;
  first_ = std::clamp<std::int64_t>(query - count / 2, 0, positions - count);
  last_ = first_ + count;
  trace_ = frame.result.trace;
  layer_ = layer;
  head_ = head;
  cross_ = cross;
  rows_.clear();
  keys_ = 0;
  dot_limit_ = score_limit_ = 0;
  const AttentionHooks hooks = attention_hooks(a, cross);
  if (!has_attention(trace, layer, cross)) return;
  for (std::int64_t i = first_; i < last_; ++i) {
    rows_.push_back({attention_row(trace, layer, head, i, cross), {}});
    keys_ = std::max(keys_, static_cast<std::int64_t>(rows_.back().numbers.dot.size()));
  }
  for (Row& row : rows_) {
    const std::span<const float> q = flow_vector(trace, hooks.q, layer, head, row.numbers.query);
    for (std::int64_t key = 0; key < keys_; ++key) {
      const std::span<const float> k = flow_vector(trace, hooks.k, layer, head, key);
      double dot = 0;
      for (std::size_t d = 0; d < std::min(q.size(), k.size()); ++d)
        dot += static_cast<double>(q[d]) * static_cast<double>(k[d]);
      row.dots.push_back(dot);
    }
    dot_limit_ = largest_finite(row.dots, dot_limit_);
    score_limit_ = largest_finite(row.numbers.score, score_limit_);
  }
}

void FlowAttention::place(ImVec2 corner, ImVec2 room, float labels) {
  corner_ = corner;
  labels_ = labels;
  gap_ = em() * 1.5F;
  width_ = std::max(em() * 4, (room.x - labels - gap_ * 4) / 4);
  top_ = corner.y + heading_;
  const float rows = static_cast<float>(std::max<std::int64_t>(1, last_ - first_));
  const float space = room.y - (heading_ + em() * (legend_ems + sum_ems));
  const auto most = static_cast<std::int64_t>(width_ / std::max(3.0F, em() * 0.25F));
  columns_ = std::clamp<std::int64_t>(keys_, 1, std::max<std::int64_t>(1, most));
  // About as wide as high where there are few keys.
  cell_ = std::min(width_ / static_cast<float>(columns_), em() * widest_cell);
  height_ = std::clamp(space / rows, em() * 0.5F, std::max(em() * highest_row, cell_ * highest_cell));
}

float FlowAttention::column_left(Step step, std::int64_t column) const {
  const float left = corner_.x + labels_ + gap_ + static_cast<float>(step) * (width_ + gap_);
  return std::floor(left + cell_ * static_cast<float>(column));
}

float FlowAttention::row_top(std::int64_t query) const {
  return std::floor(top_ + height_ * static_cast<float>(query - first_));
}

const FlowAttention::Row* FlowAttention::row_of(std::int64_t query) const {
  const std::int64_t at = query - first_;
  return at >= 0 && at < static_cast<std::int64_t>(rows_.size()) ? &rows_[static_cast<std::size_t>(at)]
                                                                 : nullptr;
}

std::optional<FlowRect> FlowAttention::cell(Step step, std::int64_t query, std::int64_t key) const {
  if (row_of(query) == nullptr || key < 0 || (step != Step::mix && key >= keys_)) return std::nullopt;
  const float top = row_top(query);
  if (step == Step::mix) {
    const float left = column_left(step, 0);
    return FlowRect{ImVec2(left, top), ImVec2(left + width_, top + height_)};
  }
  std::int64_t column = key * columns_ / std::max<std::int64_t>(1, keys_);
  while (column + 1 < columns_ && (column + 1) * keys_ / columns_ <= key) ++column;
  return FlowRect{ImVec2(column_left(step, column), top),
                  ImVec2(column_left(step, column + 1), top + height_)};
}

// Of the keys that share a column, the one with the largest magnitude.
FlowAttention::Cell FlowAttention::pooled(const Row& row, Step step, std::int64_t column) const {
  const std::vector<double>& values = step == Step::dot     ? row.dots
                                      : step == Step::score ? row.numbers.score
                                                            : row.numbers.weight;
  const std::int64_t from = step == Step::dot ? 0 : row.numbers.first_key;
  const auto seen = static_cast<std::int64_t>(values.size());
  Cell best;
  for (std::int64_t key = std::max(from, column * keys_ / columns_);
       key < std::min(seen, (column + 1) * keys_ / columns_); ++key) {
    const double value = values[static_cast<std::size_t>(key)];
    if (best.key < 0 || std::isnan(value) || std::abs(value) > std::abs(best.value)) best = {value, key};
    if (std::isnan(value)) break;
  }
  return best;
}

ImU32 FlowAttention::color_of_cell(const Frame& frame, const Row& row, Step step, const Cell& cell) const {
  if (cell.key < 0) return masked_color();
  if (std::isnan(cell.value)) return palette().error;
  if (step == Step::weight) {
    double weight = cell.value;
    if (frame.document.map_scale == MapScale::per_row) {
      const double largest = largest_finite(row.numbers.weight, 0);
      if (largest > 0) weight /= largest;
    }
    return cell_color(frame.document.map_scale, static_cast<float>(weight));
  }
  const double limit = step == Step::dot ? dot_limit_ : score_limit_;
  return color_of(ColorMap::diverging, limit > 0 ? static_cast<float>(cell.value / limit) : 0.0F);
}

std::string FlowAttention::key_text(const Frame& frame, std::int64_t key) const {
  const Trace* in = cross_ ? live_->source().get() : live_;
  if (in == live_) return frame.token_text(key);
  return in && key < in->positions() ? token_words(*live_, in->tokens()[static_cast<std::size_t>(key)])
                                     : std::string();
}

std::optional<std::int64_t> FlowAttention::key_place(std::int64_t key) const {
  const Trace* in = cross_ ? live_->source().get() : live_;
  return in ? told_apart(in->tokens(), key) : std::nullopt;
}

void FlowAttention::draw_titles(const Frame&) const {
  const ArchitectureDescription& a = live_->model().architecture;
  const AttentionRow& row = rows_.front().numbers;
  const bool turned = attention_hooks(a, cross_).q == Hook::rot_q;
  std::string how = scale_words(row, a.d_head);
  const auto also = [&](const std::string& words) { how += (how.empty() ? "" : " · ") + words; };
  if (row.soft_cap > 0)
    also(format_text("flow.step.cap", fmt::arg("cap", fmt::format("{:g}", row.soft_cap))));
  if (!row.bias.empty()) also(text("flow.step.bias"));
  const AttentionRule rule = attention_rule(a, layer_, cross_);
  if (rule.causal || rule.window > 0) also(text("flow.step.mask"));
  if (rule.window > 0) also(format_text("flow.step.window", fmt::arg("count", rule.window)));
  const std::array<std::string, 4> titles = {text("flow.step.dot"), text("flow.step.score"),
                                             text("flow.step.weight"), text("flow.step.mix")};
  const std::array<std::string, 4> notes = {turned ? "q′ · k′" : "q · k", how, "e^s ÷ Σ e^s", "z = Σ α · v"};
  const std::array<ImU32, 4> colors = {palette().query, palette().key, palette().attention, palette().value};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  for (std::size_t i = 0; i < 4; ++i) {
    const float x = column_left(static_cast<Step>(i), 0);
    {
      const ScopedFont strong(fonts().strong, 0.95F);
      list.AddText(ImVec2(x, corner_.y), colors[i], fitted_text(titles[i], width_).c_str());
    }
    const float y = corner_.y + em() * 1.35F;
    const ImU32 ink = readable_small(palette().muted, opened_ground());
    {
      const ScopedFont mono(i == 1 ? fonts().body : fonts().mono, i == 1 ? smallest_words : smallest_mono);
      list.AddText(ImVec2(x, y), ink, fitted_text(notes[i], width_).c_str());
    }
    if (i == 1 && (rule.causal || rule.window > 0)) {
      add_masked_key(list, x + label_width(fonts().body, smallest_words, how) + em(), x + width_, y, ink);
    }
    if (i > 0)
      add_label(list, fonts().body, 1.0F, ImVec2(x - gap_ * 0.5F, corner_.y), 0.5F, palette().muted, "→");
  }
}

void FlowAttention::draw_labels(const Frame& frame, std::int64_t query,
                                std::optional<std::int64_t> key) const {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  for (std::int64_t i = first_; i < last_; ++i) {
    const bool chosen = i == query;
    const ScopedFont font(chosen ? fonts().strong : fonts().body, std::min(0.9F, height_ / em() * 0.8F));
    add_token_label(list, ImVec2(corner_.x, row_top(i) + (height_ - ImGui::GetFontSize()) * 0.45F),
                    palette().query, frame.token_text(i), told_apart(live_->tokens(), i),
                    labels_ - em() * 0.3F, subscript_ink(opened_ground()));
  }
  const float cell = column_left(Step::dot, 1) - column_left(Step::dot, 0);
  const auto every = static_cast<std::int64_t>(std::ceil(em() * 0.85F / std::max(0.5F, cell)));
  for (const Step step : steps) {
    for (std::int64_t column = 0; column < columns_; ++column) {
      const std::int64_t first = column * keys_ / columns_, after = (column + 1) * keys_ / columns_;
      const bool hot = key && *key >= first && *key < after;
      if (column % every != 0 && !hot) continue;
      const float x = (column_left(step, column) + column_left(step, column + 1)) * 0.5F;
      const std::int64_t named = hot ? *key : first;
      const ImVec2 at(x, top_ - em() * 0.35F);
      const float room = em() * longest_key_ems;
      const ScopedFont font(hot ? fonts().strong : fonts().body, smallest_words);
      add_rotated_token(list, at, label_angle, readable_small(palette().key, opened_ground()),
                        key_text(frame, named), key_place(named), room, subscript_ink(opened_ground()));
    }
  }
}

void FlowAttention::draw_matrix(const Frame& frame, Step step) const {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float wide = column_left(step, 1) - column_left(step, 0);
  const float gap = wide > em() * 0.5F ? 1.0F : 0.0F;
  const bool is_weight = step == Step::weight, high = height_ >= em() * 1.1F && columns_ == keys_;
  const bool large = wide >= em() * 3.4F && height_ >= em() * 2.5F;
  const float room = wide - gap - em() * 0.1F;
  const ScopedFont type(fonts().body, large ? 1.0F : smallest_words);
  const auto number = [&](double value) { return rounded_text(value, is_weight ? 2 : 1); };
  const double widest = is_weight ? 0.0 : -(step == Step::dot ? dot_limit_ : score_limit_);
  const bool numbers = high && ImGui::CalcTextSize(number(widest).c_str()).x <= room;
  for (const Row& row : rows_) {
    const float top = row_top(row.numbers.query);
    const float bottom = row_top(row.numbers.query + 1) - (height_ > em() * 0.6F ? 1.0F : 0.0F);
    for (std::int64_t column = 0; column < columns_; ++column) {
      const Cell cell = pooled(row, step, column);
      const ImU32 color = color_of_cell(frame, row, step, cell);
      const float left = column_left(step, column), right = column_left(step, column + 1) - gap;
      list.AddRectFilled(ImVec2(left, top), ImVec2(right, bottom), color);
      if (!numbers || cell.key < 0) continue;
      const std::string words = number(cell.value);
      const ImVec2 size = ImGui::CalcTextSize(words.c_str());
      list.AddText(ImVec2((left + right - size.x) * 0.5F, (top + bottom - size.y) * 0.5F), ink_on(color),
                   words.c_str());
    }
  }
}

void FlowAttention::draw_mix(const Frame& frame, Commands& commands) const {
  const Hook hook = attention_hooks(live_->model().architecture, cross_).z;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const int cells = std::max(1, static_cast<int>(width_ / std::max(2.0F, std::round(em() * 0.18F))));
  const ImVec2 mouse = hand_.at;
  for (const Row& row : rows_) {
    const std::int64_t query = row.numbers.query;
    const PooledStrip strip = pooled_strip(flow_vector(*live_, hook, layer_, head_, query), cells);
    if (strip.length == 0) continue;
    const FlowRect rect = *cell(Step::mix, query, 0);
    const ImVec2 max(rect.max.x, rect.max.y - 1);
    add_cells(list, rect.min, max, strip.values, strip.rms * rms_at_the_ends, 1.0F);
    if (!hand_.inside || !rect.contains(mouse)) continue;
    const auto count = static_cast<float>(strip.values.size());
    const auto at = std::min(strip.values.size() - 1,
                             static_cast<std::size_t>((mouse.x - rect.min.x) / rect.width() * count));
    const ValueReference value{hook, layer_, {query, head_, strip.indices[at]}};
    commands.hover().query = query;
    commands.hover().value = value;
    ImGui::SetTooltip("%s [%lld] = %s", hook_name(hook, layer_).c_str(),
                      static_cast<long long>(value.index[2]),
                      significant_text(static_cast<double>(strip.values[at]), 6).c_str());
    if (hand_.clicked) {
      const bool locked = frame.document.value == value;
      commands.edit(SelectValue{locked ? std::nullopt : std::optional(value)});
    }
  }
}

void FlowAttention::draw_legends(const Frame& frame) const {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImU32 ink = readable_small(palette().muted, opened_ground());
  const float y = row_top(last_) + em() * 0.55F;
  const bool relative = frame.document.map_scale == MapScale::per_row;
  const std::array<std::string, 4> ends = {"+" + significant_text(dot_limit_, 3),
                                           "+" + significant_text(score_limit_, 3), relative ? "max" : "1",
                                           "+3 rms"};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto step = static_cast<Step>(i);
    const bool is_weight = step == Step::weight;
    const std::string low = is_weight ? "0" : "−" + ends[i].substr(1);
    const float left = column_left(step, 0);
    const float x =
        left + add_label(list, fonts().body, smallest_words, ImVec2(left, y), 0, ink, low) + em() * 0.4F;
    const float bar = std::min(em() * 6, width_ - (x - left) - em() * 3.2F);
    constexpr int pieces = 24;
    for (int piece = 0; piece < pieces; ++piece) {
      const float share = (static_cast<float>(piece) + 0.5F) / pieces;
      const ImU32 color =
          is_weight ? cell_color(frame.document.map_scale, scale_weight(frame.document.map_scale, share))
                    : color_of(ColorMap::diverging, share * 2 - 1);
      list.AddRectFilled(ImVec2(x + bar * static_cast<float>(piece) / pieces, y + em() * 0.15F),
                         ImVec2(x + bar * static_cast<float>(piece + 1) / pieces, y + em() * 0.65F), color);
    }
    add_label(list, fonts().body, smallest_words, ImVec2(x + bar + em() * 0.4F, y), 0, ink, ends[i]);
  }
}

// The pair's way through the steps, with its numbers.
void FlowAttention::draw_sum(const Frame& frame, const Pointed& pointed) const {
  const Row* row = row_of(pointed.query);
  if (row == nullptr || pointed.key >= keys_) return;
  const auto key = static_cast<std::size_t>(pointed.key);
  const AttentionRow& n = row->numbers;
  const bool masked = pointed.key < n.first_key || key >= n.score.size();
  std::string words = "q·k = " + significant_text(row->dots[key], 4);
  if (masked) {
    words += "   →   " + text("flow.step.masked");
  } else {
    words += fmt::format("   →   s = {}   →   e^({} − {}) ÷ {} = {}", significant_text(n.score[key], 4),
                         significant_text(n.score[key], 4), significant_text(n.largest, 4),
                         significant_text(n.sum, 4), significant_text(n.weight[key], 4));
  }
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float y = row_top(last_) + em() * legend_ems;
  float x = corner_.x;
  const auto token = [&](ImU32 color, const std::string& name, std::optional<std::int64_t> place) {
    const ScopedFont strong(fonts().strong, 0.95F);
    return add_token_label(list, ImVec2(x, y), color, name, place, width_, subscript_ink(opened_ground()));
  };
  x += token(palette().query, frame.token_text(n.query), told_apart(live_->tokens(), n.query)) + em() * 0.4F;
  x += add_label(list, fonts().body, 0.95F, ImVec2(x, y), 0, palette().muted, "→") + em() * 0.4F;
  x += token(palette().key, key_text(frame, pointed.key), key_place(pointed.key)) + em();
  const ScopedFont mono(fonts().mono, 0.88F);
  const float room = corner_.x + labels_ + (width_ + gap_) * 4 - x;
  list.AddText(ImVec2(x, y), palette().text, fitted_text(words, room).c_str());
}

std::optional<FlowAttention::Pointed> FlowAttention::pointed(ImVec2 mouse) const {
  const auto query = first_ + static_cast<std::int64_t>(std::floor((mouse.y - top_) / height_));
  const Row* row = row_of(query);
  if (row == nullptr || mouse.y < top_) return std::nullopt;
  for (const Step step : steps) {
    if (mouse.x < column_left(step, 0) || mouse.x >= column_left(step, columns_)) continue;
    std::int64_t column = 0;
    while (column + 1 < columns_ && mouse.x >= column_left(step, column + 1)) ++column;
    const Cell cell = pooled(*row, step, column);
    return Pointed{step, query, cell.key < 0 ? column * keys_ / columns_ : cell.key};
  }
  return std::nullopt;
}

// For the keyboard: every cell is one, and so is a row of the mix at each of its pixels.
std::size_t FlowAttention::thing_at(ImVec2 point) const {
  if (const auto over = pointed(point))
    return 1 +
           (static_cast<std::size_t>(over->step) * rows_.size() +
            static_cast<std::size_t>(over->query - first_)) *
               static_cast<std::size_t>(keys_) +
           static_cast<std::size_t>(over->key);
  for (const Row& row : rows_) {
    const std::optional<FlowRect> rect = cell(Step::mix, row.numbers.query, 0);
    if (rect && rect->contains(point)) return static_cast<std::size_t>(point.x) + (std::size_t{1} << 40U);
  }
  return 0;
}

void FlowAttention::answer(const Frame& frame, Commands& commands, const Pointed& pointed) const {
  const AttentionHooks hooks = attention_hooks(live_->model().architecture, cross_);
  const Hook hook = pointed.step == Step::weight ? hooks.pattern : hooks.scores;
  const ValueReference value{hook, layer_, {head_, pointed.query, pointed.key}};
  commands.hover().query = pointed.query;
  (cross_ ? commands.hover().source_key : commands.hover().key) = pointed.key;
  commands.hover().value = value;
  if (!hand_.clicked) return;
  const bool locked = frame.document.value == value;
  commands.edit(SelectValue{locked ? std::nullopt : std::optional(value)});
  if (frame.locked_query() != pointed.query) commands.edit(SelectQuery{pointed.query});
}

void FlowAttention::draw(const Frame& frame, Commands& commands, std::int64_t layer, std::int64_t head,
                         bool cross) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const std::int64_t all_keys = attention_keys(*frame.result.trace, cross);
  live_ = frame.result.trace.get();
  if (cross_ != cross) rows_.clear();
  cross_ = cross;
  float longest = 0;
  for (std::int64_t key = 0; key < std::min<std::int64_t>(all_keys, 32); ++key) {
    const ScopedFont small(fonts().body, smallest_words);
    longest = std::max(longest, token_label_width(key_text(frame, key), key_place(key)));
  }
  heading_ = em() * (title_ems + 0.6F) + std::min(longest, em() * longest_key_ems) * std::sin(label_angle);
  const float space = room.y - (heading_ + em() * (legend_ems + sum_ems));
  refresh(frame, layer, head, cross,
          std::max<std::int64_t>(1, static_cast<std::int64_t>(space / (em() * lowest_row))));
  if (rows_.empty() || keys_ == 0) {
    ImGui::TextUnformatted(text("flow.not_done").c_str());
    return;
  }
  place(corner, room, std::min(em() * 5.5F, room.x * 0.12F));
  const float half_cell = std::max(3.0F, (column_left(Step::dot, 1) - column_left(Step::dot, 0)) * 0.5F);
  hand_ = canvas("##steps", room,
                 {ImVec2(corner.x, row_top(first_)), ImVec2(half_cell, height_),
                  [this](ImVec2 at) { return thing_at(at); }});
  const std::optional<Pointed> over = hand_.inside ? pointed(hand_.at) : std::nullopt;
  const std::int64_t query = frame.query();
  const std::optional<std::int64_t> key =
      cross ? (frame.hover.source_key ? frame.hover.source_key : frame.document.source_key)
            : (frame.hover.key ? frame.hover.key : frame.document.key);
  draw_titles(frame);
  draw_labels(frame, query, key);
  for (const Step step : steps) draw_matrix(frame, step);
  draw_mix(frame, commands);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float line = std::max(1.0F, em() * 0.08F);
  for (const Step step : steps) {
    if (row_of(query) == nullptr) break;
    list.AddRect(ImVec2(column_left(step, 0) - 1, row_top(query) - 1),
                 ImVec2(column_left(step, columns_), row_top(query + 1)), with_alpha(palette().query, 0.8F),
                 0, line);
    if (const auto rect = cell(step, query, key.value_or(-1)))
      list.AddRect(rect->min, rect->max, palette().hover, 0, line * 1.3F);
  }
  const AttentionHooks hooks = attention_hooks(live_->model().architecture, cross);
  const auto& lit = lit_cells(frame);
  for (std::int64_t i = first_; i < last_; ++i) {
    for (const auto& [step, hook] :
         {std::pair(Step::score, hooks.scores), std::pair(Step::weight, hooks.pattern)}) {
      const auto span = lit_span(lit, {hook, layer, {head, i, 0}}, 2);
      const auto from = span ? cell(step, i, span->first) : std::nullopt;
      const auto to = span ? cell(step, i, std::min(span->last, keys_) - 1) : std::nullopt;
      if (from && to) add_lit_frame(list, from->min, to->max, span->step);
    }
  }
  draw_legends(frame);
  Pointed shown{Step::weight, query, key.value_or(-1)};
  if (over) shown = *over;
  if (const Row* row = row_of(shown.query); row != nullptr && shown.key < 0)
    shown.key = std::max_element(row->numbers.weight.begin(), row->numbers.weight.end()) -
                row->numbers.weight.begin();
  draw_sum(frame, shown);
  if (over) answer(frame, commands, *over);
}

}  // namespace headlight
