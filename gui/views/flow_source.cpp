// The encoder beside the decoder: its text, its stack, the vectors it ends with, and where the decoder's
// block reads them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/forward/derived_values.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_picture.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr std::int64_t most_wires = 16;  // more share one band

bool looked_at(const FlowScene& scene, std::int64_t source) {
  const Frame& f = scene.frame;
  return f.hover.source_key == source || f.hover.source_query == source ||
         (!f.hover.source_key && !f.hover.source_query && f.document.source_key == source);
}

void draw_source_chip(const FlowScene& scene, std::int64_t position) {
  const FlowLayout& at = scene.at;
  const FlowRect chip = at.source_chip(position);
  const float round = std::min(chip.height() * 0.25F, at.em * 0.35F);
  const bool hot = looked_at(scene, position);
  const ImU32 fill = token_color(static_cast<std::size_t>(position));
  const ImU32 ground = mix(palette().panel, fill, hot ? 1.0F : 0.75F);
  scene.list.AddRectFilled(chip.min, chip.max, ground, round);
  if (hot) {
    const bool locked = scene.frame.document.source_key == position;
    scene.list.AddRect(chip.min, chip.max, locked ? palette().lock : palette().hover, round,
                       std::max(1.0F, at.em * 0.09F));
  }
  const ScopedFont font(fonts().body, std::min(0.9F, chip.height() / at.em * 0.78F));
  const std::vector<TokenId>& ids = scene.trace.source()->tokens();
  const ImVec2 start(chip.min.x + at.em * chip_padding, chip.center().y - ImGui::GetFontSize() * 0.56F);
  const float room = chip.width() - at.em * (chip_padding + 0.3F);
  const std::string words = token_words(scene.trace, ids[static_cast<std::size_t>(position)]);
  const auto place = told_apart(ids, position);
  add_token_label(scene.list, start, hot ? palette().text : with_alpha(palette().token_text, 0.85F), words,
                  place, room, subscript_ink(ground));
}

void draw_source_stack(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const bool hot = scene.hit.pick == FlowPick::encoder;
  for (std::int64_t layer = 0; layer < at.source_layers; ++layer) {
    const FlowRect card = at.source_card(layer);
    const ImU32 color =
        mix(mix(palette().raised, palette().residual, hot ? 0.5F : 0.25F), palette().panel, 0.2F);
    const float gap = std::min(1.5F, card.width() * 0.3F);
    scene.list.AddRectFilled(card.min, ImVec2(card.max.x - gap, card.max.y), color, at.em * 0.2F);
  }
  add_label(scene.list, fonts().strong, 0.85F, ImVec2(at.source_tokens.min.x, at.block.min.y + at.em * 0.4F),
            0, hot ? palette().text : palette().muted, text("flow.encoder"));
  add_label(scene.list, fonts().body, smallest_words,
            ImVec2(at.source_stack.center().x, at.source_stack.max.y + at.em * 0.05F), 0.5F, palette().muted,
            at.source_layers > 1 ? fmt::format("0–{}", at.source_layers - 1) : "0");
}

void draw_source_row(const FlowScene& scene, std::int64_t position) {
  const FlowLayout& at = scene.at;
  draw_source_chip(scene, position);
  const FlowRect chip = at.source_chip(position), strip = at.source_strip(position);
  const float y = chip.center().y, half = std::max(1.0F, at.em * 0.09F);
  const float alpha = looked_at(scene, position) ? 0.9F : 0.4F;
  scene.list.AddRectFilled(ImVec2(chip.max.x, y - half), ImVec2(strip.min.x, y + half),
                           with_alpha(palette().residual, alpha));
  const Trace& source = *scene.trace.source();
  const ArchitectureDescription& a = source.model().architecture;
  const std::span<const float> vector = flow_vector(source, last_hook(a), last_layer(a), 0, position);
  const PooledStrip pooled = pooled_strip(vector, at.source_cells());
  if (pooled.length == 0) {
    scene.list.AddRectFilled(strip.min, strip.max, with_alpha(palette().masked, 0.8F));
    return;
  }
  add_cells(scene.list, strip.min, strip.max, pooled.values, pooled.rms * rms_at_the_ends,
            looked_at(scene, position) ? 1.0F : 0.7F);
}

// From a vector of the encoder beneath everything and up into its column of the cross-attention.
void draw_wire(const FlowScene& scene, float from_y, float x, float bus, float column, ImU32 color,
               float line) {
  const FlowLayout& at = scene.at;
  const float round = at.em * 0.35F;
  const float top = at.cross_row(at.last - 1).max.y + 1;
  scene.list.PathLineTo(
      ImVec2(at.source_strips.min.x + at.cell * static_cast<float>(at.source_cells()), from_y));
  scene.list.PathLineTo(ImVec2(x - round, from_y));
  scene.list.PathBezierQuadraticCurveTo(ImVec2(x, from_y), ImVec2(x, from_y + round), 6);
  scene.list.PathLineTo(ImVec2(x, bus - round));
  scene.list.PathBezierQuadraticCurveTo(ImVec2(x, bus), ImVec2(x + round, bus), 6);
  scene.list.PathLineTo(ImVec2(column - round, bus));
  scene.list.PathBezierQuadraticCurveTo(ImVec2(column, bus), ImVec2(column, bus - round), 6);
  scene.list.PathLineTo(ImVec2(column, top));
  scene.list.PathStroke(color, line);
}

void draw_wires(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const float turn = at.source_strips.max.x + at.em * 0.4F;
  if (at.source > most_wires) {
    const float half = at.em * 0.25F;
    const ImU32 color = with_alpha(palette().key, 0.35F);
    const float x = turn + at.em * 0.3F;
    scene.list.AddRectFilled(ImVec2(x - half, at.source_top), ImVec2(x + half, at.source_bus + half), color);
    scene.list.AddRectFilled(ImVec2(x + half, at.source_bus - half),
                             ImVec2(at.cross_map.max.x, at.source_bus + half), color);
    scene.list.AddRectFilled(ImVec2(at.cross_map.min.x, at.cross_row(at.last - 1).max.y + 1),
                             ImVec2(at.cross_map.max.x, at.source_bus - half),
                             with_alpha(palette().key, 0.14F));
  }
  for (std::int64_t position = at.source_first; position < at.source_last; ++position) {
    const bool hot = looked_at(scene, position);
    if (at.source > most_wires && !hot) continue;
    const float place = (static_cast<float>(position) + 0.5F) / static_cast<float>(at.source);
    std::int64_t column = 0;
    while (column + 1 < at.cross_columns && at.first_source_key(column + 1) <= position) ++column;
    draw_wire(scene, at.source_strip(position).center().y, turn + at.em * 0.8F * (1.0F - place),
              at.source_bus + at.em * 0.35F * (0.5F - place), at.cross_cell(at.last - 1, column).center().x,
              with_alpha(palette().key, hot ? 1.0F : 0.4F),
              hot ? at.em * 0.12F : std::max(1.0F, at.em * 0.07F));
  }
}

void draw_cross_row(const FlowScene& scene, std::int64_t query) {
  const FlowLayout& at = scene.at;
  const FlowRect row = at.cross_row(query);
  const float* weights = scene.cross ? scene.cross->row(query) : nullptr;
  if (weights == nullptr) {
    scene.list.AddRectFilled(row.min, row.max, with_alpha(palette().masked, 0.8F));
    return;
  }
  const float alpha = scene.chosen(query) ? 1.0F : 0.72F;
  const bool relative = scene.frame.document.map_scale == MapScale::per_row;
  const float largest = *std::max_element(weights, weights + at.source);
  const float gap = row.width() / static_cast<float>(at.cross_columns) > at.em * 0.5F ? 1.0F : 0.0F;
  for (std::int64_t column = 0; column < at.cross_columns; ++column) {
    float value = masked_cell;
    for (std::int64_t key = at.first_source_key(column); key < at.first_source_key(column + 1); ++key)
      value = std::isnan(weights[key]) ? weights[key] : std::max(value, weights[key]);
    if (relative && value >= 0 && largest > 0) value /= largest;
    const FlowRect cell = at.cross_cell(query, column);
    scene.list.AddRectFilled(cell.min, ImVec2(cell.max.x - gap, cell.max.y),
                             with_alpha(cell_color(scene.frame.document.map_scale, value), alpha), gap * 2);
    const std::int64_t key = at.first_source_key(column);
    if (scene.chosen(query) && at.cross_columns == at.source && looked_at(scene, key))
      scene.list.AddRect(cell.min, cell.max, palette().hover, gap * 2, std::max(1.5F, at.em * 0.1F));
  }
}

// What asks enters from the left, what the source answered leaves to the right.
void draw_cross_ribbons(const FlowScene& scene, std::int64_t query) {
  const FlowLayout& at = scene.at;
  const Hook asks = at.parts.wiring == Wiring::post_norm ? Hook::ln1_normalized : Hook::ln_cross_normalized;
  if (!scene.has(asks) || !scene.has(Hook::cross_attn_out)) return;
  const FlowRect from = at.strip(asks, query), row = at.cross_row(query);
  const FlowRect to = at.strip(Hook::cross_attn_out, query);
  const float alpha = scene.ribbon_alpha(query);
  add_ribbon(scene.list, {from.max.x, from.min.y, from.max.y, with_alpha(palette().residual, alpha)},
             {row.min.x, row.min.y, row.max.y, with_alpha(palette().query, alpha * 1.3F)});
  add_ribbon(scene.list, {row.max.x, row.min.y, row.max.y, with_alpha(palette().value, alpha)},
             {to.min.x, to.min.y, to.max.y, with_alpha(palette().attention, alpha * 1.3F)});
}

}  // namespace

void draw_flow_source(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  if (at.source <= 0) return;
  draw_source_stack(scene);
  draw_wires(scene);
  for (std::int64_t position = at.source_first; position < at.source_last; ++position)
    draw_source_row(scene, position);
  const auto more = [&](std::int64_t count, float y) {
    if (count <= 0) return;
    add_label(scene.list, fonts().body, smallest_words, ImVec2(at.source_tokens.min.x + at.em * 0.4F, y), 0,
              palette().muted, format_text("flow.more", fmt::arg("count", count)));
  };
  more(at.source_first, at.source_top - at.em * 1.1F);
  more(at.source - at.source_last,
       at.source_top + at.source_row * static_cast<float>(at.source_last - at.source_first));
  for (std::int64_t query = at.first; query < at.last; ++query) {
    draw_cross_ribbons(scene, query);
    draw_cross_row(scene, query);
  }
}

}  // namespace headlight
