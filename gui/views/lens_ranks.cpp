// Curves from left (the embedding) to right (the output); the best rank is on top.
#include "gui/views/lens_ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/axis_labels.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr float name_size = 0.92F, percent_size = 0.82F;

float em() { return ImGui::GetFontSize(); }

struct Plot {
  ImVec2 corner, opposite;
  double log_most = 1.0;  // of the worst rank
  std::int64_t last = 1;  // cell at the right end

  float x(std::int64_t cell) const {
    const float share = last > 0 ? static_cast<float>(cell) / static_cast<float>(last) : 0.5F;
    return corner.x + (opposite.x - corner.x) * share;
  }
  float y(double rank) const {
    return corner.y + (opposite.y - corner.y) * static_cast<float>(std::log(std::max(1.0, rank)) / log_most);
  }
};

void draw_axes(const Plot& plot, const Frame& frame) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float line = std::max(1.0F, em() * 0.05F);
  const ScopedFont small(fonts().body, smallest_words);
  const double most = std::exp(plot.log_most);
  for (double rank = 1.0; rank <= most; rank *= 10.0) {
    const float y = plot.y(rank);
    list->AddLine(ImVec2(plot.corner.x, y), ImVec2(plot.opposite.x, y), palette().grid, line);
    const std::string label = "#" + grouped_text(static_cast<std::int64_t>(rank));
    list->AddText(ImVec2(plot.corner.x - ImGui::CalcTextSize(label.c_str()).x - em() * 0.6F, y - em() * 0.5F),
                  palette().muted, label.c_str());
  }
  const float step = plot.last > 0 ? (plot.opposite.x - plot.corner.x) / static_cast<float>(plot.last) : 1.0F;
  const auto every = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(em() * 2.6F / step)));
  const std::int64_t current = frame.layer() + 1;
  if (current <= plot.last) {
    list->AddLine(ImVec2(plot.x(current), plot.corner.y), ImVec2(plot.x(current), plot.opposite.y),
                  with_alpha(palette().lock, 0.7F), line);
  }
  for (std::int64_t cell = 0; cell <= plot.last; ++cell) {
    // In even steps from the chosen one, and both ends where they do not meet it.
    const bool beside_end = cell < every || plot.last - cell < every;
    const bool is_end = (cell == 0 || cell == plot.last) && std::abs(cell - current) >= every;
    if (!is_end && ((cell - current) % every != 0 || (beside_end && cell != current))) continue;
    add_axis_name(*list, fonts().body, 1.0F, ImVec2(plot.x(cell), plot.opposite.y + em() * 0.4F), 0.5F,
                  lens_layer_name(cell), cell == current);
  }
}

struct Curve {
  TokenId id = 0;
  ImU32 color = 0;
  float thickness = 1.0F;
  bool strong = false;
  std::vector<ImVec2> points;
  float label_y = 0.0F;
};

// Of the tokens that nobody asked for: told apart, and quieter than the target.
ImU32 other_color(std::size_t rank) {
  const std::array<ImU32, 5> colors = {mix(palette().query, palette().value, 0.5F), palette().query,
                                       palette().value, palette().attention, palette().residual};
  return mix(colors[rank % colors.size()], palette().panel, 0.25F);
}

// Not those that were asked for earlier.
bool is_drawn(const LensColumn& column, const ShownLens& shown, std::size_t tracked) {
  const TokenId id = column.tracked[tracked];
  return tracked < lens_own_tokens || id == shown.target_at(column) || id == shown.distractor;
}

std::vector<Curve> curves_of(const Plot& plot, const Frame& frame, const ShownLens& shown,
                             const LensColumn& column) {
  std::vector<Curve> curves;
  const TokenId target = shown.target_at(column);
  for (std::size_t i = 0; i < column.tracked.size(); ++i) {
    if (!is_drawn(column, shown, i)) continue;
    Curve curve;
    const TokenId id = curve.id = column.tracked[i];
    const bool lit = frame.hover.candidate == id;
    curve.strong = id == target || id == shown.distractor || lit;
    curve.color = id == target             ? palette().probability
                  : id == shown.distractor ? palette().key
                  : lit                    ? palette().hover
                                           : other_color(i);
    curve.thickness = em() * (curve.strong ? 0.2F : 0.09F);
    for (std::int64_t cell = 0; cell <= plot.last; ++cell) {
      const auto rank = column.rank_of(id, static_cast<std::size_t>(cell));
      if (rank && rank->rank > 0)
        curve.points.emplace_back(plot.x(cell), plot.y(static_cast<double>(rank->rank)));
    }
    if (!curve.points.empty()) curves.push_back(std::move(curve));
  }
  // Strong ones are drawn last; labels keep their distance from each other.
  std::stable_sort(curves.begin(), curves.end(),
                   [](const Curve& a, const Curve& b) { return a.strong < b.strong; });
  std::vector<Curve*> by_height;
  for (Curve& curve : curves) by_height.push_back(&curve);
  std::stable_sort(by_height.begin(), by_height.end(),
                   [](const Curve* a, const Curve* b) { return a->points.back().y < b->points.back().y; });
  float free = -1e9F;
  for (Curve* curve : by_height) {
    curve->label_y = std::max(free, curve->points.back().y - em() * 0.5F);
    free = curve->label_y + em() * 1.25F;
  }
  return curves;
}

std::string percent_of(TokenId id, const LensColumn& column) {
  const auto rank = column.rank_of(id, column.cells.size() - 1);
  return rank ? percent_text(column.cells.back().probability(rank->logit)) : "";
}

// What the longest name and its percent take, in whole ems: the plot's edge should not move with every token.
float label_room(const ShownLens& shown, const LensColumn& column) {
  float room = 0.0F;
  for (std::size_t i = 0; i < column.tracked.size(); ++i) {
    if (!is_drawn(column, shown, i)) continue;
    const TokenId id = column.tracked[i];
    room = std::max(room, label_width(fonts().strong, name_size, shown.token(id)) +
                              label_width(fonts().mono, percent_size, percent_of(id, column)));
  }
  return std::ceil(room / em() + 2.6F) * em();
}

void draw_curve(const Curve& curve, const Plot& plot, const ShownLens& shown, const LensColumn& column,
                float room) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float alpha = shown.dimmed ? 0.5F : 1.0F;
  const ImU32 color = with_alpha(curve.color, alpha);
  for (std::size_t i = 1; i < curve.points.size(); ++i) {
    list->AddLine(curve.points[i - 1], curve.points[i], color, curve.thickness);
  }
  for (const ImVec2& point : curve.points) list->AddCircleFilled(point, curve.thickness * 1.3F, color);
  const ImVec2 end = curve.points.back();
  const float left = plot.opposite.x + em() * 0.9F;
  list->AddLine(ImVec2(end.x + em() * 0.2F, end.y), ImVec2(left - em() * 0.2F, curve.label_y + em() * 0.5F),
                with_alpha(curve.color, 0.5F * alpha), std::max(1.0F, em() * 0.05F));
  const std::string percent = percent_of(curve.id, column);
  float taken = 0;
  {
    const ScopedFont mono(fonts().mono, percent_size);
    taken = ImGui::CalcTextSize(percent.c_str()).x;
    list->AddText(ImVec2(left + room - em() - taken, curve.label_y), palette().muted, percent.c_str());
  }
  const ScopedFont body(curve.strong ? fonts().strong : fonts().body, name_size);
  list->AddText(
      ImVec2(left, curve.label_y),
      with_alpha(readable(curve.strong ? curve.color : mix(curve.color, palette().text, 0.35F)), alpha),
      shortened(shown.token(curve.id), room - taken - em() * 1.6F).c_str());
}

void point(const Frame& frame, Commands& commands, const ShownLens& shown, const LensColumn& column,
           std::int64_t position, const Plot& plot, const std::vector<Curve>& curves, const Hand& hand) {
  const ImVec2 mouse = hand.at;
  const float share = (mouse.x - plot.corner.x) / std::max(1.0F, plot.opposite.x - plot.corner.x);
  const auto cell =
      std::clamp<std::int64_t>(std::lround(share * static_cast<float>(plot.last)), 0, plot.last);
  const Curve* nearest = nullptr;
  float best = em() * 1.6F;
  for (const Curve& curve : curves) {
    const auto at = static_cast<std::size_t>(cell);
    const bool beside = mouse.x > plot.opposite.x + em() * 0.6F;
    if (!beside && at >= curve.points.size()) continue;
    const float y = beside ? curve.label_y + em() * 0.5F : curve.points[at].y;
    if (std::abs(mouse.y - y) < best) {
      best = std::abs(mouse.y - y);
      nearest = &curve;
    }
  }
  if (hand.by_keys) nearest = &curves[hand.place];
  if (nearest == nullptr) return;
  commands.hover().candidate = nearest->id;
  const LensCell& here = column.cells[static_cast<std::size_t>(cell)];
  const auto rank = column.rank_of(nearest->id, static_cast<std::size_t>(cell));
  if (!rank) return;
  facts_tooltip("|" + shown.token(nearest->id) + "|",
                {{text("lens.layer"), lens_layer_name(cell)},
                 {text("lens.rank"), "#" + grouped_text(rank->rank)},
                 {text("lens.probability"), percent_text(here.probability(rank->logit))},
                 {text("lens.logit"), significant_text(static_cast<double>(rank->logit))}},
                text("lens.rank_tip"));
  if (!hand.clicked) return;
  const bool again = frame.document.candidate == nearest->id;
  commands.edit(SelectCandidate{again ? std::nullopt : std::optional(nearest->id)});
  if (cell == plot.last && !again) {
    commands.edit(SelectValue{ValueReference{Hook::logits, 0, {position, nearest->id, 0}}});
  }
}

}  // namespace

void draw_lens_ranks(const Frame& frame, Commands& commands, const ShownLens& shown, std::int64_t position,
                     ImVec2 size) {
  const LensColumn* column = shown.column(position);
  if (column == nullptr || size.y < em() * 6) return;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float labels = std::min(std::clamp(size.x * 0.28F, em() * 6, em() * 12), label_room(shown, *column));
  Plot plot;
  plot.corner = ImVec2(start.x + em() * 4.6F, start.y + em() * 0.8F);
  plot.opposite = ImVec2(std::max(plot.corner.x + em() * 3, start.x + size.x - labels - em() * 0.5F),
                         start.y + size.y - em() * 2.0F);
  plot.last = static_cast<std::int64_t>(column->cells.size()) - 1;
  plot.log_most =
      std::log(static_cast<double>(std::max<std::int64_t>(2, shown.lens.model->architecture.vocabulary)));
  draw_axes(plot, frame);
  const std::vector<Curve> curves = curves_of(plot, frame, shown, *column);
  for (const Curve& curve : curves) draw_curve(curve, plot, shown, *column, labels);
  ImGui::SetCursorScreenPos(ImVec2(plot.corner.x - em() * 0.3F, start.y));
  // The keyboard goes down from name to name.
  std::vector<std::size_t> order(curves.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return curves[a].label_y < curves[b].label_y; });
  Hand hand =
      canvas("##ranks", ImVec2(start.x + size.x - plot.corner.x, size.y), order.size(), [&](std::size_t at) {
        return ImVec2(plot.opposite.x + em() * 1.5F, curves[order[at]].label_y + em() * 0.5F);
      });
  if (hand.by_keys && hand.place < order.size()) hand.place = order[hand.place];
  if (hand.inside) point(frame, commands, shown, *column, position, plot, curves, hand);
}

}  // namespace headlight
