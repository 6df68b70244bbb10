// The similarity matrix of the embedding view.
#include "gui/views/similarity_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/axis_labels.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/rotated_token.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr float column_angle = 0.95F;       // radians, about 54 degrees
constexpr float lowest_with_scale = 26.0F;  // ems: a panel that has room for a scale beneath its map

float em() { return ImGui::GetFontSize(); }

struct Plot {
  ImVec2 corner;
  float cell = 0;  // pixels
  std::int64_t side = 0;
  std::int64_t step = 1;
};

void outline(const Plot& plot, std::int64_t position, bool is_row, ImU32 color) {
  if (position < 0 || position / plot.step >= plot.side) return;
  const float extent = plot.cell * static_cast<float>(plot.side);
  const float at = static_cast<float>(position / plot.step) * plot.cell;
  const ImVec2 from(plot.corner.x + (is_row ? 0 : at), plot.corner.y + (is_row ? at : 0));
  const ImVec2 to(from.x + (is_row ? extent : plot.cell), from.y + (is_row ? plot.cell : extent));
  ImGui::GetWindowDrawList()->AddRect(from, to, color, 0, std::max(1.0F, em() * 0.1F));
}

// Every second or third name where there is no room for all, or those at round positions, and always those in
// question: large enough to be read.
void draw_names(const Frame& frame, const ShownText& shown, const LitTokens& lit, const Plot& plot,
                float left, float top) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::int64_t every = tokens_for_label(em() * 0.9F, plot.cell / static_cast<float>(plot.step));
  const ScopedFont small(fonts().body, smallest_words);
  const std::vector<TokenId>& tokens = shown.trace->tokens();
  const float row_room = left - em() * 0.5F;
  const float column_room = (top - em() * 0.4F) / std::sin(column_angle);
  for (std::int64_t at = 0; at < shown.positions(); ++at) {
    const bool row = is_label_drawn(at, every, lit.hovered, lit.locked);
    const bool column = is_label_drawn(at, every, lit.hovered_key, lit.locked_key);
    if (!row && !column) continue;
    const float middle = (static_cast<float>(at / plot.step) + 0.5F) * plot.cell;
    // Of many tokens for each label, words only of those in question.
    const bool is_number = every > position_from && lit.hovered != at && lit.locked != at &&
                           lit.hovered_key != at && lit.locked_key != at;
    const std::string token = is_number ? fmt::format("{}", at) : token_of(frame, shown, at);
    const auto place = is_number               ? std::nullopt
                       : every > position_from ? std::optional(at)
                                               : told_apart(tokens, at);
    const ImU32 ink = is_number ? small_ink() : palette().text;  // the position behind a token is paler
    if (row) {
      const float width = std::min(row_room, token_label_width(token, place));
      const ImU32 color = lit.hovered == at  ? palette().query
                          : lit.locked == at ? readable(palette().lock)
                                             : ink;
      add_token_label(*list,
                      ImVec2(plot.corner.x - width - em() * 0.4F, plot.corner.y + middle - em() * 0.5F),
                      color, token, place, row_room);
    }
    if (column)
      add_rotated_token(*list, ImVec2(plot.corner.x + middle, plot.corner.y - em() * 0.35F), column_angle,
                        lit.hovered_key == at || lit.locked_key == at ? palette().key : ink, token, place,
                        column_room);
  }
}

// What a cell of a long text shows.
void draw_pooling(ImVec2 at, std::int64_t step, float room) {
  const ScopedFont small(fonts().body, 0.82F);
  const std::string words = format_text("embeddings.similarity_pooled", fmt::arg("step", step));
  ImGui::GetWindowDrawList()->AddText(at, small_ink(), shortened(words, room).c_str());
}

// The cosines at the ends of the colours: "≤ 0.59", "−0.3".
std::string end_text(const char* sign, float cosine) {
  return fmt::format("{}{}{:.3g}", sign, cosine < 0.0F ? "−" : "", std::abs(cosine));
}
std::string low_end(const SimilarityRange& range) {
  return end_text(range.is_cut_low ? "≤ " : "", range.low);
}
std::string high_end(const SimilarityRange& range) {
  return end_text(range.is_cut_high() ? "≥ " : "", range.high);
}

constexpr float brief_bar = 5.0F, brief_gap = 0.4F;  // ems

// The scale in one line, numbers beside the bar: how wide it is, and with `draw` at this place.
float brief_scale(const SimilarityRange& range, std::optional<ImVec2> draw) {
  const ScopedFont small(fonts().mono, smallest_mono);
  const std::string low = low_end(range), high = high_end(range);
  const float before = ImGui::CalcTextSize(low.c_str()).x + em() * brief_gap;
  const float after = before + em() * (brief_bar + brief_gap);
  if (draw) {
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddText(*draw, small_ink(), low.c_str());
    add_color_bar(*list, ImVec2(draw->x + before, draw->y + em() * 0.2F),
                  ImVec2(draw->x + before + em() * brief_bar, draw->y + em() * 0.85F), range.map());
    list->AddText(ImVec2(draw->x + after, draw->y), small_ink(), high.c_str());
  }
  return after + ImGui::CalcTextSize(high.c_str()).x;
}

void tooltip(const Frame& frame, const ShownText& shown, const SimilarityPicture& picture,
             const SimilarityKey& key, std::int64_t row, std::int64_t column) {
  const Tensor& cosines = picture.similarity.cosines;
  if (row >= cosines.axis(0) || column >= cosines.axis(0)) return;
  const double cosine = static_cast<double>(cosines.data()[row * cosines.axis(1) + column]);
  const std::vector<double>& lengths = picture.similarity.lengths;
  const double one = lengths[static_cast<std::size_t>(row)],
               other = lengths[static_cast<std::size_t>(column)];
  const std::string name = value_name_in(frame, shown, vectors_place(*shown.trace, key));
  const std::string head =
      key.of == SimilarityOf::stream ? "" : fmt::format(", {}", vectors_head(*shown.trace, key));
  facts_tooltip(token_of(frame, shown, row) + "  ·  " + token_of(frame, shown, column),
                {{"cos", significant_text(cosine)},
                 {"|a|, |b|", significant_text(one) + ", " + significant_text(other)},
                 {"a · b", significant_text(cosine * one * other)},
                 {"a", fmt::format("{} [{}{}, :]", name, row, head)},
                 {"b", fmt::format("{} [{}{}, :]", name, column, head)}},
                text("embeddings.similarity_tip"));
}

void point(const Frame& frame, Commands& commands, const ShownText& shown, const SimilarityPicture& picture,
           const SimilarityKey& at, const Plot& plot, const Hand& hand) {
  const ImVec2 mouse = hand.at;
  const auto index = [&](float pixels) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(pixels / plot.cell), 0, plot.side - 1) *
           plot.step;
  };
  const std::int64_t row = index(mouse.y - plot.corner.y);
  const std::int64_t column = index(mouse.x - plot.corner.x);
  hover_token(commands, shown, row);
  (shown.encoder ? commands.hover().source_key : commands.hover().key) = column;
  tooltip(frame, shown, picture, at, row, column);
  if (hand.clicked) click_pair(frame, commands, shown, row, column);
}

}  // namespace

ImU32 SimilarityRange::color(float cosine) const {
  return color_of(map(), is_signed() ? cosine / high : (cosine - low) / (high - low));
}

SimilarityRange similarity_range(const Tensor& cosines) {
  constexpr float least_span = 0.05F;  // of less, rounding would look like structure
  std::vector<float> pairs;
  const std::int64_t rows = cosines.axis(0);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < row; ++column) {
      const float cosine = cosines.data()[row * rows + column];
      if (!std::isnan(cosine)) pairs.push_back(cosine);
    }
  }
  if (pairs.empty()) return {};
  const auto quantile = [&](double share) {
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(pairs.size() - 1));
    std::nth_element(pairs.begin(), pairs.begin() + place, pairs.end());
    return pairs[static_cast<std::size_t>(place)];
  };
  const float lower = quantile(0.25), upper = quantile(0.75), fence = 1.5F * (upper - lower);
  float low = upper, high = lower;  // of those within the fences
  for (const float cosine : pairs) {
    if (cosine < lower - fence || cosine > upper + fence) continue;
    low = std::min(low, cosine);
    high = std::max(high, cosine);
  }
  const float least = *std::min_element(pairs.begin(), pairs.end());
  const auto in_hundredths = [](float value, float direction) {  // the legend says the ends exactly
    return std::floor(value * 100.0F * direction + 0.01F) / 100.0F * direction;
  };
  SimilarityRange range;
  range.low = std::max(-1.0F, in_hundredths(low, 1.0F));
  range.high = std::min(1.0F, in_hundredths(high, -1.0F));
  if (range.low < 0.0F) {
    range.high = std::max(-range.low, range.high);
    range.low = -range.high;
  } else if (range.high - range.low < least_span) {
    range.high = std::min(1.0F, range.low + least_span);
    range.low = range.high - least_span;
  }
  range.is_cut_low = least < range.low - 0.005F;
  return range;
}

SimilarityCells similarity_cells(const Tensor& cosines, std::int64_t most) {
  SimilarityCells cells;
  cells.range = similarity_range(cosines);
  const std::int64_t positions = cosines.axis(0);
  cells.step = std::max<std::int64_t>(1, (positions + most - 1) / most);
  cells.side = (positions + cells.step - 1) / cells.step;
  cells.values.assign(static_cast<std::size_t>(cells.side * cells.side), 0.0F);
  for (std::int64_t row = 0; row < positions; ++row) {
    for (std::int64_t column = 0; column < positions; ++column) {
      const float value = cosines.data()[row * positions + column];
      float& cell =
          cells.values[static_cast<std::size_t>(row / cells.step * cells.side + column / cells.step)];
      if (std::isnan(value) || std::abs(value) > std::abs(cell)) cell = value;
    }
  }
  return cells;
}

void draw_similarity_cells(ImVec2 corner, float extent, const SimilarityCells& cells) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float cell = extent / static_cast<float>(cells.side);
  for (std::int64_t row = 0; row < cells.side; ++row) {
    for (std::int64_t column = 0; column < cells.side; ++column) {
      // Whole pixels: no seams between cells.
      const auto edge = [cell](float start, std::int64_t at) {
        return std::floor(start + static_cast<float>(at) * cell);
      };
      list->AddRectFilled(
          ImVec2(edge(corner.x, column), edge(corner.y, row)),
          ImVec2(edge(corner.x, column + 1), edge(corner.y, row + 1)),
          cells.range.color(cells.values[static_cast<std::size_t>(row * cells.side + column)]));
    }
  }
  list->AddRect(corner, ImVec2(corner.x + extent, corner.y + extent), palette().grid, 0, 1.0F);
}

void draw_similarity_scale(ImVec2 corner, float width, const SimilarityRange& range) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().mono, smallest_mono);
  const float height = em() * 0.6F;
  add_color_bar(*list, corner, ImVec2(corner.x + width, corner.y + height), range.map());
  const auto add = [&](float place, const std::string& words) {
    const float at = corner.x + (width - ImGui::CalcTextSize(words.c_str()).x) * place;
    list->AddText(ImVec2(at, corner.y + height + em() * 0.2F), small_ink(), words.c_str());
  };
  add(0.0F, low_end(range));
  if (range.is_signed()) add(0.5F, "0");
  add(1.0F, high_end(range));
}

std::shared_ptr<const SimilarityPicture> SimilarityMaps::want(const Trace& trace, Commands& commands,
                                                              const SimilarityKey& key) {
  const bool there = has_vectors(trace, key);
  if (there) made_.want(key);
  if (there && made_.pending()) commands.pending();
  const auto done = made_.done();
  fresh_ = done && done->key == key && done->value;
  // Of another model or a text of another length it would be a picture of nothing that is on the screen.
  if (!done || !done->value || !there) return nullptr;
  return done->value->similarity.cosines.axis(0) == trace.positions() ? done->value : nullptr;
}

void SimilarityMaps::draw(const Frame& frame, Commands& commands, const ShownText& shown,
                          const SimilarityPicture& picture, const SimilarityKey& key, ImVec2 size) const {
  const SimilarityCells& cells = picture.cells;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const std::string& title = text("embeddings.similarity");
  list->AddText(start, palette().muted, title.c_str());
  // In a low panel the scale stands behind the title: what it leaves beneath is the map's.
  const float behind = ImGui::CalcTextSize(title.c_str()).x + em() * 1.2F;
  const bool low = size.y < em() * lowest_with_scale && behind + brief_scale(cells.range, {}) <= size.x;
  if (low) brief_scale(cells.range, ImVec2(start.x + behind, start.y + em() * 0.05F));
  const float left = em() * 4.4F, top = em() * (cells.step > 1 ? 5.2F : 4.6F);
  if (cells.step > 1) draw_pooling(ImVec2(start.x, start.y + em() * 1.35F), cells.step, size.x);
  const float extent = std::min(size.x - left - em() * 1.6F, size.y - top - em() * (low ? 0.4F : 2.6F));
  if (extent < em() * 3) return;
  const float widest = em() * 3.6F;  // a few tokens need no huge squares
  const float cell = std::min(extent / static_cast<float>(cells.side), widest);
  const Plot plot{ImVec2(std::floor(start.x + left), std::floor(start.y + top)), cell, cells.side,
                  cells.step};
  const float drawn = cell * static_cast<float>(cells.side);
  const LitTokens lit = lit_tokens(frame, shown);
  draw_similarity_cells(plot.corner, drawn, cells);
  draw_names(frame, shown, lit, plot, left, top - em() * (cells.step > 1 ? 2.8F : 1.6F));
  ImGui::SetCursorScreenPos(plot.corner);
  const Hand hand =
      canvas("##similarity", ImVec2(drawn, drawn), {plot.corner, ImVec2(plot.cell, plot.cell), {}});
  if (hand.inside && fresh_) point(frame, commands, shown, picture, key, plot, hand);
  if (lit.locked_key) outline(plot, *lit.locked_key, false, with_alpha(palette().key, 0.8F));
  if (lit.locked) outline(plot, *lit.locked, true, palette().lock);
  if (lit.hovered_key) outline(plot, *lit.hovered_key, false, palette().key);
  if (lit.hovered) outline(plot, *lit.hovered, true, palette().hover);
  if (!low)
    draw_similarity_scale(ImVec2(plot.corner.x, plot.corner.y + drawn + em() * 0.6F), drawn, cells.range);
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + size.y));
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
