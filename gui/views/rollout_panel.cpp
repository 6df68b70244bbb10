// Maps are made once a pass; the rows of a token follow from them in a millisecond or a thread's time.
#include "gui/views/rollout_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/making_line.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/rotated_token.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr float label_angle = 0.87F;                 // radians; as the matrix
constexpr double most_products_at_once = 2'000'000;  // about a millisecond or two

std::int64_t layers_done(const ShownAttention& shown) {
  std::int64_t layers = 0;
  while (layers < shown.architecture().layers && has_attention(*shown.trace, layers)) ++layers;
  return layers;
}

constexpr float number_type = smallest_words;
constexpr double least_number = 0.05;  // smaller weights have none

bool is_flow_shown(const RolloutMaps& maps) { return maps.tokens <= most_flow_tokens; }

}  // namespace

RolloutPanel::RolloutPanel()
    : maps_([](const MapsKey& key, const Progress& progress) {
        const auto trace = key.trace.held();
        const auto backend = make_cpu_backend(1);
        return std::make_shared<const RolloutMaps>(
            rollout_maps(*trace, *backend, [&](float done) { progress.report(done); }));
      }),
      rows_([](const RowsKey& key, const Progress&) { return attention_rollout(*key.maps, key.query); }),
      flow_([](const RowsKey& key, const Progress& progress) {
        return attention_flow(*key.maps, key.query, [&](float done) { progress.report(done); });
      }) {}

// Whether there are rows to draw.
bool RolloutPanel::prepare(const ShownAttention& shown, Commands& commands) {
  const std::int64_t layers = layers_done(shown);
  const auto cells = static_cast<double>(layers * shown.architecture().heads) *
                     static_cast<double>(shown.map.queries) * static_cast<double>(shown.map.queries);
  const bool kept = layers > 0 && shown.trace->has(Hook::pattern, layers - 1);
  maps_.want({{shown.trace}, layers}, kept && cells <= most_products_at_once, commands);
  if (!maps_.is_current() || maps_.value() == nullptr) {
    const MakingClick click = draw_making_line(maps_.fraction(), maps_.cancelled(), maps_.error());
    if (click == MakingClick::cancel) maps_.cancel();
    if (click == MakingClick::again) maps_.again();
    return false;
  }
  const RowsKey key{*maps_.value(), shown.query()};
  const auto made = static_cast<double>(key.maps->layers.size());
  const double products =
      made * made / 2 * static_cast<double>(key.maps->tokens) * static_cast<double>(key.maps->tokens);
  rows_.want(key, products <= most_products_at_once, commands);
  if (is_flow_shown(*key.maps)) flow_.want(key, false, commands);
  return rows_.value() != nullptr && rows_.key()->maps == key.maps;
}

RolloutPanel::Layout RolloutPanel::place(const ShownAttention& shown) const {
  Layout layout;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const ImVec2 room = ImGui::GetContentRegionAvail();
  layout.tokens = shown.map.queries;
  layout.layers = static_cast<std::int64_t>(rows_.value()->size());
  const float left = em() * 4.2F;
  float label = em() * 2;
  for (std::int64_t key = 0; key < std::min<std::int64_t>(layout.tokens, 100); ++key) {
    label = std::max(label, token_label_width(shown.key_text(key), shown.key_place(key)));
  }
  label = std::min(label, em() * 6);
  const float top = label * std::sin(label_angle) + em();
  const float wide = std::max(em() * 2, room.x - left - label * std::cos(label_angle) - em());
  layout.cell = std::min(wide / static_cast<float>(std::max<std::int64_t>(1, layout.tokens)), em() * 8.0F);
  // A column is at least two pixels wide.
  layout.together = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(2.0F / layout.cell)));
  const float below = em() * 4.4F;  // flow and the words under it
  const float high = std::max(em() * 3, room.y - top - below);
  layout.line = std::min(high / static_cast<float>(std::max<std::int64_t>(1, layout.layers)), em() * 1.9F);
  if (layout.line >= 2) layout.line = std::floor(layout.line);
  layout.corner = ImVec2(std::floor(start.x + left), std::floor(start.y + top));
  layout.flow_top = layout.corner.y + layout.line * static_cast<float>(layout.layers) + em() * 0.8F;
  layout.flow_line = std::floor(em() * 1.5F);
  return layout;
}

namespace {

double largest_of(const std::vector<double>& weights) {
  double largest = 0;
  for (const double weight : weights) largest = std::max(largest, weight);
  return largest;
}

ImU32 color_of_cell(const ShownAttention& shown, std::int64_t token, double weight, double largest) {
  const MapScale scale = shown.frame.document.map_scale;
  const bool masked = shown.map.rule.causal && token > shown.query();
  if (scale == MapScale::per_row && largest > 0) weight /= largest;
  return cell_color(scale, masked ? masked_cell : static_cast<float>(weight));
}

}  // namespace

// One row of weights, a column a token or the largest of several.
void RolloutPanel::draw_line(const ShownAttention& shown, const Layout& layout,
                             const std::vector<double>& weights, float top, float high) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const double largest = largest_of(weights);
  const float gap = layout.cell > em() * 0.6F && high > em() * 0.6F ? 1.0F : 0.0F;
  const float bottom = top + std::max(1.0F, high - gap);
  for (std::int64_t first = 0; first < layout.tokens; first += layout.together) {
    const std::int64_t last = std::min(layout.tokens, first + layout.together);
    double weight = 0;
    for (std::int64_t token = first; token < last; ++token) {
      const double one = weights[static_cast<std::size_t>(token)];
      weight = std::isnan(one) || one > weight ? one : weight;
    }
    const ImU32 color = color_of_cell(shown, first, weight, largest);
    const float left = layout.corner.x + layout.cell * static_cast<float>(first);
    list->AddRectFilled(ImVec2(left, top),
                        ImVec2(layout.corner.x + layout.cell * static_cast<float>(last) - gap, bottom),
                        color);
  }
}

bool RolloutPanel::has_numbers(const Layout& layout) const {
  const ScopedFont small(fonts().body, number_type);
  return layout.together == 1 && layout.cell >= ImGui::CalcTextSize("0.00").x + em() * 0.3F;
}

// What a row has, in figures, where columns are wide enough; those that would be 0.0 are left out.
void RolloutPanel::draw_numbers(const ShownAttention& shown, const Layout& layout,
                                const std::vector<double>& weights, float middle) const {
  const ScopedFont small(fonts().body, number_type);
  if (!has_numbers(layout)) return;
  const double largest = largest_of(weights);
  for (std::int64_t token = 0; token < layout.tokens; ++token) {
    const double weight = weights[static_cast<std::size_t>(token)];
    if (weight < least_number || (shown.map.rule.causal && token > shown.query())) continue;
    const std::string number = rounded_text(weight, 2);
    const ImVec2 size = ImGui::CalcTextSize(number.c_str());
    const float left = layout.corner.x + layout.cell * static_cast<float>(token);
    ImGui::GetWindowDrawList()->AddText(
        ImVec2(left + (layout.cell - size.x) * 0.5F, std::max(layout.corner.y, middle - size.y * 0.5F)),
        ink_on(color_of_cell(shown, token, weight, largest)), number.c_str());
  }
}

void RolloutPanel::draw_cells(const ShownAttention& shown, const Layout& layout) const {
  // The last layer is at the top: reading down goes back to where it began.
  const auto top = [&](std::int64_t layer) {
    return layout.corner.y + layout.line * static_cast<float>(layout.layers - 1 - layer);
  };
  const auto& rows = *rows_.value();
  for (std::int64_t layer = 0; layer < layout.layers; ++layer)
    draw_line(shown, layout, rows[static_cast<std::size_t>(layer)], top(layer), layout.line);
  // Of the layers that are named.
  for (std::int64_t layer = layout.layers - 1; layer >= 0; layer -= layers_for_label(layout))
    draw_numbers(shown, layout, rows[static_cast<std::size_t>(layer)], top(layer) + layout.line * 0.5F);
}

std::int64_t RolloutPanel::layers_for_label(const Layout& layout) const {
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(em() * 0.98F / std::max(1.0F, layout.line))));
}

void RolloutPanel::draw_labels(const ShownAttention& shown, const Layout& layout) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::int64_t each = layers_for_label(layout);
  const ScopedFont small(fonts().body, 0.85F);
  for (std::int64_t layer = layout.layers - 1; layer >= 0; layer -= each) {
    const float y = layout.corner.y + layout.line * (static_cast<float>(layout.layers - 1 - layer) + 0.5F);
    const std::string words = fmt::format("L{}", layer);
    list->AddText(
        ImVec2(layout.corner.x - em() * 0.6F - ImGui::CalcTextSize(words.c_str()).x, y - em() * 0.5F),
        small_ink(), words.c_str());
  }
  const auto apart = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(em() * 1.25F / std::max(0.01F, layout.cell))));
  const float length = em() * 7.2F;
  for (std::int64_t key = 0; key < layout.tokens; key += apart) {
    const float x = layout.corner.x + layout.cell * (static_cast<float>(key) + 0.5F);
    const bool own = key == shown.query();
    const bool lit = own || shown.hovered_key() == key;
    add_rotated_token(*list, ImVec2(x, layout.corner.y - em() * 0.6F), label_angle,
                      own   ? palette().query
                      : lit ? palette().text
                            : palette().key,
                      shown.key_text(key), shown.key_place(key), length);
  }
  // A frame around the column that is looked at.
  if (const auto key = shown.hovered_key(); key && *key < layout.tokens) {
    const float x = layout.corner.x + layout.cell * static_cast<float>(*key);
    list->AddRect(ImVec2(x, layout.corner.y),
                  ImVec2(x + std::max(2.0F, layout.cell),
                         layout.corner.y + layout.line * static_cast<float>(layout.layers)),
                  palette().hover, 0.0F, 1.0F);
  }
}

void RolloutPanel::draw_flow(const ShownAttention& shown, const Layout& layout) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, 0.85F);
  const std::string name = text("attention.flow");
  list->AddText(ImVec2(layout.corner.x - em() * 0.6F - ImGui::CalcTextSize(name.c_str()).x,
                       layout.flow_top + (layout.flow_line - em()) * 0.5F),
                palette().text, name.c_str());
  const RolloutMaps& maps = **maps_.value();
  std::string words;
  if (!is_flow_shown(maps)) {
    const std::int64_t most = most_flow_tokens, tokens = maps.tokens;
    words = format_text("attention.flow_too_long", fmt::arg("most", most), fmt::arg("tokens", tokens));
  } else if (!flow_.error().empty()) {
    words = flow_.error();
  } else if (!flow_.is_current() || flow_.value() == nullptr) {
    words = fmt::format("{} {:.0f}%", text("attention.making"), static_cast<double>(flow_.fraction()) * 100);
  }
  if (words.empty()) {
    draw_line(shown, layout, *flow_.value(), layout.flow_top, layout.flow_line);
    {
      const ScopedFont body(fonts().body, 1.0F / 0.85F);
      draw_numbers(shown, layout, *flow_.value(), layout.flow_top + layout.flow_line * 0.5F);
    }
    words = text("attention.flow_words");
    list->AddText(ImVec2(layout.corner.x, layout.flow_top + layout.flow_line + em() * 0.3F), palette().muted,
                  fitted_text(words, ImGui::GetContentRegionAvail().x - em() * 5).c_str());
  } else {
    list->AddText(ImVec2(layout.corner.x, layout.flow_top + (layout.flow_line - em()) * 0.5F),
                  palette().muted, fitted_text(words, ImGui::GetContentRegionAvail().x - em() * 5).c_str());
  }
}

void RolloutPanel::handle_mouse(const ShownAttention& shown, Commands& commands, const Layout& layout) {
  const float width = std::max(1.0F, layout.cell * static_cast<float>(layout.tokens));
  const float bottom = layout.flow_top + layout.flow_line;
  ImGui::SetCursorScreenPos(ImVec2(layout.corner.x, layout.corner.y - em() * 2));
  const Hand hand = canvas("##cells", ImVec2(width, bottom - layout.corner.y + em() * 2),
                           {layout.corner, ImVec2(layout.cell, layout.line), {}});
  if (!hand.inside) return;
  const ImVec2 mouse = hand.at;
  const auto key = std::clamp<std::int64_t>(
      static_cast<std::int64_t>((mouse.x - layout.corner.x) / layout.cell), 0, layout.tokens - 1);
  shown.hover_key(commands, key);
  const std::string from = shown.query_text(shown.locked_query()), to = shown.key_text(key);
  const auto at = static_cast<std::size_t>(key);
  const auto row = static_cast<std::int64_t>(std::floor((mouse.y - layout.corner.y) / layout.line));
  if (row >= 0 && row < layout.layers) {
    const std::int64_t layer = layout.layers - 1 - row;
    const double weight = (*rows_.value())[static_cast<std::size_t>(layer)][at];
    const std::string number = hand_number(weight, 4);
    ImGui::SetTooltip("%s",
                      format_text("attention.rollout_tip", fmt::arg("layer", layer), fmt::arg("query", from),
                                  fmt::arg("key", to), fmt::arg("weight", number))
                          .c_str());
  } else if (mouse.y >= layout.flow_top && flow_.is_current() && flow_.value() != nullptr) {
    const double flow = (*flow_.value())[at];
    const std::string number = hand_number(flow, 4);
    ImGui::SetTooltip("%s", format_text("attention.flow_tip", fmt::arg("query", from), fmt::arg("key", to),
                                        fmt::arg("weight", number))
                                .c_str());
  } else {
    ImGui::SetTooltip("%s", format_text("attention.rollout_choose", fmt::arg("token", to)).c_str());
  }
  if (hand.clicked) {
    commands.edit(shown.select_query(shown.chosen_query() == key ? std::nullopt : std::optional(key)));
  }
}

void RolloutPanel::handle_keyboard(const ShownAttention& shown, Commands& commands) const {
  if (!panel_has_keys()) return;
  const std::int64_t by =
      (ImGui::IsKeyPressed(ImGuiKey_RightArrow) ? 1 : 0) - (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) ? 1 : 0);
  if (by == 0) return;
  commands.edit(
      shown.select_query(std::clamp<std::int64_t>(shown.locked_query() + by, 0, shown.map.queries - 1)));
}

void RolloutPanel::draw(const ShownAttention& shown, Commands& commands) {
  const std::int64_t most = most_rollout_tokens(shown.architecture().layers);
  if (shown.cross()) {
    draw_empty_note("attention.rollout_cross");
    return;
  }
  if (shown.map.queries > most) {
    const std::int64_t tokens = shown.map.queries;
    ImGui::TextWrapped(
        "%s", format_text("attention.rollout_too_long", fmt::arg("most", most), fmt::arg("tokens", tokens))
                  .c_str());
    return;
  }
  if (layers_done(shown) == 0) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  if (!prepare(shown, commands)) return;
  const ImVec2 room = ImGui::GetContentRegionAvail();
  if (room.x < em() * 8 || room.y < em() * 8) return;
  const Layout layout = place(shown);
  numbers_from_ = has_numbers(layout) ? static_cast<float>(least_number) : 0.0F;
  draw_cells(shown, layout);
  draw_labels(shown, layout);
  draw_flow(shown, layout);
  handle_mouse(shown, commands, layout);
  handle_keyboard(shown, commands);
}

}  // namespace headlight
