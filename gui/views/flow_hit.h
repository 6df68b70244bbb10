// What of the flow picture is under the mouse, and what a click on it does.
#pragma once

#include <cstdint>

#include "gui/frame.h"
#include "gui/views/flow_layout.h"
#include "gui/views/flow_values.h"
#include "gui/views/head_maps.h"

namespace headlight {

enum class FlowPick {
  nothing,
  token,
  strip,
  stream,
  map,
  layer,
  head,
  candidate,
  open_part,
  band,          // cell: which
  cross_map,     // cell: of the row
  source,        // a token of the source text: cell
  source_strip,  // what the encoder made of it: cell
  encoder
};

struct FlowHit {
  FlowPick pick = FlowPick::nothing;
  Hook hook = Hook::embed;
  std::int64_t position = -1;  // the row
  std::int64_t cell = -1;      // of the strip or the map; the layer, head or rank
  bool operator==(const FlowHit&) const = default;
};

FlowHit flow_hit(const FlowLayout& at, ImVec2 mouse);

// For the keyboard: one number for each part that a click answers alike, 0 for nothing.
std::size_t flow_thing(const FlowHit& hit);

// The number that a cell of a strip or of the map stands for: the one of largest magnitude that it covers.
struct FlowNumber {
  ValueReference reference;
  float value = 0;
  std::int64_t first = 0, last = 0;  // what the cell covers: [first, last)
  bool known = false;
};
FlowNumber flow_number(const FlowLayout& at, const Frame& frame, FlowValues& values, HeadRows* pattern,
                       const FlowHit& hit);

// Sets commands.hover() and shows a tooltip.
// `cross`: the weights of the source's tokens, or null.
void show_flow_hover(const FlowLayout& at, const Frame& frame, Commands& commands, FlowValues& values,
                     HeadRows* pattern, HeadRows* cross, const FlowHit& hit);

}  // namespace headlight
