// The residual stream and the ribbons: which vector is made from which.
#include <algorithm>
#include <cmath>

#include "gui/views/flow_picture.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/ribbon.h"

namespace headlight {
namespace {

constexpr std::int64_t rows_with_detail = 16;  // beyond, only the chosen row's mix and wires are drawn

RibbonEnd end_of(const FlowRect& strip, bool right_end, ImU32 color) {
  return {right_end ? strip.max.x : strip.min.x, strip.min.y, strip.max.y, color};
}

// From a strip of the lower lane up or down to the stream: straight, fading towards `to`.
void add_drop(const FlowScene& scene, float left, float right, float from_y, float to_y, ImU32 from,
              ImU32 to) {
  const float inset = (right - left) * 0.25F;
  scene.list.AddRectFilledMultiColor(ImVec2(left + inset, std::min(from_y, to_y)),
                                     ImVec2(right - inset, std::max(from_y, to_y)), from_y < to_y ? from : to,
                                     from_y < to_y ? from : to, from_y < to_y ? to : from,
                                     from_y < to_y ? to : from);
}

class RowStream {
 public:
  RowStream(const FlowScene& scene, std::int64_t position)
      : scene_(scene),
        position_(position),
        y_(scene.at.stream_y(position)),
        thickest_(std::clamp(scene.at.row_height * 0.085F, 1.5F, scene.at.em * 0.42F)),
        color_(with_alpha(palette().residual, scene.chosen(position) ? 0.95F : 0.45F)) {}

  float half(float norm) const {
    const float thin = std::max(0.5F, scene_.at.em * 0.04F);
    return norm < 0 ? thin
                    : std::max(thin, thickest_ * (0.25F + 0.75F * scene_.values.norm_position(norm)) * 0.5F);
  }
  void piece(float from, float to, float norm) const {
    const float h = half(norm);
    const ImU32 color = norm < 0 ? with_alpha(color_, 0.3F) : color_;
    add_ribbon(scene_.list, {from, y_ - h, y_ + h, color}, {to, y_ - h, y_ + h, color});
  }

  void draw() const {
    const FlowLayout& at = scene_.at;
    const FlowColumn* embed = at.column(Hook::embed);
    const FlowColumn* last = at.parts.has_last ? at.column(at.parts.last) : nullptr;
    const float start = std::min(at.layers_before.min.x, embed->right + at.em * 1.2F);
    const float norm_in = scene_.values.stream_norm(0, position_);
    const float h_in = half(norm_in);
    const ImU32 soft = with_alpha(palette().residual, scene_.ribbon_alpha(position_));
    for (const Hook part : {Hook::embed, Hook::pos_embed, Hook::token_type_embed}) {
      const FlowColumn* column = at.column(part);
      if (column == nullptr || !scene_.has(part)) continue;
      add_ribbon(scene_.list, end_of(at.strip(*column, position_), true, soft),
                 {start, y_ - h_in, y_ + h_in, color_});
    }
    piece(start, at.layers_before.min.x, norm_in);
    for (std::int64_t layer = 0; layer < at.layer_count; ++layer) {
      if (layer == at.layer) continue;
      const FlowRect card = at.layer_card(layer);
      piece(card.min.x, card.max.x, scene_.values.stream_norm(layer, position_));
    }
    draw_in_block();
    const float norm_out = scene_.values.stream_norm(at.layer_count, position_);
    const float h_out = half(norm_out);
    // A classifier goes on with the first token alone.
    const bool goes_on = scene_.architecture().head != OutputHead::classifier || position_ == 0;
    const float end = last ? last->left : at.candidates.min.x + (goes_on ? at.em * 0.6F : -at.em * 2.0F);
    const float leave = std::max(at.layers_after.max.x, end - at.em * 1.4F);
    piece(at.layers_after.max.x, leave, norm_out);
    if (last && scene_.has(at.parts.last)) {
      add_ribbon(scene_.list, {leave, y_ - h_out, y_ + h_out, color_},
                 end_of(at.strip(*last, position_), false, soft));
    }
  }

 private:
  void draw_in_block() const {
    const FlowLayout& at = scene_.at;
    const float norm_in = scene_.values.stream_norm(at.layer, position_);
    piece(at.layers_before.max.x, at.attention_plus, norm_in);
    if (at.parts.wiring != Wiring::parallel) {
      const bool behind = at.parts.wiring == Wiring::post_norm;
      const float after_attention = length_of(behind ? Hook::ln1_normalized : Hook::resid_mid);
      const float second = at.parts.cross ? at.cross_plus : at.mlp_plus;
      piece(at.attention_plus, second, after_attention);
      if (at.parts.cross) {
        piece(second, at.mlp_plus, length_of(behind ? Hook::ln_cross_normalized : Hook::resid_mid_cross));
      }
    }
    piece(at.mlp_plus, at.layers_after.min.x, scene_.values.stream_norm(at.layer + 1, position_));
  }
  float length_of(Hook hook) const {
    const PooledStrip& strip = scene_.values.strip(hook, position_, 1);
    return strip.length > 0 ? strip.rms * std::sqrt(static_cast<float>(strip.length)) : -1.0F;
  }

  const FlowScene& scene_;
  std::int64_t position_;
  float y_;
  float thickest_;
  ImU32 color_;
};

void draw_plus(const FlowScene& scene, float x, std::int64_t position) {
  const FlowLayout& at = scene.at;
  const float y = at.stream_y(position);
  const float radius = std::clamp(at.row_height * 0.085F, 2.5F, at.em * 0.42F);
  const ImU32 color = with_alpha(palette().residual, scene.chosen(position) ? 1.0F : 0.6F);
  scene.list.AddCircleFilled(ImVec2(x, y), radius, mix(palette().panel, palette().raised, 0.4F));
  scene.list.AddCircle(ImVec2(x, y), radius, color, 0, std::max(1.0F, at.em * 0.07F));
  const float arm = radius * 0.55F;
  const float line = std::max(1.0F, at.em * 0.07F);
  scene.list.AddLine(ImVec2(x - arm, y), ImVec2(x + arm, y), color, line);
  scene.list.AddLine(ImVec2(x, y - arm), ImVec2(x, y + arm), color, line);
}

// One strip to another: from the middle part of the first's edge.
void link(const FlowScene& scene, Hook from, Hook to, std::int64_t position, float share_from,
          float share_to) {
  if (scene.at.column(from) == nullptr || scene.at.column(to) == nullptr) return;
  if (!scene.has(from) || !scene.has(to)) return;
  const FlowRect a = scene.at.strip(from, position);
  const FlowRect b = scene.at.strip(to, position);
  RibbonEnd start = end_of(a, true, with_alpha(part_color(from), scene.ribbon_alpha(position)));
  start.top = a.min.y + a.height() * share_from;
  start.bottom = a.min.y + a.height() * share_to;
  const ImU32 color = part_color(to);
  add_ribbon(scene.list, start, end_of(b, false, with_alpha(color, scene.ribbon_alpha(position) * 1.2F)));
}

// The stream is read by a norm beneath it.
void read_stream(const FlowScene& scene, Hook stream, Hook norm, std::int64_t position) {
  const FlowColumn* column = scene.at.column(norm);
  if (column == nullptr || column->on_stream || !scene.has(norm)) return;
  const FlowColumn* read = scene.at.column(stream);
  const FlowRect below = scene.at.strip(*column, position);
  const float alpha = scene.ribbon_alpha(position);
  // Where the stream has no strip of its own, from its line.
  const float top = read ? scene.at.strip(*read, position).max.y : scene.at.stream_y(position);
  add_drop(scene, below.min.x, below.max.x, top, below.min.y, with_alpha(palette().residual, alpha * 1.3F),
           with_alpha(palette().residual, alpha * 0.5F));
}

void write_stream(const FlowScene& scene, Hook out, float plus, std::int64_t position) {
  if (scene.at.column(out) == nullptr || !scene.has(out)) return;
  const FlowRect strip = scene.at.strip(out, position);
  const float alpha = scene.ribbon_alpha(position);
  add_drop(scene, strip.min.x, strip.max.x, strip.min.y, scene.at.stream_y(position),
           with_alpha(part_color(out), alpha * 1.5F), with_alpha(part_color(out), alpha * 0.5F));
  draw_plus(scene, plus, position);
}

// Attention side by side with the MLP: what it adds waits beneath the stream until the MLP has its part, too.
void carry_to_sum(const FlowScene& scene, std::int64_t position) {
  const FlowColumn* out = scene.at.column(Hook::attn_out);
  if (!scene.has(Hook::attn_out)) return;
  const FlowRect strip = scene.at.strip(*out, position);
  const float y = (scene.at.stream_y(position) + strip.min.y) * 0.5F;
  const float alpha = scene.ribbon_alpha(position);
  const ImU32 color = with_alpha(part_color(Hook::attn_out), alpha * 1.5F);
  const float line = std::max(1.5F, scene.at.em * 0.16F);
  add_drop(scene, strip.min.x, strip.max.x, strip.min.y, y, color, color);
  scene.list.AddRectFilled(ImVec2(out->middle(), y - line * 0.5F), ImVec2(scene.at.mlp_plus, y + line * 0.5F),
                           color);
}

// Queries enter the map from the left.
void draw_queries(const FlowScene& scene, std::int64_t position) {
  if (!scene.has(Hook::q) || scene.pattern == nullptr) return;
  const FlowRect strip = scene.at.strip(Hook::q, position);
  const FlowRect row = scene.at.map_row(position);
  const float alpha = scene.ribbon_alpha(position);
  add_ribbon(scene.list, end_of(strip, true, with_alpha(palette().query, alpha)),
             end_of(row, false, with_alpha(palette().query, alpha * 1.3F)));
}

// Keys enter it from above: each by its own wire to its own column.
void draw_keys(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  if (scene.pattern == nullptr || at.rows() != at.positions || at.rows() > rows_with_detail) return;
  const float count = static_cast<float>(at.rows());
  const FlowColumn* keys = at.column(Hook::k);
  const float room = at.map.min.x - keys->right;
  const float top = at.map_row(at.first).min.y;
  const float bus = std::min(top - at.headings.max.y - at.em * 0.15F, at.em * 2.2F);
  for (std::int64_t position = at.first; position < at.last; ++position) {
    const float place = (static_cast<float>(position - at.first) + 0.5F) / count;
    const FlowRect strip = at.strip(*keys, position);
    const FlowRect cell = at.map_cell(at.first, position);
    const float x = keys->right + room * (0.15F + 0.7F * place);
    const float y = top - bus * (0.95F - 0.7F * place);
    const bool hot = scene.frame.hover.key == position || scene.frame.document.key == position;
    const ImU32 color = with_alpha(palette().key, hot                                    ? 1.0F
                                                  : at.seen(scene.query).last > position ? 0.42F
                                                                                         : 0.16F);
    const float round = std::min({at.em * 0.5F, room * 0.14F, bus * 0.5F});
    const float line = hot ? at.em * 0.12F : std::max(1.0F, at.em * 0.075F);
    const ImVec2 start(keys->right, strip.center().y);
    scene.list.PathLineTo(start);
    scene.list.PathLineTo(ImVec2(x - round, start.y));
    scene.list.PathBezierQuadraticCurveTo(ImVec2(x, start.y), ImVec2(x, start.y - round), 6);
    scene.list.PathLineTo(ImVec2(x, y + round));
    scene.list.PathBezierQuadraticCurveTo(ImVec2(x, y), ImVec2(x + round, y), 6);
    const float column = cell.center().x;
    scene.list.PathLineTo(ImVec2(column - round, y));
    scene.list.PathBezierQuadraticCurveTo(ImVec2(column, y), ImVec2(column, y + round), 6);
    scene.list.PathLineTo(ImVec2(column, cell.min.y - 1));
    scene.list.PathStroke(color, line);
  }
}

// Values pass beneath the map.
void draw_values(const FlowScene& scene, std::int64_t position) {
  if (!scene.has(Hook::v) || scene.pattern == nullptr) return;
  const FlowRect strip = scene.at.strip(Hook::v, position);
  const KeyRange seen = scene.at.seen(scene.query);
  const bool used = position >= seen.first && position < seen.last;
  const ImU32 color = with_alpha(palette().value, used ? 0.28F : 0.14F);
  add_ribbon(scene.list, end_of(strip, true, color), {scene.at.map.max.x, strip.min.y, strip.max.y, color});
}

// The weighted sum: every value arrives with the share that its weight has of the row.
void draw_mix(const FlowScene& scene, std::int64_t query) {
  const FlowLayout& at = scene.at;
  if (!scene.has(Hook::z) || !scene.has(Hook::v) || scene.pattern == nullptr) return;
  const bool chosen = scene.chosen(query);
  if (!chosen && (at.rows() > rows_with_detail || at.rows() != at.positions)) return;
  const float* weights = scene.pattern->row(query);
  if (weights == nullptr) return;
  const FlowRect into = at.strip(Hook::z, query);
  const float least = chosen ? 0.004F : 0.04F;
  const float alpha = chosen ? 0.68F : 0.18F;
  float end = into.min.y;
  const auto add = [&](float top, float bottom, float weight) {
    const float part = into.height() * weight;
    if (weight >= least) {
      const float middle = (top + bottom) * 0.5F;
      const float half = (bottom - top) * weight * 0.5F;
      add_ribbon(scene.list, {at.map.max.x, middle - half, middle + half, with_alpha(palette().value, alpha)},
                 {into.min.x, end, end + part, with_alpha(palette().attention, alpha)});
    }
    end += part;
  };
  const std::int64_t seen = at.seen(query).last;
  // What the keys of a band have together.
  const auto add_bands = [&](bool above) {
    for (const FlowBand& band : at.bands) {
      if ((band.first < at.first) != above) continue;
      float together = 0;
      for (std::int64_t key = band.first; key < std::min(band.last, seen); ++key) together += weights[key];
      const float middle = band.top + band.height * 0.6F;
      if (together > 0) add(middle - into.height() * 0.5F, middle + into.height() * 0.5F, together);
    }
  };
  add_bands(true);
  for (std::int64_t key = at.first; key < at.last && key < seen; ++key) {
    const FlowRect from = at.strip(Hook::v, key);
    if (!std::isnan(weights[key])) add(from.min.y, from.max.y, weights[key]);
  }
  add_bands(false);
}

void draw_candidate_ribbon(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  if (scene.architecture().head == OutputHead::classifier && at.shows(0) && scene.has(Hook::class_logits)) {
    const float y = at.stream_y(0);
    const float half = at.stream_strip_height() * 0.5F;
    add_ribbon(
        scene.list,
        {at.candidates.min.x - at.em * 0.8F, y - half, y + half, with_alpha(palette().probability, 0.4F)},
        {at.candidates.min.x - at.em * 0.1F, at.candidates.min.y, at.candidates.max.y,
         with_alpha(palette().probability, 0.06F)});
    return;
  }
  const std::int64_t position = scene.frame.result.next_position;
  if (!scene.frame.result.next || !at.shows(position) || !at.parts.has_last || !scene.has(at.parts.last))
    return;
  const FlowRect strip = at.strip(at.parts.last, position);
  const ImU32 strong = with_alpha(palette().probability, 0.40F);
  const ImU32 soft = with_alpha(palette().probability, 0.06F);
  add_ribbon(scene.list, end_of(strip, true, strong),
             {at.candidates.min.x - at.em * 0.35F, at.candidates.min.y, at.candidates.max.y, soft});
}

}  // namespace

void draw_flow_stream(const FlowScene& scene) {
  for (std::int64_t position = scene.at.first; position < scene.at.last; ++position)
    RowStream(scene, position).draw();
}

void draw_flow_ribbons(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  for (std::int64_t position = at.first; position < at.last; ++position) {
    const FlowRect embed = at.strip(Hook::embed, position);
    const float alpha = scene.ribbon_alpha(position);
    if (scene.has(Hook::embed))
      add_ribbon(scene.list,
                 {at.tokens.max.x, embed.min.y, embed.max.y,
                  with_alpha(token_color(static_cast<std::size_t>(position)), alpha * 1.8F)},
                 end_of(embed, false, with_alpha(palette().residual, alpha)));
    read_stream(scene, Hook::resid_pre, Hook::ln1_normalized, position);
    const bool behind = at.parts.wiring == Wiring::post_norm;
    const bool parallel = at.parts.wiring == Wiring::parallel;
    const Hook attention_reads = behind ? Hook::resid_pre : Hook::ln1_normalized;
    const Hook mlp_reads = !behind          ? Hook::ln2_normalized
                           : at.parts.cross ? Hook::ln_cross_normalized
                                            : Hook::ln1_normalized;
    link(scene, attention_reads, Hook::q, position, 0, 0.34F);
    link(scene, attention_reads, Hook::k, position, 0.33F, 0.67F);
    link(scene, attention_reads, Hook::v, position, 0.66F, 1);
    draw_values(scene, position);
    draw_queries(scene, position);
    draw_mix(scene, position);
    link(scene, Hook::z, at.parts.sandwich ? Hook::attn_out_raw : Hook::attn_out, position, 0, 1);
    link(scene, Hook::attn_out_raw, Hook::attn_out, position, 0, 1);
    if (parallel) {
      carry_to_sum(scene, position);
    } else {
      write_stream(scene, Hook::attn_out, at.attention_plus, position);
    }
    read_stream(scene, Hook::resid_mid, Hook::ln_cross_normalized, position);
    write_stream(scene, Hook::cross_attn_out, at.cross_plus, position);
    read_stream(scene, at.parts.cross ? Hook::resid_mid_cross : Hook::resid_mid, Hook::ln2_normalized,
                position);
    link(scene, mlp_reads, Hook::mlp_pre, position, 0, at.parts.gated ? 0.5F : 1.0F);
    link(scene, mlp_reads, Hook::mlp_pre_linear, position, 0.5F, 1);
    link(scene, Hook::mlp_post, at.parts.sandwich ? Hook::mlp_out_raw : Hook::mlp_out, position, 0, 1);
    link(scene, Hook::mlp_out_raw, Hook::mlp_out, position, 0, 1);
    write_stream(scene, Hook::mlp_out, at.mlp_plus, position);
  }
  draw_keys(scene);
  draw_candidate_ribbon(scene);
}

}  // namespace headlight
