// Where everything of the flow picture stands: pure geometry, shared by painting, clicking and tests.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/forward/derived_values.h"
#include "core/forward/hooks.h"
#include "imgui.h"

namespace headlight {

struct FlowRect {
  ImVec2 min{0, 0};
  ImVec2 max{0, 0};
  bool contains(ImVec2 point) const {
    return point.x >= min.x && point.x < max.x && point.y >= min.y && point.y < max.y;
  }
  ImVec2 center() const { return {(min.x + max.x) * 0.5F, (min.y + max.y) * 0.5F}; }
  float width() const { return max.x - min.x; }
  float height() const { return max.y - min.y; }
};

// Which parts the model has; as it stands here, a Llama's.
struct FlowParts {
  Wiring wiring = Wiring::sequential;
  bool positions = false;  // a table of positions is added to the tokens
  bool token_types = false;
  bool cross = false;  // attention to an encoder's text
  bool mlp = true;     // false: blocks of attention alone
  bool gated = true;
  bool sandwich = false;                  // a norm behind attention and one behind the MLP, before the sums
  Hook last = Hook::ln_final_normalized;  // what the output reads
  bool has_last = true;                   // false: it reads the stream itself
  bool has_candidates = true;             // tokens at the end
  AttentionRule rule = {};                // of the current layer
  bool on_stage = false;                  // the map is wider: its numbers are read from the last row
};
FlowParts flow_parts(const ArchitectureDescription& architecture, std::int64_t layer);

// Tokens that share one thin row, because a long text has no room for a row each.
struct FlowBand {
  std::int64_t first = 0, last = 0;  // [first, last)
  float top = 0, height = 0;
};

// What the picture is of.
struct FlowShape {
  std::int64_t positions = 1;
  std::int64_t selected = 0;  // the row that must be visible
  std::int64_t layers = 1;
  std::int64_t layer = 0;
  std::int64_t heads = 1;
  std::int64_t head = 0;
  FlowParts parts = {};
  std::optional<std::int64_t> output_row = {};  // beside which the output stands; the selected one if empty
  float token_width = 0;                        // pixels that the widest label of a token would like
  // Of an encoder-decoder: the encoder's text and stack, to the left of everything.
  std::int64_t source = 0;  // its tokens; 0: there is no encoder
  std::int64_t source_selected = 0;
  std::int64_t source_layers = 0;
};

// Vectors of one hook, one above the other: a strip a token.
struct FlowColumn {
  Hook hook = Hook::embed;
  float left = 0, right = 0;
  bool on_stream = false;  // in the upper lane of a row, where the residual stream runs
  float middle() const { return (left + right) * 0.5F; }
  int slot = 0;  // of `slots` strips that share the lower lane
  int slots = 1;
};

struct FlowLayout {
  float em = 16;
  ImVec2 corner, size;
  float cell = 2;  // pixels of one cell of a strip

  // Rows: tokens [first, last).
  std::int64_t positions = 0, first = 0, last = 0;
  float rows_top = 0, rows_bottom = 0, row_height = 0;

  FlowParts parts;
  std::vector<FlowColumn> columns;
  FlowRect tokens;  // the chips
  FlowRect block;   // the card of the current layer
  FlowRect head;    // the card of the current head, on it
  FlowRect map;
  FlowRect layers_before, layers_after;  // edges of the other layers' cards
  FlowRect heads_before, heads_after;    // of the other heads'
  std::vector<FlowBand> bands;           // above and below the rows
  FlowRect candidates;
  std::int64_t shown_candidates = 1;  // that there is room for
  FlowRect title;                     // the line above everything
  FlowRect headings;                  // names of the columns
  FlowRect footer;
  // Of an encoder-decoder. Rows of the source text: tokens [source_first, source_last).
  std::int64_t source = 0, source_first = 0, source_last = 0, source_layers = 0;
  float source_top = 0, source_row = 0;
  FlowRect source_tokens, source_stack, source_strips;
  FlowRect cross_map;  // the decoder's queries and the source's keys; empty without an encoder
  std::int64_t cross_columns = 1;
  float source_bus = 0;  // y at which the encoder's vectors pass beneath the decoder

  std::int64_t layer_count = 1, layer = 0, head_count = 1, head_index = 0;
  std::int64_t map_columns = 1;  // fewer than keys when they would be too narrow
  // x where a part is added to the stream; side by side with the MLP, attention is added where that is.
  float attention_plus = 0, cross_plus = 0, mlp_plus = 0;
  KeyRange seen(std::int64_t query) const { return visible_keys(parts.rule, query, positions); }

  std::int64_t rows() const { return last - first; }
  bool low() const;  // the rows need the room of the other heads' cards and of most bands
  bool small() const { return row_height < em * 1.7F; }  // no room for details in a row
  float row_top(std::int64_t position) const {
    return rows_top + static_cast<float>(position - first) * row_height;
  }
  bool shows(std::int64_t position) const { return position >= first && position < last; }
  float stream_y(std::int64_t position) const;
  float stream_strip_height() const;
  const FlowColumn* column(Hook hook) const;
  FlowRect strip(const FlowColumn& column, std::int64_t position) const;
  FlowRect strip(Hook hook, std::int64_t position) const { return strip(*column(hook), position); }
  // A row of the map; `part`: the lower lane, which the map shares with the values that pass beneath it.
  FlowRect map_row(std::int64_t position) const;
  FlowRect map_cell(std::int64_t position, std::int64_t map_column) const;
  std::int64_t first_key(std::int64_t map_column) const { return map_column * positions / map_columns; }
  FlowRect cross_row(std::int64_t position) const;
  FlowRect cross_cell(std::int64_t position, std::int64_t column) const;
  std::int64_t first_source_key(std::int64_t column) const { return column * source / cross_columns; }
  FlowRect source_chip(std::int64_t position) const;
  FlowRect source_strip(std::int64_t position) const;
  int source_cells() const;
  FlowRect source_card(std::int64_t layer) const;
  // What a band shows of a column, and of the map.
  FlowRect band_strip(const FlowColumn& column, const FlowBand& band) const;
  FlowRect band_map(const FlowBand& band) const;
  // The edge of another layer's card, or another head's.
  FlowRect layer_card(std::int64_t layer) const;
  FlowRect head_card(std::int64_t head) const;
  FlowRect candidate(std::int64_t rank) const;
  int cells(const FlowColumn& column) const;
};

constexpr std::int64_t flow_candidates = 5;  // at most

// The lowest and the narrowest picture that can be read; a narrower panel scrolls.
float lowest_flow(float em);
float narrowest_flow(float em, const FlowParts& parts = {});

FlowLayout place_flow(const FlowShape& shape, ImVec2 corner, ImVec2 size, float em);

}  // namespace headlight
