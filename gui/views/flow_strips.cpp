// The vectors as strips of their own values, the map, the tokens and the candidates.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/analysis/class_scores.h"
#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_picture.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

void draw_strip(const FlowScene& scene, const FlowColumn& column, std::int64_t position) {
  const FlowLayout& at = scene.at;
  const FlowRect strip = at.strip(column, position);
  const PooledStrip& pooled = scene.values.strip(column.hook, position, at.cells(column));
  if (pooled.length == 0) {
    scene.list.AddRectFilled(strip.min, strip.max, with_alpha(palette().masked, 0.8F));
    return;
  }
  const float alpha = scene.strip_alpha(position);
  add_cells(scene.list, strip.min, strip.max, pooled.values, pooled.rms * rms_at_the_ends, alpha);
  if (column.slots > 1) {
    const float cap = std::max(1.0F, std::floor(at.em * 0.14F));
    scene.list.AddRectFilled(ImVec2(strip.min.x - cap, strip.min.y), ImVec2(strip.min.x, strip.max.y),
                             with_alpha(part_color(column.hook), alpha));
  }
  const bool hovered =
      scene.hit.pick == FlowPick::strip && scene.hit.hook == column.hook && scene.hit.position == position;
  if (hovered)
    scene.list.AddRect(ImVec2(strip.min.x - 2, strip.min.y - 2), ImVec2(strip.max.x + 2, strip.max.y + 2),
                       palette().hover, 2, 1.5F);
}

// A value that another panel points at, or that was clicked, as a tick over its cell.
void mark_value(const FlowScene& scene, const ValueReference& value, ImU32 color) {
  const FlowLayout& at = scene.at;
  const FlowColumn* column = at.column(value.hook);
  const HookInfo& info = hook_info(value.hook);
  if (column == nullptr || value.in_encoder || (info.in_block && value.layer != at.layer)) return;
  const std::int64_t position = value.index[0];
  if (!at.shows(position)) return;
  const PooledStrip& pooled = scene.values.strip(value.hook, position, at.cells(*column));
  if (pooled.length == 0) return;
  if (info.axis_count == 3) {
    const std::int64_t head =
        info.axes[1] == Axis::kv_head ? key_value_head(scene.architecture(), at.head_index) : at.head_index;
    if (value.index[1] != head) return;
  }
  const std::int64_t index = value.index[info.axis_count == 3 ? 2 : 1];
  const FlowRect strip = at.strip(*column, position);
  const float x =
      strip.min.x + strip.width() * (static_cast<float>(index) + 0.5F) / static_cast<float>(pooled.length);
  scene.list.AddLine(ImVec2(x, strip.min.y - at.em * 0.2F), ImVec2(x, strip.max.y + at.em * 0.2F), color,
                     std::max(1.5F, at.em * 0.1F));
}

// The largest of the row's weights that a cell of the map covers.
float map_value(const FlowScene& scene, const float* row, std::int64_t query, std::int64_t cell,
                float row_largest) {
  const FlowLayout& at = scene.at;
  float best = masked_cell;
  const KeyRange seen = at.seen(query);
  for (std::int64_t key = std::max(seen.first, at.first_key(cell));
       key < std::min(seen.last, at.first_key(cell + 1)); ++key) {
    if (std::isnan(row[key])) return row[key];
    best = std::max(best, row[key]);
  }
  if (scene.frame.document.map_scale == MapScale::per_row && best >= 0 && row_largest > 0)
    best /= row_largest;
  return best;
}

void draw_map_row(const FlowScene& scene, std::int64_t query) {
  const FlowLayout& at = scene.at;
  const FlowRect row = at.map_row(query);
  const float* weights = scene.pattern ? scene.pattern->row(query) : nullptr;
  if (weights == nullptr) {
    scene.list.AddRectFilled(row.min, row.max, with_alpha(palette().masked, 0.8F));
    return;
  }
  const KeyRange seen = at.seen(query);
  const float largest = *std::max_element(weights + seen.first, weights + seen.last);
  const float alpha = scene.chosen(query) ? 1.0F : 0.72F;
  const float width = at.map.width() / static_cast<float>(at.map_columns);
  const float gap = width > at.em * 0.5F ? 1.0F : 0.0F;
  const bool numbers = width > at.em * 1.2F && row.height() > at.em * 0.68F;
  // Digits alone: they are lower than their line. On stage nothing but the cell limits them.
  const float high = row.height() / at.em;
  const float largest_type = at.parts.on_stage ? std::clamp(1.15F * high, smallest_words, 1.3F)
                                               : std::clamp(0.6F * high, smallest_words, 0.9F);
  const bool brief = width < at.em * (at.parts.on_stage ? 2.6F : 1.8F);
  for (std::int64_t cell = 0; cell < at.map_columns; ++cell) {
    const float value = map_value(scene, weights, query, cell, largest);
    const FlowRect rect = at.map_cell(query, cell);
    const ImU32 color = cell_color(scene.frame.document.map_scale, value);
    scene.list.AddRectFilled(rect.min, ImVec2(rect.max.x - gap, rect.max.y),
                             with_alpha(color, value == masked_cell ? 1.0F : alpha), gap * 2);
    const std::int64_t key = at.first_key(cell);
    if (numbers && at.map_columns == at.positions && key >= seen.first && key < seen.last) {
      // ".90" and "1.0" where "0.90" does not fit.
      std::string words = fmt::format("{:.2f}", static_cast<double>(weights[key]));
      if (brief && words.starts_with("0.")) words.erase(0, 1);
      if (brief && words == "1.00") words = "1.0";
      // Not the mono face: its dotted zero is an eight at this size.
      const float room = (width - gap) / at.em / (0.46F * static_cast<float>(words.size()));
      const float size = std::min(room, largest_type);
      add_label(scene.list, fonts().body, size,
                ImVec2(rect.center().x, rect.center().y - at.em * size * 0.52F), 0.5F,
                ink_on(mix(palette().panel, color, alpha)), words);
    }
    const bool hovered = scene.frame.hover.key && *scene.frame.hover.key >= key &&
                         *scene.frame.hover.key < at.first_key(cell + 1) && scene.chosen(query);
    if (hovered) scene.list.AddRect(rect.min, ImVec2(rect.max.x - gap, rect.max.y), palette().hover, 1, 1.5F);
  }
}

void draw_chip(const FlowScene& scene, std::int64_t position) {
  const FlowLayout& at = scene.at;
  const FlowRect strip = at.strip(Hook::embed, position);
  const float height = std::min(at.row_height * 0.92F, at.em * 1.55F);
  const float middle = strip.center().y;
  const ImVec2 min(at.tokens.min.x, std::floor(middle - height * 0.5F));
  const ImVec2 max(at.tokens.max.x, std::floor(middle + height * 0.5F));
  const float round = std::min(height * 0.25F, at.em * 0.35F);
  const bool chosen = scene.chosen(position);
  const ImU32 fill = token_color(static_cast<std::size_t>(position));
  const ImU32 ground = chosen ? fill : mix(palette().panel, fill, 0.75F);
  scene.list.AddRectFilled(min, max, ground, round);
  const bool locked = scene.frame.document.query && scene.frame.locked_query() == position;
  if (chosen || locked)
    scene.list.AddRect(min, max, locked ? palette().lock : with_alpha(palette().hover, 0.75F), round,
                       std::max(1.0F, at.em * 0.09F));
  const float size = std::min(0.95F, height / at.em * 0.78F);
  const ScopedFont font(fonts().body, size);
  const float beside = at.em * chip_padding, room = max.x - min.x - beside - at.em * 0.3F;
  const std::string words = chip_text(scene.frame, position);
  const auto place = told_apart(scene.trace.tokens(), position);
  add_token_label(scene.list,
                  ImVec2(std::floor(min.x + beside), std::floor(middle - ImGui::GetFontSize() * 0.6F)),
                  chosen ? palette().text : with_alpha(palette().token_text, 0.85F), words, place, room,
                  subscript_ink(ground));
}

// How many tokens lie above and below the window.
void draw_more(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const auto mark = [&](std::int64_t count, float y) {
    if (count <= 0) return;
    const ImVec2 middle(at.tokens.min.x + at.em * 0.4F, y);
    add_label(scene.list, fonts().body, smallest_words, middle, 0, readable_small(palette().muted),
              format_text("flow.more", fmt::arg("count", count)));
  };
  // Beside the bands, which show them.
  const auto beside = [&](std::int64_t count, bool above) {
    float top = 0, bottom = 0;
    for (const FlowBand& band : at.bands) {
      if ((band.first < at.first) != above) continue;
      top = top == 0 ? band.top : top;
      bottom = band.top + band.height;
    }
    mark(count, above ? top - at.em * 1.1F : bottom + at.em * 0.1F);
  };
  beside(at.first, true);
  beside(at.positions - at.last, false);
}

// A name, its probability and a bar of it.
void draw_bar(const FlowScene& scene, const FlowRect& rect, const std::string& name, double probability,
              bool first) {
  const FlowLayout& at = scene.at;
  const float y = rect.min.y + at.em * 0.12F;
  const std::string percent = percent_text(probability);
  const float percent_width = add_label(scene.list, fonts().body, smallest_words,
                                        ImVec2(rect.max.x - at.em * 0.15F, y + at.em * 0.08F), 1,
                                        first ? palette().text : readable_small(palette().muted), percent);
  {
    const ScopedFont font(first ? fonts().strong : fonts().body, 0.9F);
    const std::string words = fitted_text(name, rect.width() - percent_width - at.em * 0.7F);
    scene.list.AddText(ImVec2(rect.min.x, y), palette().text, words.c_str());
  }
  const float top = rect.max.y - at.em * 0.48F;
  const float height = std::max(2.0F, std::floor(at.em * 0.26F));
  const float full = rect.width() - at.em * 0.15F;
  scene.list.AddRectFilled(ImVec2(rect.min.x, top), ImVec2(rect.min.x + full, top + height),
                           with_alpha(palette().probability, 0.14F), height * 0.5F);
  const auto share = static_cast<float>(std::clamp(probability, 0.0, 1.0));
  scene.list.AddRectFilled(ImVec2(rect.min.x, top),
                           ImVec2(rect.min.x + std::max(height * 0.7F, full * share), top + height),
                           palette().probability, height * 0.5F);
}

void draw_candidate(const FlowScene& scene, std::int64_t rank) {
  const FlowLayout& at = scene.at;
  const Candidate& candidate = scene.frame.result.next->ranked[static_cast<std::size_t>(rank)];
  const FlowRect rect = at.candidate(rank);
  const bool hot =
      scene.frame.hover.candidate == candidate.id || scene.frame.document.candidate == candidate.id;
  if (hot)
    scene.list.AddRectFilled(ImVec2(rect.min.x - at.em * 0.25F, rect.min.y), rect.max,
                             with_alpha(palette().probability, 0.12F), at.em * 0.3F);
  draw_bar(scene, rect, token_piece(scene.trace.model().tokenizer->bytes(candidate.id)),
           candidate.probability, rank == 0);
}

}  // namespace

void draw_flow_strips(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  for (std::int64_t position = at.first; position < at.last; ++position) {
    for (const FlowColumn& column : at.columns) draw_strip(scene, column, position);
    draw_map_row(scene, position);
    draw_chip(scene, position);
  }
  draw_more(scene);
  if (scene.frame.document.value) mark_value(scene, *scene.frame.document.value, palette().lock);
  if (scene.frame.hover.value) mark_value(scene, *scene.frame.hover.value, palette().hover);
}

namespace {

// A sentence in the narrow room of the list.
void draw_words(const FlowScene& scene, const std::string& words) {
  const FlowLayout& at = scene.at;
  const ScopedFont font(fonts().body, 0.85F);
  scene.list.AddText(ImGui::GetFont(), ImGui::GetFontSize(), at.candidates.min, palette().muted,
                     words.c_str(), nullptr, std::max(at.em * 4, at.candidates.width()));
}

// A classifier's classes, likeliest first.
void draw_classes(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const std::vector<ClassScore> classes = class_scores(scene.trace);
  if (classes.empty()) return draw_words(scene, text("flow.not_done"));
  const auto shown = std::min<std::size_t>(classes.size(), static_cast<std::size_t>(at.shown_candidates));
  for (std::size_t rank = 0; rank < shown; ++rank) {
    draw_bar(scene, at.candidate(static_cast<std::int64_t>(rank)), classes[rank].name,
             classes[rank].probability, rank == 0);
  }
}

}  // namespace

void draw_flow_candidates(const FlowScene& scene) {
  const ArchitectureDescription& a = scene.architecture();
  if (a.head == OutputHead::classifier) return draw_classes(scene);
  if (!has_hook(Hook::logits, a)) {
    if (is_encoder_frame(scene.frame)) return draw_words(scene, text("flow.to_decoder"));
    return draw_words(scene, text(a.pooling == Pooling::none ? "flow.no_output" : "flow.sentence_vector"));
  }
  if (!scene.frame.result.next) return draw_words(scene, text("flow.not_done"));
  const auto known = static_cast<std::int64_t>(scene.frame.result.next->ranked.size());
  for (std::int64_t rank = 0; rank < std::min(scene.at.shown_candidates, known); ++rank)
    draw_candidate(scene, rank);
}

}  // namespace headlight
