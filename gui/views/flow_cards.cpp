// The decks: the current layer and head as cards, the edges of all others beside, above and below them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_picture.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale_words.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"

namespace headlight {
namespace {

constexpr float heading_size = 0.78F;

ImU32 card_color() { return mix(palette().panel, palette().raised, 0.38F); }
ImU32 inner_card_color() { return mix(palette().panel, palette().raised, 0.85F); }

// An accent for the small words at `x`: they stand on the head's card, on the layer's, or on the panel.
ImU32 small_ink(const FlowLayout& at, ImU32 accent, float x) {
  if (x >= at.head.min.x && x < at.head.max.x) return readable_small(accent, inner_card_color());
  return readable_small(accent, x >= at.block.min.x && x < at.block.max.x ? card_color() : palette().panel);
}

void draw_layer_edges(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const std::int64_t done = scene.trace.layers_done();
  for (std::int64_t i = 0; i < at.layer_count; ++i) {
    if (i == at.layer) continue;
    const FlowRect card = at.layer_card(i);
    const float away = static_cast<float>(std::abs(i - at.layer)) / static_cast<float>(at.layer_count);
    const bool hot = (scene.hit.pick == FlowPick::layer && scene.hit.cell == i) ||
                     (scene.frame.hover.head && scene.frame.hover.head->first == i);
    ImU32 color = mix(mix(palette().raised, palette().residual, 0.22F), palette().panel, 0.2F + 0.5F * away);
    if (i >= done) color = mix(color, palette().panel, 0.6F);
    if (hot) color = palette().query;
    const float gap = std::min(1.5F, card.width() * 0.35F);
    const ImDrawFlags corners = i < at.layer ? ImDrawFlags_RoundLeft : ImDrawFlags_RoundRight;
    scene.list.AddRectFilled(ImVec2(card.min.x, card.min.y), ImVec2(card.max.x - gap, card.max.y), color,
                             std::min(at.em * 0.4F, card.width()), corners);
  }
}

void draw_head_edges(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  for (std::int64_t i = 0; i < at.head_count; ++i) {
    if (i == at.head_index) continue;
    const FlowRect card = at.head_card(i);
    const float away = static_cast<float>(std::abs(i - at.head_index)) / static_cast<float>(at.head_count);
    const bool hot = (scene.hit.pick == FlowPick::head && scene.hit.cell == i) ||
                     (scene.frame.hover.head && *scene.frame.hover.head == std::pair(at.layer, i));
    ImU32 color = mix(mix(palette().raised, palette().attention, 0.30F), palette().panel, 0.1F + 0.5F * away);
    if (hot) color = palette().attention;
    const float gap = std::min(1.5F, card.height() * 0.35F);
    const float top = i < at.head_index ? card.min.y : card.min.y + gap;
    const float bottom = i < at.head_index ? card.max.y - gap : card.max.y;
    scene.list.AddRectFilled(ImVec2(card.min.x, top), ImVec2(card.max.x, bottom), color, at.em * 0.2F,
                             i < at.head_index ? ImDrawFlags_RoundTop : ImDrawFlags_RoundBottom);
  }
}

// What is special about how this model attends.
std::vector<std::string> kinds_of_attention(const ArchitectureDescription& a, const AttentionRule& rule) {
  std::vector<std::string> kinds;
  if (has_hook(Hook::rot_q, a)) kinds.push_back(text("flow.rotary"));
  if (a.query_key_norm) kinds.push_back(text("flow.query_key_norm"));
  if (rule.window > 0) kinds.push_back(format_text("flow.step.window", fmt::arg("count", rule.window)));
  if (rule.soft_cap > 0)
    kinds.push_back(format_text("flow.step.cap", fmt::arg("cap", fmt::format("{:g}", rule.soft_cap))));
  if (a.relative_buckets > 0) kinds.push_back(text("flow.step.bias"));
  return kinds;
}

void draw_titles(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const float y = at.block.min.y + at.em * 0.3F;
  const float small_y = y + at.em * 0.18F;
  float x = at.block.min.x + at.em * 0.6F;
  x += add_label(scene.list, fonts().strong, 1.0F, ImVec2(x, y), 0, palette().text,
                 fmt::format("L{}", at.layer));
  const std::string of_layers = format_text("flow.of_layers", fmt::arg("count", at.layer_count));
  // Below the number where there is no room beside it; nowhere where there is none below it either.
  const bool beside =
      x + at.em * 0.5F + label_width(fonts().body, heading_size, of_layers) < at.head.min.x - at.em * 0.5F;
  const ImVec2 place =
      beside ? ImVec2(x + at.em * 0.35F, small_y) : ImVec2(at.block.min.x + at.em * 0.6F, y + at.em * 1.25F);
  if (beside || place.y + at.em < at.headings.min.y + at.em * 0.35F)
    add_label(scene.list, fonts().body, heading_size, place, 0,
              small_ink(at, palette().muted, at.block.min.x), of_layers);
  x = at.head.min.x + at.em * 0.5F;
  x += add_label(scene.list, fonts().strong, 1.0F, ImVec2(x, y), 0,
                 small_ink(at, palette().attention, at.block.min.x), fmt::format("H{}", at.head_index));
  const ArchitectureDescription& a = scene.architecture();
  std::string words = format_text("flow.of_heads", fmt::arg("count", at.head_count));
  if (a.kv_heads < a.heads) {
    const std::int64_t shared = key_value_head(a, at.head_index);
    const std::int64_t group = a.heads / std::max<std::int64_t>(1, a.kv_heads);
    words +=
        "  ·  " + format_text("flow.shared_kv", fmt::arg("kv", shared), fmt::arg("first", shared * group),
                              fmt::arg("last", shared * group + group - 1));
  }
  x += at.em * 0.35F;
  for (const std::string& more : kinds_of_attention(a, at.parts.rule)) words += "  ·  " + more;
  {
    const ScopedFont small(fonts().body, heading_size);
    const std::string fitted = fitted_text(words, at.head.max.x + at.em * 6 - x);
    scene.list.AddText(ImVec2(x, small_y), small_ink(at, palette().muted, at.block.min.x), fitted.c_str());
  }
  if (at.parts.mlp) {
    add_label(scene.list, fonts().strong, heading_size,
              ImVec2((at.column(Hook::mlp_pre)->left + at.column(Hook::mlp_out)->right) * 0.5F, small_y),
              0.5F, small_ink(at, palette().mlp, at.block.min.x),
              text(at.parts.wiring == Wiring::parallel ? "flow.parallel" : "flow.mlp_title"));
  }
  const auto range = [&](const FlowRect& cards, std::int64_t first, std::int64_t last) {
    if (last < first) return;
    const std::string name = first == last ? fmt::format("{}", first) : fmt::format("{}–{}", first, last);
    if (label_width(fonts().body, smallest_words, name) > cards.width() + at.em * 1.6F) return;
    add_label(scene.list, fonts().body, smallest_words,
              ImVec2(cards.center().x, at.block.max.y + at.em * 0.05F), 0.5F, readable_small(palette().muted),
              name);
  };
  range(at.layers_before, 0, at.layer - 1);
  range(at.layers_after, at.layer + 1, at.layer_count - 1);
}

void heading(const FlowScene& scene, float x, const char* key, ImU32 color) {
  add_label(scene.list, fonts().body, heading_size, ImVec2(x, scene.at.headings.min.y + scene.at.em * 0.35F),
            0.5F, small_ink(scene.at, color, x), text(key));
}

// What stands at the end: the next token, the token that fits, classes, or nothing of the kind.
const char* output_heading(const ArchitectureDescription& a) {
  switch (a.head) {
    case OutputHead::language_model:
      return "flow.next";
    case OutputHead::masked_lm:
      return "flow.fitting";
    case OutputHead::classifier:
      return "flow.classes";
    case OutputHead::none:
      break;
  }
  return "flow.end";
}

void draw_headings(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const auto middle = [&](Hook hook) { return at.column(hook)->middle(); };
  const auto above = [&](Hook hook, const char* key, ImU32 color) {
    if (at.column(hook) != nullptr) heading(scene, middle(hook), key, color);
  };
  add_label(scene.list, fonts().body, heading_size,
            ImVec2(at.tokens.min.x, at.headings.min.y + at.em * 0.35F), 0, readable_small(palette().muted),
            text("flow.tokens"));
  heading(scene, middle(Hook::embed), "flow.embedding", palette().muted);
  above(Hook::ln1_normalized, "flow.norm", palette().muted);
  if (at.parts.wiring == Wiring::post_norm) above(Hook::resid_pre, "flow.stream", palette().muted);
  heading(scene, at.map.center().x, "flow.attention", palette().attention);
  heading(scene, middle(Hook::z), "flow.mix", palette().attention);
  above(Hook::attn_out_raw, "flow.out", palette().attention);
  heading(scene, middle(Hook::attn_out), at.parts.sandwich ? "flow.norm" : "flow.out", palette().attention);
  if (at.source > 0) heading(scene, at.cross_map.center().x, "flow.cross", palette().attention);
  above(Hook::cross_attn_out, at.source > 0 ? "flow.out" : "flow.cross", palette().attention);
  above(Hook::ln_cross_normalized, "flow.norm", palette().muted);
  above(Hook::ln2_normalized, "flow.norm", palette().muted);
  if (at.parts.mlp) {
    // The longest of the names, over a narrow column.
    const ScopedFont small(fonts().body, heading_size);
    const FlowColumn& neurons = *at.column(Hook::mlp_pre);
    const std::string name =
        fitted_text(text(at.parts.gated ? "flow.gate" : "flow.neurons"),
                    (neurons.right - neurons.left) * (at.parts.on_stage ? 1.6F : 1.35F) + at.em * 0.3F);
    const float width = ImGui::CalcTextSize(name.c_str()).x;
    scene.list.AddText(ImVec2(std::floor(neurons.middle() - width * 0.5F), at.headings.min.y + at.em * 0.35F),
                       small_ink(at, palette().mlp, neurons.middle()), name.c_str());
  }
  above(Hook::mlp_out_raw, "flow.out", palette().mlp);
  above(Hook::mlp_out, at.parts.sandwich ? "flow.norm" : "flow.out", palette().mlp);
  above(Hook::ln_final_normalized, "flow.norm", palette().muted);
  above(Hook::mlm_head_normalized, "flow.head_part", palette().muted);
  add_label(scene.list, fonts().body, heading_size,
            ImVec2(at.candidates.min.x, at.headings.min.y + at.em * 0.35F), 0,
            scene.hit.pick == FlowPick::open_part ? palette().text : readable_small(palette().probability),
            text(output_heading(scene.architecture())));
  // Q K V, each in its own colour.
  const float y = at.headings.min.y + at.em * 0.35F;
  const float x = middle(Hook::q);
  const float step = at.em * 0.85F;
  const auto letter = [&](float place, ImU32 accent, const char* name) {
    add_label(scene.list, fonts().strong, heading_size, ImVec2(place, y), 0.5F, small_ink(at, accent, x),
              name);
  };
  letter(x - step, palette().query, "Q");
  letter(x, palette().key, "K");
  letter(x + step, palette().value, "V");
}

// What the colours of the attention map mean, in a line that ends at `end`. Returns where it begins: where it
// would not fit into the footer, at its end.
float draw_weight_legend(const FlowScene& scene, ImVec2 end, ImU32 ink) {
  const FlowLayout& at = scene.at;
  const AttentionRule rule = attention_rule(scene.architecture(), at.layer);
  const MapScale scale = scene.frame.document.map_scale;
  const float gap = at.em * 0.4F, swatch = at.em * 0.6F, bar = at.em * 4.5F, top = end.y + at.em * 0.13F;
  const auto width = [](const std::string& words) {
    return label_width(fonts().body, smallest_words, words);
  };
  const std::string& name = text("flow.attention");
  const std::string low = map_scale_words(scale, 0.0F), middle = map_scale_words(scale, 0.5F),
                    high = map_scale_words(scale, 1.0F);
  const std::string masked = rule.causal || rule.window > 0 ? text("attention.legend_masked") : "";
  const float mask = masked.empty() ? 0.0F : at.em * 0.9F + swatch + gap + width(masked);
  float x = end.x - (width(name) + at.em * 0.6F + width(low) + bar + width(high) + gap * 2 + mask);
  const float start = x;
  if (start < at.footer.min.x) return end.x;
  const auto add = [&](const std::string& words) {
    x += add_label(scene.list, fonts().body, smallest_words, ImVec2(x, end.y), 0, ink, words);
  };
  add(name);
  x += at.em * 0.6F;
  add(low);
  x += gap + bar;
  const float bottom = end.y + at.em * 0.68F;
  add_color_bar(scene.list, ImVec2(x - bar, top), ImVec2(x, bottom), sequential_map());
  if (!middle.empty()) {  // above it: there is no room beneath
    const float half = x - bar * 0.5F;
    scene.list.AddLine(ImVec2(half, top - at.em * 0.12F), ImVec2(half, top), ink, 1.0F);
    add_label(scene.list, fonts().body, smallest_words, ImVec2(half, top - at.em * 0.95F), 0.5F, ink, middle);
  }
  x += gap;
  add(high);
  if (masked.empty()) return start;
  x += at.em * 0.9F + swatch;
  scene.list.AddRectFilled(ImVec2(x - swatch, top), ImVec2(x, top + swatch), palette().masked, 1.0F);
  x += gap;
  add(masked);
  return start;
}

}  // namespace

void draw_flow_cards(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  draw_layer_edges(scene);
  const float round = at.em * 0.6F;
  scene.list.AddRectFilled(at.block.min, at.block.max, card_color(), round);
  draw_head_edges(scene);
  scene.list.AddRectFilled(at.head.min, at.head.max, inner_card_color(), round * 0.7F);
  draw_titles(scene);
  draw_headings(scene);
}

void draw_flow_footer(const FlowScene& scene) {
  const FlowLayout& at = scene.at;
  const float y = at.footer.max.y - at.em * 1.05F;
  const ImU32 ink = readable_small(palette().muted);
  float x = add_signed_legend(scene.list, ImVec2(at.footer.max.x, y), at.em * 6, "3", ink) - at.em * 0.6F;
  x -= add_label(scene.list, fonts().body, smallest_words, ImVec2(x, y), 1, ink, text("flow.legend"));
  x = draw_weight_legend(scene, ImVec2(x - at.em * 1.6F, y), ink) - at.em;
  const std::string& hint = text("flow.hint");
  if (label_width(fonts().body, smallest_words, hint) < x - at.footer.min.x)
    add_label(scene.list, fonts().body, smallest_words, ImVec2(at.footer.min.x, y), 0, ink, hint);
}

}  // namespace headlight
