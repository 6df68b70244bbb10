// Lights the cells of the picture that the pointed-at value was computed from.
#include <algorithm>
#include <cmath>

#include "gui/views/flow_picture.h"

namespace headlight {
namespace {

// Where a hook is seen when it has no place of its own.
Hook shown_as(const FlowScene& scene, const LitRange& range) {
  switch (range.hook) {
    case Hook::rot_q:
      return Hook::q;
    case Hook::rot_k:
      return Hook::k;
    case Hook::resid_post:
      return scene.at.column(Hook::resid_post) ? Hook::resid_post : Hook::resid_pre;
    default:
      return range.hook;
  }
}

bool is_shown_layer(const FlowScene& scene, const LitRange& range) {
  if (!hook_info(range.hook).in_block) return true;
  // What leaves a block is what the next one reads.
  if (range.hook == Hook::resid_post && scene.at.column(Hook::resid_post) == nullptr)
    return range.layer + 1 == scene.at.layer;
  return range.layer == scene.at.layer;
}

void light_map(const FlowScene& scene, const LitRange& range) {
  const FlowLayout& at = scene.at;
  if (at.head_index < range.first[0] || at.head_index >= range.last[0]) return;
  for (std::int64_t query = std::max(at.first, range.first[1]); query < std::min(at.last, range.last[1]);
       ++query) {
    std::int64_t from = 0;
    while (from + 1 < at.map_columns && at.first_key(from + 1) <= range.first[2]) ++from;
    std::int64_t to = from;
    while (to + 1 < at.map_columns && at.first_key(to + 1) < range.last[2]) ++to;
    add_lit_frame(scene.list, at.map_cell(query, from).min, at.map_cell(query, to).max, range.step);
  }
}

void light_strips(const FlowScene& scene, const LitRange& range, const FlowColumn& column) {
  const FlowLayout& at = scene.at;
  const HookInfo& info = hook_info(range.hook);
  std::size_t axis = 1;
  if (info.axis_count == 3) {
    const bool shared = info.axes[1] == Axis::kv_head;
    const std::int64_t head = shared ? key_value_head(scene.architecture(), at.head_index) : at.head_index;
    if (head < range.first[1] || head >= range.last[1]) return;
    axis = 2;
  }
  for (std::int64_t position = std::max(at.first, range.first[0]);
       position < std::min(at.last, range.last[0]); ++position) {
    const std::int64_t length = scene.values.strip(column.hook, position, at.cells(column)).length;
    if (length == 0) continue;
    const FlowRect strip = at.strip(column, position);
    const auto x = [&](std::int64_t index) {
      return strip.min.x + strip.width() * static_cast<float>(index) / static_cast<float>(length);
    };
    add_lit_frame(scene.list, ImVec2(x(range.first[axis]), strip.min.y),
                  ImVec2(x(std::min(range.last[axis], length)), strip.max.y), range.step);
  }
}

}  // namespace

void draw_flow_lit(const FlowScene& scene) {
  for (const LitRange& range : scene.lit) {
    if (range.in_encoder || !is_shown_layer(scene, range)) continue;
    if (range.hook == Hook::pattern || range.hook == Hook::attn_scores) {
      light_map(scene, range);
    } else if (const FlowColumn* column = scene.at.column(shown_as(scene, range))) {
      light_strips(scene, range, *column);
    }
  }
}

}  // namespace headlight
