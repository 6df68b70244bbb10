// Columns from left to right, rows from top to bottom, cards around them.
#include "gui/views/flow_layout.h"

#include <algorithm>
#include <cmath>

namespace headlight {
namespace {

float as_float(std::int64_t value) { return static_cast<float>(value); }

// Widths in units that share what the chips and the list of candidates leave over.
constexpr float strip_units = 2.5F;
constexpr float split_units = 2.8F;  // query, key and value; gate and input
constexpr float map_units = 6.6F, map_units_on_stage = 11.0F;
constexpr float cards_units = 4.0F;  // the edges of all other layers together
constexpr float least_unit = 0.6F;   // em
constexpr float candidates_em = 7.6F;

constexpr float cross_map_units = 4.2F;
constexpr float encoder_em = 11.2F;  // the encoder's text, stack and last vectors
constexpr float band_em = 0.42F;
constexpr std::int64_t most_bands = 8;  // above, and as many below
constexpr float lowest_row = 1.2F;      // em
constexpr float highest_row = 7.5F;
constexpr float largest_card_edge = 0.32F;  // em

struct Pen {
  float x;
  float unit;
  FlowLayout& at;
  void gap(float units) { x += units * unit; }
  FlowRect take(float units) {
    const FlowRect taken{ImVec2(x, at.rows_top), ImVec2(x + units * unit, at.rows_bottom)};
    x = taken.max.x;
    return taken;
  }
  void column(Hook hook, float units, int slot = 0, int slots = 1, bool on_stream = false) {
    const float cells = std::max(2.0F, std::floor(units * unit / at.cell));
    const float left = std::floor(x + (units * unit - cells * at.cell) * 0.5F);
    at.columns.push_back({hook, left, left + cells * at.cell, on_stream, slot, slots});
  }
};

void place_attention(FlowLayout& at, Pen& pen) {
  at.head.min.x = pen.x;
  pen.gap(0.6F);
  pen.column(Hook::q, split_units, 0, 3);
  pen.column(Hook::k, split_units, 1, 3);
  pen.column(Hook::v, split_units, 2, 3);
  pen.gap(split_units + 1.7F);
  at.map = pen.take(at.parts.on_stage ? map_units_on_stage : map_units);
  pen.gap(2.3F);
  pen.column(Hook::z, strip_units);
  pen.gap(strip_units + 0.4F);
  at.head.max.x = pen.x;
  pen.gap(0.9F);
  if (at.parts.sandwich) {
    pen.column(Hook::attn_out_raw, strip_units);
    pen.gap(strip_units + 0.6F);
  }
  pen.column(Hook::attn_out, strip_units);
  at.attention_plus = at.columns.back().middle();
  pen.gap(strip_units + 0.8F);
}

void place_mlp(FlowLayout& at, Pen& pen) {
  const int slots = at.parts.gated ? 3 : 2;
  pen.column(Hook::mlp_pre, split_units, 0, slots);
  if (at.parts.gated) pen.column(Hook::mlp_pre_linear, split_units, 1, slots);
  pen.column(Hook::mlp_post, split_units, slots - 1, slots);
  pen.gap(split_units + 1.2F);
  if (at.parts.sandwich) {
    pen.column(Hook::mlp_out_raw, strip_units);
    pen.gap(strip_units + 0.6F);
  }
  pen.column(Hook::mlp_out, strip_units);
  at.mlp_plus = at.columns.back().middle();
  if (at.parts.wiring == Wiring::parallel) at.attention_plus = at.mlp_plus;
  pen.gap(strip_units + 0.6F);
}

// A norm stands beneath the stream that it reads, or, behind a sum, on the stream itself.
void place_block(FlowLayout& at, Pen& pen) {
  const bool behind = at.parts.wiring == Wiring::post_norm;
  at.block.min.x = pen.x;
  pen.gap(0.6F);
  pen.column(Hook::resid_pre, strip_units, 0, 1, true);
  if (!behind) pen.column(Hook::ln1_normalized, strip_units);
  pen.gap(strip_units + 0.9F);
  place_attention(at, pen);
  if (at.parts.cross) {
    // What asks the source: the norm behind the first sum, on the stream or beneath it.
    pen.column(behind ? Hook::ln1_normalized : Hook::resid_mid, strip_units, 0, 1, true);
    if (!behind) pen.column(Hook::ln_cross_normalized, strip_units);
    pen.gap(strip_units + 0.9F);
    at.cross_map = pen.take(cross_map_units);
    pen.gap(0.9F);
    pen.column(Hook::cross_attn_out, strip_units);
    at.cross_plus = at.columns.back().middle();
    pen.gap(strip_units + 0.8F);
    pen.column(behind ? Hook::ln_cross_normalized : Hook::resid_mid_cross, strip_units, 0, 1, true);
  } else if (behind) {
    pen.column(Hook::ln1_normalized, strip_units, 0, 1, true);
  } else if (!at.parts.mlp) {  // nothing is added any more
    at.mlp_plus = at.attention_plus;
    at.block.max.x = pen.x;
    return;
  } else if (at.parts.wiring != Wiring::parallel) {
    pen.column(Hook::resid_mid, strip_units, 0, 1, true);
  }
  if (!behind) pen.column(Hook::ln2_normalized, strip_units);
  pen.gap(strip_units + 1.4F);
  place_mlp(at, pen);
  if (behind) {
    pen.column(Hook::ln2_normalized, strip_units, 0, 1, true);
    pen.gap(strip_units + 0.6F);
  }
  at.block.max.x = pen.x;
}

void place_embedding(FlowLayout& at, Pen& pen) {
  pen.gap(0.9F);
  const int slots = 1 + (at.parts.positions ? 1 : 0) + (at.parts.token_types ? 1 : 0);
  int slot = 0;
  pen.column(Hook::embed, strip_units, slot++, slots);
  if (at.parts.positions) pen.column(Hook::pos_embed, strip_units, slot++, slots);
  if (at.parts.token_types) pen.column(Hook::token_type_embed, strip_units, slot++, slots);
  pen.gap(strip_units + 0.9F);
}

void place_last(FlowLayout& at, Pen& pen) {
  pen.gap(0.9F);
  if (at.parts.has_last) {
    pen.column(at.parts.last, strip_units);
    pen.gap(strip_units + 0.7F);
  }
  pen.gap(0.9F);
}

// What all of this uses up, the other layers' cards included.
float all_units(const FlowParts& parts) {
  FlowLayout measured;
  measured.parts = parts;
  measured.cell = 0.1F;
  Pen pen{0, 1, measured};
  place_embedding(measured, pen);
  place_block(measured, pen);
  place_last(measured, pen);
  return pen.x + cards_units;
}

void place_columns(FlowLayout& at, const FlowShape& shape) {
  const float tokens =
      std::clamp(shape.token_width, at.em * 3.2F, std::max(at.em * 4.6F, at.size.x * 0.085F));
  const float list = std::clamp(at.size.x * 0.135F, at.em * candidates_em, at.em * 12);
  const float encoder = shape.source > 0 ? at.em * encoder_em : 0;
  const float unit =
      std::max(at.em * least_unit, (at.size.x - encoder - tokens - list) / all_units(at.parts));
  at.tokens = {ImVec2(at.corner.x + encoder, at.rows_top),
               ImVec2(at.corner.x + encoder + tokens, at.rows_bottom)};
  Pen pen{at.tokens.max.x, unit, at};
  place_embedding(at, pen);
  const std::int64_t others = shape.layers - 1;
  const float cards = std::min(cards_units * unit, as_float(others) * at.em * largest_card_edge);
  const float edge = others > 0 ? cards / as_float(others) : 0;
  // A model of few layers leaves room: half of it before the block keeps the picture in the middle.
  pen.x += (cards_units * unit - cards) * 0.5F;
  at.layers_before = {ImVec2(pen.x, 0), ImVec2(pen.x + edge * as_float(shape.layer), 0)};
  pen.x = at.layers_before.max.x;
  place_block(at, pen);
  at.layers_after = {ImVec2(pen.x, 0), ImVec2(pen.x + edge * as_float(others - shape.layer), 0)};
  pen.x = at.layers_after.max.x + (cards_units * unit - cards) * 0.5F;
  place_last(at, pen);
  at.candidates.min.x = pen.x;
  at.candidates.max.x = std::max(pen.x + list, at.corner.x + at.size.x);
}

// Rows around the chosen one; the others share bands above and below, and marks say how many they are.
void place_bands(FlowLayout& at, const FlowShape& shape) {
  const float room = at.rows_bottom - at.rows_top;
  const float band = at.em * band_em, mark = at.em * 1.2F, least = at.em * lowest_row;
  const bool low = at.low();
  const auto bands =
      low ? 2 : std::clamp<std::int64_t>(static_cast<std::int64_t>(room * 0.3F / band), 2, most_bands);
  // Both sides share the room for bands; where there are none, the rows have it.
  const float zone = as_float(bands) * band + mark * 2;
  const auto fits = [&](float space) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(space / least), 1, shape.positions);
  };
  std::int64_t count = fits(room - zone);
  at.first = std::clamp<std::int64_t>(shape.selected - count / 2, 0, shape.positions - count);
  const bool both = at.first > 0 && at.first + count < shape.positions;
  const float side = both || low ? zone * 0.5F : zone;
  if (low && !both) {  // one band, and the rows have the rest
    count = fits(room - side);
    at.first = std::clamp<std::int64_t>(shape.selected - count / 2, 0, shape.positions - count);
  }
  at.last = at.first + count;
  const float above = at.first > 0 ? side : 0, below = at.last < shape.positions ? side : 0;
  at.row_height = std::max(at.em * 0.5F, (room - above - below) / as_float(count));
  const std::int64_t each = both || low ? std::max<std::int64_t>(1, bands / 2) : bands;
  const auto add = [&](std::int64_t first, std::int64_t last, float top) {
    const std::int64_t here = std::min(each, last - first);
    for (std::int64_t i = 0; i < here; ++i) {
      at.bands.push_back({first + (last - first) * i / here, first + (last - first) * (i + 1) / here,
                          top + band * as_float(i), band});
    }
  };
  const float top = at.rows_top;
  at.rows_top = std::floor(top + above);
  at.rows_bottom = at.rows_top + at.row_height * as_float(count);
  if (above > 0) add(0, at.first, top + mark);
  if (below > 0) add(at.last, shape.positions, at.rows_bottom + at.em * 0.2F);
}

// The encoder's own text has rows of its own, in the same height.
void place_source(FlowLayout& at, const FlowShape& shape, float top, float bottom) {
  at.source = shape.source;
  at.source_layers = shape.source_layers;
  if (shape.source <= 0) return;
  const float least = at.em * lowest_row, mark = at.em * 1.2F;
  if (as_float(shape.source) * least <= bottom - top) {
    at.source_last = shape.source;
    at.source_row = std::min((bottom - top) / as_float(shape.source), at.em * 3.0F);
  } else {
    const auto count =
        std::max<std::int64_t>(1, static_cast<std::int64_t>((bottom - top - mark * 2) / least));
    at.source_first = std::clamp<std::int64_t>(shape.source_selected - count / 2, 0, shape.source - count);
    at.source_last = at.source_first + count;
    at.source_row = least;
  }
  const float used = at.source_row * as_float(at.source_last - at.source_first);
  at.source_top = std::floor(top + (bottom - top - used) * 0.5F);
  const float x = at.corner.x;
  at.source_tokens = {ImVec2(x, top), ImVec2(x + at.em * 4.4F, bottom)};
  at.source_stack = {ImVec2(x + at.em * 5.0F, at.block.min.y), ImVec2(x + at.em * 7.2F, at.block.max.y)};
  at.source_strips = {ImVec2(x + at.em * 7.7F, top), ImVec2(x + at.em * 9.9F, bottom)};
  at.source_bus = at.block.max.y + at.em * 1.05F;
  const auto most = static_cast<std::int64_t>(at.cross_map.width() / at.cell);
  at.cross_columns = std::clamp<std::int64_t>(shape.source, 1, std::max<std::int64_t>(1, most));
}

void place_rows(FlowLayout& at, const FlowShape& shape) {
  const float room = at.rows_bottom - at.rows_top;
  const float least = at.em * lowest_row;
  at.positions = shape.positions;
  if (as_float(shape.positions) * least <= room) {
    at.last = shape.positions;
    at.row_height =
        std::min(room / as_float(std::max<std::int64_t>(1, shape.positions)), at.em * highest_row);
  } else {
    place_bands(at, shape);
    return;
  }
  const float used = at.row_height * as_float(at.rows());
  at.rows_top = std::floor(at.rows_top + (room - used) * 0.5F);
  at.rows_bottom = at.rows_top + used;
}

void place_cards(FlowLayout& at, const FlowShape& shape, float above, float edges) {
  const std::int64_t others = shape.heads - 1;
  const float edge = others > 0 ? edges / as_float(others) : 0;
  at.head.min.y = above + edge * as_float(shape.head);
  at.head.max.y = at.footer.min.y - at.em * 0.6F - edge * as_float(others - shape.head);
  at.heads_before = {ImVec2(at.head.min.x, above), ImVec2(at.head.max.x, at.head.min.y)};
  at.heads_after = {ImVec2(at.head.min.x, at.head.max.y),
                    ImVec2(at.head.max.x, at.footer.min.y - at.em * 0.6F)};
  at.block.min.y = at.title.max.y;
  at.block.max.y = at.footer.min.y - at.em * 0.2F;
  for (FlowRect* cards : {&at.layers_before, &at.layers_after}) {
    cards->min.y = at.block.min.y;
    cards->max.y = at.block.max.y;
  }
}

// Room for the list beside the selected row; fewer lines where it is low.
void place_candidates(FlowLayout& at, const FlowShape& shape) {
  const float line = at.em * 1.75F;
  at.shown_candidates = std::clamp<std::int64_t>(
      static_cast<std::int64_t>((at.block.max.y - at.headings.max.y) / line), 1, flow_candidates);
  const float height = line * as_float(at.shown_candidates);
  const float lowest = std::max(at.headings.max.y, at.block.max.y - height);
  const std::int64_t row =
      std::clamp(shape.output_row.value_or(shape.selected), at.first, std::max(at.first, at.last - 1));
  const float middle = at.row_top(row) + at.row_height * 0.6F;
  at.candidates.min.y =
      std::clamp(middle - height * 0.5F, std::min(at.headings.max.y + at.em * 0.4F, lowest), lowest);
  at.candidates.max.y = at.candidates.min.y + height;
}

}  // namespace

FlowParts flow_parts(const ArchitectureDescription& a, std::int64_t layer) {
  FlowParts parts;
  parts.wiring = a.wiring;
  parts.positions = has_hook(Hook::pos_embed, a);
  parts.token_types = has_hook(Hook::token_type_embed, a);
  parts.cross = a.cross_attention;
  parts.mlp = a.has_mlp();
  parts.gated = a.gated;
  parts.sandwich = a.sandwich_norms;
  const bool masked = has_hook(Hook::mlm_head_normalized, a);
  parts.last = masked ? Hook::mlm_head_normalized : Hook::ln_final_normalized;
  parts.has_last = masked || a.final_norm;
  parts.has_candidates = has_hook(Hook::logits, a);
  parts.rule = attention_rule(a, layer);
  return parts;
}

float lowest_flow(float em) { return em * 11.5F; }

float narrowest_flow(float em, const FlowParts& parts) {
  return em * (all_units(parts) * least_unit + candidates_em + 4.6F + (parts.cross ? encoder_em : 0.0F));
}

FlowLayout place_flow(const FlowShape& shape, ImVec2 corner, ImVec2 size, float em) {
  FlowLayout at;
  at.em = em;
  at.corner = corner;
  at.size = size;
  at.cell = std::max(1.0F, std::round(em * 0.125F));
  at.parts = shape.parts;
  at.layer_count = shape.layers;
  at.layer = shape.layer;
  at.head_count = shape.heads;
  at.head_index = shape.head;
  const float right = corner.x + size.x;
  at.title = {corner, ImVec2(right, corner.y + em * 0.1F)};
  at.footer = {ImVec2(corner.x, corner.y + size.y - em * (shape.source > 0 ? 2.9F : 1.9F)),
               ImVec2(right, corner.y + size.y)};
  const float edges =
      shape.heads > 1 && !at.low() ? std::min(em * 1.5F, as_float(shape.heads - 1) * em * 0.19F) : 0;
  const float above = at.title.max.y + em * 1.55F;  // the block's own line: which layer, which head
  const float heading_top = above + edges;
  at.headings = {ImVec2(corner.x, heading_top), ImVec2(right, heading_top + em * 1.5F)};
  at.rows_top = at.headings.max.y + em * 0.7F;
  at.rows_bottom = std::max(at.rows_top + em, at.footer.min.y - em * 0.8F - edges);
  const float rows_top = at.rows_top, rows_bottom = at.rows_bottom;
  place_rows(at, shape);
  place_columns(at, shape);
  place_cards(at, shape, above, edges);
  place_source(at, shape, rows_top, rows_bottom);
  at.map.min.y = at.rows_top;
  at.map.max.y = at.rows_bottom;
  const auto most = static_cast<std::int64_t>(at.map.width() / at.cell);
  at.map_columns = std::clamp<std::int64_t>(shape.positions, 1, std::max<std::int64_t>(1, most));
  place_candidates(at, shape);
  return at;
}

bool FlowLayout::low() const { return size.y < em * 16.0F; }

float FlowLayout::stream_strip_height() const {
  return std::max(2.0F, std::floor(std::min(row_height * 0.16F, em * 0.6F)));
}

float FlowLayout::stream_y(std::int64_t position) const {
  return std::floor(row_top(position) + std::clamp(row_height * 0.17F, 3.0F, em * 1.1F)) + 0.5F;
}

const FlowColumn* FlowLayout::column(Hook hook) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [hook](const FlowColumn& column) { return column.hook == hook; });
  return found == columns.end() ? nullptr : &*found;
}

int FlowLayout::cells(const FlowColumn& column) const {
  return std::max(1, static_cast<int>((column.right - column.left) / cell + 0.5F));
}

FlowRect FlowLayout::strip(const FlowColumn& column, std::int64_t position) const {
  if (column.on_stream) {
    const float half = stream_strip_height() * 0.5F;
    const float y = stream_y(position);
    return {ImVec2(column.left, std::floor(y - half)), ImVec2(column.right, std::floor(y + half + 0.5F))};
  }
  const float top = row_top(position) + row_height * 0.36F;
  const float lane = std::min(row_height * 0.58F, em * 4.2F);
  if (column.slots == 1) {
    const float height = std::max(3.0F, std::min(lane * 0.6F, em * 1.5F));
    const float middle = top + lane * 0.5F;
    return {ImVec2(column.left, std::floor(middle - height * 0.5F)),
            ImVec2(column.right, std::floor(middle + height * 0.5F))};
  }
  const float step = lane / static_cast<float>(column.slots);
  const float slot_top = std::floor(top + step * static_cast<float>(column.slot));
  return {ImVec2(column.left, slot_top),
          ImVec2(column.right, slot_top + std::max(1.0F, std::floor(step * (small() ? 0.75F : 0.72F))))};
}

FlowRect FlowLayout::map_row(std::int64_t position) const {
  return {ImVec2(map.min.x, strip(Hook::q, position).min.y),
          ImVec2(map.max.x, strip(Hook::k, position).max.y)};
}

FlowRect FlowLayout::map_cell(std::int64_t position, std::int64_t map_column) const {
  const FlowRect row = map_row(position);
  const float width = map.width() / as_float(map_columns);
  return {ImVec2(std::floor(map.min.x + width * as_float(map_column)), row.min.y),
          ImVec2(std::floor(map.min.x + width * as_float(map_column + 1)), row.max.y)};
}

FlowRect FlowLayout::cross_row(std::int64_t position) const {
  const FlowRect row = map_row(position);
  return {ImVec2(cross_map.min.x, row.min.y), ImVec2(cross_map.max.x, row.max.y)};
}

FlowRect FlowLayout::cross_cell(std::int64_t position, std::int64_t column) const {
  const FlowRect row = cross_row(position);
  const float width = row.width() / as_float(cross_columns);
  return {ImVec2(std::floor(row.min.x + width * as_float(column)), row.min.y),
          ImVec2(std::floor(row.min.x + width * as_float(column + 1)), row.max.y)};
}

FlowRect FlowLayout::source_chip(std::int64_t position) const {
  const float top = source_top + source_row * as_float(position - source_first);
  const float height = std::min(source_row * 0.86F, em * 1.5F);
  const float y = std::floor(top + (source_row - height) * 0.5F);
  return {ImVec2(source_tokens.min.x, y), ImVec2(source_tokens.max.x, y + height)};
}

FlowRect FlowLayout::source_strip(std::int64_t position) const {
  const FlowRect chip = source_chip(position);
  const float height = std::max(3.0F, chip.height() * 0.7F);
  const float y = std::floor(chip.center().y - height * 0.5F);
  return {ImVec2(source_strips.min.x, y),
          ImVec2(source_strips.min.x + cell * static_cast<float>(source_cells()), y + height)};
}

int FlowLayout::source_cells() const { return std::max(2, static_cast<int>(source_strips.width() / cell)); }

FlowRect FlowLayout::source_card(std::int64_t index) const {
  const float width = std::min(source_stack.width() / as_float(std::max<std::int64_t>(1, source_layers)),
                               em * largest_card_edge);
  const float left = source_stack.center().x - width * as_float(source_layers) * 0.5F;
  return {ImVec2(left + width * as_float(index), source_stack.min.y),
          ImVec2(left + width * as_float(index + 1), source_stack.max.y)};
}

FlowRect FlowLayout::band_strip(const FlowColumn& column, const FlowBand& band) const {
  const float height = band.height - 1;
  if (column.on_stream)
    return {ImVec2(column.left, band.top), ImVec2(column.right, band.top + height * 0.3F)};
  const float lane = height * 0.62F;
  const float step = lane / static_cast<float>(column.slots);
  const float top = band.top + height * 0.38F + step * static_cast<float>(column.slot);
  return {ImVec2(column.left, top), ImVec2(column.right, top + step)};
}

FlowRect FlowLayout::band_map(const FlowBand& band) const {
  return {ImVec2(map.min.x, band.top), ImVec2(map.max.x, band.top + band.height - 1)};
}

FlowRect FlowLayout::layer_card(std::int64_t other) const {
  const bool before = other < layer;
  const FlowRect& cards = before ? layers_before : layers_after;
  const float edge =
      cards.width() / as_float(std::max<std::int64_t>(1, before ? layer : layer_count - 1 - layer));
  const float away = as_float(before ? layer - other : other - layer);
  const float inset = std::min(away * em * 0.05F, em * 1.1F);
  const float left =
      before ? cards.min.x + edge * as_float(other) : cards.min.x + edge * as_float(other - layer - 1);
  return {ImVec2(left, cards.min.y + inset), ImVec2(left + edge, cards.max.y - inset)};
}

FlowRect FlowLayout::head_card(std::int64_t other) const {
  const bool before = other < head_index;
  const FlowRect& cards = before ? heads_before : heads_after;
  const std::int64_t count = before ? head_index : head_count - 1 - head_index;
  const float edge = cards.height() / as_float(std::max<std::int64_t>(1, count));
  const float away = as_float(before ? head_index - other : other - head_index);
  const float inset = std::min(away * em * 0.16F, em * 1.6F);
  const float top =
      before ? cards.min.y + edge * as_float(other) : cards.min.y + edge * as_float(other - head_index - 1);
  return {ImVec2(cards.min.x + inset, top), ImVec2(cards.max.x - inset, top + edge)};
}

FlowRect FlowLayout::candidate(std::int64_t rank) const {
  const float step = candidates.height() / as_float(shown_candidates);
  return {ImVec2(candidates.min.x, candidates.min.y + step * as_float(rank)),
          ImVec2(candidates.max.x, candidates.min.y + step * as_float(rank + 1))};
}

}  // namespace headlight
