// Paints the flow picture from its layout and numbers; knows nothing of clicks.
#pragma once

#include <cstdint>

#include "gui/frame.h"
#include "gui/views/flow_bands.h"
#include "gui/views/flow_hit.h"
#include "gui/views/flow_layout.h"
#include "gui/views/flow_values.h"
#include "gui/views/head_maps.h"
#include "gui/widgets/lit_cells.h"

namespace headlight {

struct FlowScene {
  ImDrawList& list;
  const Frame& frame;
  const Trace& trace;
  const FlowLayout& at;
  FlowValues& values;
  const FlowBands& bands;
  HeadRows* cross;                   // weights of the source's tokens; null without any
  HeadRows* pattern;                 // of the current head; null while it is not known
  std::int64_t query;                // the row that stands out
  FlowHit hit;                       // what the mouse is over
  const std::vector<LitRange>& lit;  // what the pointed-at value was computed from

  const ArchitectureDescription& architecture() const { return trace.model().architecture; }
  bool chosen(std::int64_t position) const { return position == query; }
  // Opacity of a row's strips and of its ribbons.
  float strip_alpha(std::int64_t position) const { return chosen(position) ? 1.0F : 0.62F; }
  float ribbon_alpha(std::int64_t position) const { return chosen(position) ? 0.48F : 0.18F; }
  bool has(Hook hook) const { return trace.has(hook, hook_info(hook).in_block ? at.layer : 0); }
};

void draw_flow_cards(const FlowScene& scene);       // cards of layers and heads, names of columns
void draw_flow_stream(const FlowScene& scene);      // the residual stream of every row
void draw_flow_ribbons(const FlowScene& scene);     // what goes where
void draw_flow_strips(const FlowScene& scene);      // vectors, the map, chips
void draw_flow_bands(const FlowScene& scene);       // the rows that share bands
void draw_flow_source(const FlowScene& scene);      // the encoder, and what the decoder reads of it
void draw_flow_lit(const FlowScene& scene);         // the cells that a value was computed from
void draw_flow_candidates(const FlowScene& scene);  // the likeliest next tokens
void draw_flow_footer(const FlowScene& scene);      // the legend, how to move

}  // namespace headlight
