#include "gui/views/learning_heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/head_wall_panel.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/map_legend.h"
#include "gui/widgets/map_scale_words.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr double is_induction = 0.5;  // from here on the score is drawn strongly

float em() { return ImGui::GetFontSize(); }
float as_float(std::int64_t value) { return static_cast<float>(value); }

std::string score_text(double score) { return std::isfinite(score) ? fmt::format("{:.2f}", score) : "–"; }

}  // namespace

// One map after the other, in as many columns as make them largest. Name and score of each stand under it,
// or, where it is small, in its upper right half, which the mask leaves empty.
struct LearningHeads::Grid {
  ImVec2 corner;
  float map = 0, gap = 0, line = 0;
  std::int64_t heads = 0, count = 0, side = 0, across = 1;
  bool inside = false;  // the words
  float step() const { return map + gap; }
  float down() const { return map + line + gap; }
  std::int64_t rows() const { return (count + across - 1) / across; }
  ImVec2 at(std::int64_t layer, std::int64_t head) const {
    const std::int64_t place = layer * heads + head;
    return {corner.x + step() * as_float(place % across), corner.y + down() * as_float(place / across)};
  }
  ImVec2 extent() const { return {step() * as_float(across) - gap, down() * as_float(rows()) - gap}; }
};

LearningHeads::Grid LearningHeads::lay_out(const LearningState& state, ImVec2 room) const {
  Grid best;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float least = em() * 2.9F, most = em() * 16.0F, beside = em() * 4.6F;
  const float edge = std::ceil(em() * 0.12F);  // of the outline of the first column
  const HeadWall& wall = *state.wall;
  // The model's own order first: another number of columns must be worth it.
  for (std::int64_t factor = 1; factor <= wall.layers; ++factor) {
    Grid grid;
    grid.corner = ImVec2(std::floor(corner.x) + edge, std::floor(corner.y));
    grid.heads = wall.heads;
    grid.count = wall.layers * wall.heads;
    grid.side = wall.side;
    grid.across = wall.heads * factor;
    grid.gap = std::floor(em() * (grid.across > 4 ? 0.5F : 0.7F));
    const float wide = (room.x - 2.0F * edge + grid.gap) / as_float(grid.across) - grid.gap;
    const auto fits = [&](float line) {
      return std::min(wide, (room.y + grid.gap) / as_float(grid.rows()) - grid.gap - line);
    };
    grid.line = std::floor(em() * 1.15F);
    grid.inside = wall.causal && fits(grid.line) < beside;
    if (grid.inside) grid.line = 0.0F;
    const float size = fits(grid.line);
    grid.map = std::floor(std::clamp(size, std::min(least, wide), most));
    if (factor == 1 || (size >= least && grid.map > best.map * 1.15F)) best = grid;
  }
  return best;
}

void LearningHeads::refresh(const Frame& frame, const LearningState& state) {
  const bool per_row = frame.document.map_scale == MapScale::per_row;
  const bool hide_sink = frame.document.hide_sink;
  texture_.set_scale(frame.document.map_scale);
  if (state.wall == shown_ && per_row == per_row_ && hide_sink == hide_sink_) return;
  shown_ = state.wall;
  per_row_ = per_row;
  hide_sink_ = hide_sink;
  const HeadWall& wall = *state.wall;
  texture_.set_cells(static_cast<int>(wall.heads * wall.side), static_cast<int>(wall.layers * wall.side),
                     wall_cells(wall, wall.side, per_row, hide_sink));
}

void LearningHeads::draw_maps(const Grid& grid, const HeadWall& wall) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (!texture_.begin(*list)) return;
  const float side = as_float(wall.side);
  for (std::int64_t layer = 0; layer < wall.layers; ++layer) {
    for (std::int64_t head = 0; head < wall.heads; ++head) {
      const ImVec2 at = grid.at(layer, head);
      const ImVec2 first(side * as_float(head), side * as_float(layer));
      texture_.add(*list, at, ImVec2(at.x + grid.map, at.y + grid.map), first,
                   ImVec2(first.x + side, first.y + side));
    }
  }
  texture_.end(*list);
}

void LearningHeads::draw_labels(const Grid& grid, const Frame& frame, const LearningState& state) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::int64_t layer = 0; layer < state.wall->layers; ++layer) {
    for (std::int64_t head = 0; head < grid.heads; ++head) {
      const ImVec2 at = grid.at(layer, head);
      const double score = state.scores.of(layer, head)[HeadScore::induction];
      const bool strong = score >= is_induction;
      const float right = at.x + grid.map - (grid.inside ? em() * 0.15F : 0.0F);
      const float y = at.y + (grid.inside ? em() * 0.05F : grid.map + em() * 0.12F);
      add_label(*list, fonts().mono, 0.8F, ImVec2(grid.inside ? right : at.x, y), grid.inside ? 1.0F : 0.0F,
                grid.inside ? palette().text : palette().muted, fmt::format("L{} H{}", layer, head));
      add_label(*list, strong ? fonts().strong : fonts().mono, 0.8F,
                ImVec2(right, y + (grid.inside ? em() * 0.9F : 0.0F)), 1.0F,
                strong        ? palette().attention
                : grid.inside ? palette().text
                              : palette().muted,
                score_text(score));
      const bool current = frame.document.layer == layer && frame.document.head == head;
      const ImU32 edge = strong ? palette().attention : current ? palette().lock : palette().grid;
      const float line = std::max(1.0F, em() * (strong || current ? 0.12F : 0.05F));
      list->AddRect(ImVec2(at.x - line, at.y - line), ImVec2(at.x + grid.map + line, at.y + grid.map + line),
                    edge, line, line);
    }
  }
}

void LearningHeads::point(const Grid& grid, const Frame& frame, Commands& commands,
                          const LearningState& state, ImVec2 at, bool clicked) const {
  const auto column = static_cast<std::int64_t>((at.x - grid.corner.x) / grid.step());
  const auto row = static_cast<std::int64_t>((at.y - grid.corner.y) / grid.down());
  const std::int64_t number = row * grid.across + column;
  if (column < 0 || row < 0 || column >= grid.across || number >= grid.count) return;
  const std::int64_t layer = number / grid.heads, head = number % grid.heads;
  const ImVec2 corner = grid.at(layer, head);
  if (at.x > corner.x + grid.map || at.y > corner.y + grid.map + grid.line) return;
  Facts facts;
  const auto cell = [&](float from, float place) {
    return std::clamp<std::int64_t>(
        static_cast<std::int64_t>((place - from) / grid.map * as_float(grid.side)), 0, grid.side - 1);
  };
  const std::int64_t query = cell(corner.y, at.y), key = cell(corner.x, at.x);
  const std::vector<LearningToken>& probe = frame.learning->probe;
  const HeadWall& wall = *state.wall;
  const auto is_a_token = [&](std::int64_t place) { return place < static_cast<std::int64_t>(probe.size()); };
  if (at.y < corner.y + grid.map && wall.is_exact() && is_a_token(query) && is_a_token(key)) {
    const auto piece = [&](std::int64_t place) {
      return token_piece(probe[static_cast<std::size_t>(place)].bytes);
    };
    const bool masked = wall.is_masked(layer, query, key);
    facts.push_back({fmt::format("{} {} → {} {}", piece(query), query, piece(key), key),
                     masked ? text("learning.masked")
                            : significant_text(static_cast<double>(
                                  wall.thumbnail(layer, head)[query * wall.side + key]))});
  }
  const HeadScoreRow& scores = state.scores.of(layer, head);
  facts.push_back({text("learning.induction"), significant_text(scores[HeadScore::induction])});
  facts.push_back({text("learning.previous"), significant_text(scores[HeadScore::previous_token])});
  facts_tooltip(fmt::format("L{} H{}", layer, head), facts, text("learning.heads_tip"));
  if (clicked) commands.edit(SelectHead{layer, head});
}

void LearningHeads::draw_scale(const Frame& frame, const LearningState& state) const {
  if (!state.wall) return;
  const MapScale scale = frame.document.map_scale;
  const MapLegend legend{scale, state.wall->causal};
  next_in_line(map_legend_width(legend), em() * 1.2F);
  draw_map_legend(legend, em() * (map_scale_words(scale, 0.5F).empty() ? 0.9F : 1.7F));
}

void LearningHeads::draw(const Frame& frame, Commands& commands, const LearningState& state, ImVec2 room) {
  if (!state.wall || state.scores.rows.empty()) return;
  const Grid grid = lay_out(state, room);
  const Hand hand = canvas("##heads", grid.extent(), {grid.corner, ImVec2(grid.step(), grid.down()), {}});
  refresh(frame, state);
  draw_maps(grid, *state.wall);
  draw_labels(grid, frame, state);
  if (hand.inside) point(grid, frame, commands, state, hand.at, hand.clicked);
}

}  // namespace headlight
