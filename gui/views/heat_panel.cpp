// Lays the text out like the prompt, and colours what is behind each token.
#include "gui/views/heat_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/fold_choice.h"
#include "gui/views/head_summary.h"
#include "gui/views/making_line.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr std::int64_t most_cells_at_once = 512 * 512 * 2;  // about a millisecond or two

constexpr float pitch_share = 1.55F;  // of the type: lines stand apart

// Short texts are drawn large: they are all that there is to see. The largest type in which all of it should
// fit.
float type_size(const std::string& words, ImVec2 room) {
  constexpr float least = 1.1F, largest = 5.0F;
  if (words.size() > 2000) return least;
  const float width = ImGui::CalcTextSize(words.c_str()).x;
  for (float size = largest; size > least; size -= 0.15F) {
    const float line = std::min(room.x, em() * size * 44);
    const float lines = std::ceil(width * size * 1.06F / std::max(1.0F, line));
    if (lines * em() * size * pitch_share * 1.2F <= room.y) return size;
  }
  return least;
}

std::optional<std::int64_t> unit_at(const PassText& pass, std::optional<std::int64_t> token) {
  if (!token || *token < 0 || *token >= static_cast<std::int64_t>(pass.units.unit_of.size())) return {};
  return pass.units.unit_of[static_cast<std::size_t>(*token)];
}

// Whole characters around the bytes begin..end.
std::pair<std::size_t, std::size_t> whole_characters(std::string_view text, std::size_t begin,
                                                     std::size_t end) {
  const auto inside = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (begin > 0 && inside(begin)) --begin;
  while (inside(end)) ++end;
  return {begin, end};
}

}  // namespace

HeatPanel::HeatPanel()
    : weights_([](const Key& key, const Progress& progress) {
        const auto trace = key.trace.held();
        const auto backend = make_cpu_backend(1);
        return weights_of_unit(*trace, *backend, key.choice, key.merge, key.unit, key.toward,
                               [&](float done) { progress.report(done); });
      }) {}

void HeatPanel::draw_controls(const ShownAttention& shown, Commands& commands) {
  const AttentionChoices& choices = shown.frame.document.attention;
  AttentionChoices changed = choices;
  const std::array<Segment, 2> directions = {{{text("attention.heat_from"), text("attention.heat_from_tip")},
                                              {text("attention.heat_to"), text("attention.heat_to_tip")}}};
  if (const auto chosen = segmented("direction", directions, choices.heat_to ? 1 : 0)) {
    changed.heat_to = *chosen == 1;
  }
  const std::int64_t layer = shown.layer, head = shown.head;
  const std::array<Segment, 3> merges = {
      {{fmt::format("L{} H{}", layer, head), text("attention.merge_one_tip")},
       {format_text("attention.merge_mean", fmt::arg("layer", layer)), text("attention.merge_mean_tip")},
       {format_text("attention.merge_largest", fmt::arg("layer", layer)),
        text("attention.merge_largest_tip")}}};
  next_in_line(segmented_width(merges), em() * 1.2F);
  constexpr std::array merged = {HeadMerge::one, HeadMerge::mean, HeadMerge::largest};
  if (const auto chosen = segmented("merge", merges, static_cast<std::size_t>(choices.merge))) {
    changed.merge = merged[*chosen];
  }
  next_in_line(em() * 14, em() * 1.2F);
  if (!(changed == choices)) commands.edit(SetChoices{changed});
  draw_fold_choice(shown.frame, commands);
}

HeatPanel::Key HeatPanel::key_of(const ShownAttention& shown, const PassText& queries,
                                 const PassText& keys) const {
  const AttentionChoices& choices = shown.frame.document.attention;
  Key key;
  key.trace = {shown.trace};
  key.choice = {shown.layer,   {shown.head}, shown.cross(), shown.frame.document.hide_sink,
                queries.units, keys.units};
  if (choices.merge != HeadMerge::one) {
    key.choice.heads.clear();
    for (std::int64_t head = 0; head < shown.architecture().heads; ++head) key.choice.heads.push_back(head);
  }
  key.merge = choices.merge == HeadMerge::largest ? Merge::largest : Merge::mean;
  key.toward = choices.heat_to;
  if (!choices.heat_to) {
    key.unit = unit_at(queries, shown.query()).value_or(0);
    return key;
  }
  // Without cross-attention the text is one: a token hovered elsewhere is meant, too.
  std::optional<std::int64_t> token = shown.hovered_key();
  if (!token && !shown.cross()) token = shown.hovered_query();
  if (!token) token = shown.locked_key();
  key.unit = unit_at(keys, token).value_or(0);
  return key;
}

float HeatPanel::weight_of(const ShownAttention& shown, const Block& block, std::int64_t unit) const {
  if (!block.colored || weights_.value() == nullptr) return masked_cell;
  const std::vector<float>& weights = *weights_.value();
  if (unit < 0 || static_cast<std::size_t>(unit) >= weights.size()) return masked_cell;
  const float weight = weights[static_cast<std::size_t>(unit)];
  const bool per_row = shown.frame.document.map_scale == MapScale::per_row;
  return per_row && weight >= 0 && largest_ > 0 ? weight / largest_ : weight;
}

// Its background on every line that it stands on, and its letters above.
void HeatPanel::draw_token(const ShownAttention& shown, const Block& block, const WrappedText& lines,
                           std::size_t token, ImVec2 corner, float pitch, ImVec2 hand,
                           std::optional<std::size_t>& under_hand) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::string_view all = block.pass.text;
  const auto [begin, end] = block.pass.spans[token];
  const std::int64_t unit = block.pass.units.unit_of[token];
  const float weight = weight_of(shown, block, unit);
  const bool masked = block.colored && weight < 0;
  const ImU32 back = cell_color(shown.frame.document.map_scale, weight);
  static thread_local std::vector<WrappedText::Piece> pieces;
  lines.pieces(begin, end, pieces);
  const float high = lines.line_height();
  for (const WrappedText::Piece& piece : pieces) {
    const float y = corner.y + pitch * static_cast<float>(piece.line) + (pitch - high) * 0.5F;
    const ImVec2 from(corner.x + piece.left, y - high * 0.12F);
    const ImVec2 to(corner.x + std::max(piece.right, piece.left + 1), y + high * 1.16F);
    if (!ImGui::IsRectVisible(from, to)) continue;
    const auto [line_begin, line_end] = lines.range_of_lines(piece.line, piece.line);
    const std::size_t first = std::max(begin, line_begin), last = std::min(end, line_end);
    // The space in front of a word that went to the next line.
    if (pieces.size() > 1 && all.substr(first, last - first) == " ") continue;
    const bool filled = block.colored && !masked;
    if (filled) list->AddRectFilled(from, to, back);
    if (block.chosen == unit) {
      // Around the letters, which may reach to the very edge, not over them.
      const float thickness = std::max(1.5F, high * 0.05F), out = thickness * 0.5F + 1.0F;
      list->AddRect(ImVec2(from.x - out, from.y - out), ImVec2(to.x + out, to.y + out),
                    shown.frame.document.attention.heat_to ? palette().key : palette().query, high * 0.08F,
                    thickness);
    }
    ImU32 ink = filled && !std::isnan(weight) ? ink_on(back) : palette().text;
    if (masked || block.pass.special[token]) ink = filled ? ink : palette().muted;
    const auto [shown_begin, shown_end] = whole_characters(all, first, last);
    std::vector<WrappedText::Piece> place;
    lines.pieces(shown_begin, shown_end, place);
    const std::string_view words = all.substr(shown_begin, shown_end - shown_begin);
    list->PushClipRect(ImVec2(from.x, from.y - high), ImVec2(to.x, to.y + high), true);
    if (!place.empty()) {
      const std::size_t stop = words.find_first_of("\r\n");
      const std::string_view letters = words.substr(0, stop);
      list->AddText(ImVec2(corner.x + place.front().left, y), ink, letters.data(),
                    letters.data() + letters.size());
      if (stop != std::string_view::npos) {
        list->AddText(ImGui::GetFont(), high * 0.6F, ImVec2(to.x - high * 0.5F, y + high * 0.3F),
                      with_alpha(ink, 0.6F), "⏎");
      }
    }
    list->PopClipRect();
    if (hand.x >= from.x && hand.x < to.x && hand.y >= from.y && hand.y < to.y) under_hand = token;
  }
}

void HeatPanel::answer_mouse(const ShownAttention& shown, Commands& commands, const Block& block,
                             std::size_t token, bool clicked) {
  const bool toward = shown.frame.document.attention.heat_to;
  const std::int64_t unit = block.pass.units.unit_of[token];
  const std::int64_t first = block.pass.units.begin(unit);
  const bool chooses = toward ? block.of_keys : block.of_queries;
  if (chooses) {
    toward ? shown.hover_key(commands, first) : shown.hover_query(commands, first);
  } else {
    toward ? shown.hover_query(commands, first) : shown.hover_key(commands, first);
  }
  const std::string words = block.pass.unit_text(unit);
  std::string tip =
      format_text("attention.heat_token", fmt::arg("token", words), fmt::arg("position", first));
  if (const std::string written = block.pass.written_text(unit); written != words) {
    tip += "\n" + format_text("attention.written", fmt::arg("words", written));
  }
  const float weight = block.colored && weights_.value() != nullptr &&
                               static_cast<std::size_t>(unit) < weights_.value()->size()
                           ? (*weights_.value())[static_cast<std::size_t>(unit)]
                           : -1.0F;
  if (weight >= 0 || std::isnan(weight))
    tip += fmt::format("\nα = {}", hand_number(static_cast<double>(weight), 4));
  tip += "\n" + text(chooses ? "attention.heat_click" : "attention.heat_other");
  ImGui::SetTooltip("%s", tip.c_str());
  if (!clicked) return;
  if (chooses ? toward : !toward) {
    commands.edit(shown.select_key(shown.locked_key() == first ? std::nullopt : std::optional(first)));
  } else {
    commands.edit(shown.select_query(shown.chosen_query() == first ? std::nullopt : std::optional(first)));
  }
}

void HeatPanel::draw_block(const ShownAttention& shown, Commands& commands, const Block& block,
                           WrappedText& lines) {
  // The outline of a token at the left edge needs some room.
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + em() * 0.2F);
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const float room = space.x;
  const float size = type_size(block.pass.text, ImVec2(space.x, space.y * (shown.cross() ? 0.4F : 0.9F)));
  float pitch = 0;
  {
    const ScopedFont type(fonts().body, size);
    lines.update(block.pass.text, std::max(em() * 4, std::min(room, em() * 44)));
    pitch = lines.line_height() * pitch_share;
  }
  const float height = pitch * static_cast<float>(std::max(1, lines.lines()));
  // A short text stands a little above the middle of the room that it has for itself.
  if (!shown.cross()) {
    const float above = std::floor((space.y - height) * 0.35F);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + std::clamp(above, 0.0F, em() * 16));
  }
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const auto& spans = block.pass.spans;
  const auto middle = [&](std::size_t token) {  // of its last piece: a space before it may end another line
    std::vector<WrappedText::Piece> pieces;
    lines.pieces(spans[token].first, spans[token].second, pieces);
    if (pieces.empty()) return corner;
    const WrappedText::Piece& piece = pieces.back();
    return ImVec2(corner.x + (piece.left + std::max(piece.right, piece.left + 1)) * 0.5F,
                  corner.y + pitch * (static_cast<float>(piece.line) + 0.5F));
  };
  ImGui::PushID(block.of_queries ? "queries" : "keys");
  const Hand hand = canvas("##text", ImVec2(room, height), spans.size(), middle);
  ImGui::PopID();
  std::optional<std::size_t> under_hand;
  {
    const ScopedFont type(fonts().body, size);
    const ImVec2 clip_from = ImGui::GetWindowDrawList()->GetClipRectMin();
    const ImVec2 clip_to = ImGui::GetWindowDrawList()->GetClipRectMax();
    const int first_line = static_cast<int>((clip_from.y - corner.y) / pitch) - 1;
    const int last_line = static_cast<int>((clip_to.y - corner.y) / pitch) + 1;
    const auto range = lines.range_of_lines(std::max(0, first_line), std::min(lines.lines() - 1, last_line));
    // Spans begin in the order of the text.
    auto at = std::lower_bound(spans.begin(), spans.end(), range.first,
                               [](const auto& span, std::size_t byte) { return span.second < byte; });
    for (; at != spans.end() && at->first <= range.second; ++at) {
      draw_token(shown, block, lines, static_cast<std::size_t>(at - spans.begin()), corner, pitch, hand.at,
                 under_hand);
    }
  }
  if (hand.by_keys) under_hand = hand.place;
  if (hand.inside && under_hand && *under_hand < spans.size())
    answer_mouse(shown, commands, block, *under_hand, hand.clicked);
}

void HeatPanel::draw_texts(const ShownAttention& shown, Commands& commands, const Key& key,
                           const PassText& queries, const PassText& keys) {
  const auto heading = [](const char* name, ImU32 color) {
    const ScopedFont small(fonts().strong, 0.85F);
    ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(color), "%s", text(name).c_str());
  };
  if (!shown.cross()) {
    draw_block(shown, commands, {queries, true, true, true, key.unit}, first_);
    return;
  }
  const auto chosen = std::optional(key.unit);
  heading("attention.arcs_decoder", palette().query);
  draw_block(shown, commands, {queries, true, false, key.toward, key.toward ? std::nullopt : chosen}, first_);
  ImGui::Dummy(ImVec2(0, em()));
  heading("attention.arcs_source", palette().key);
  draw_block(shown, commands, {keys, false, true, !key.toward, key.toward ? chosen : std::nullopt}, second_);
}

void HeatPanel::draw(const ShownAttention& shown, Commands& commands, ShownTexts& texts, HeadMaps& maps) {
  if (!has_attention(*shown.trace, shown.layer, shown.cross())) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  const PassText& queries = texts.queries(shown);
  const PassText& keys = texts.keys(shown);
  const Key key = key_of(shown, queries, keys);
  const auto rows = key.toward ? shown.map.queries : std::int64_t{1};
  const bool quick =
      shown.trace->has(shown.hooks.pattern, shown.layer) &&
      rows * shown.map.keys * static_cast<std::int64_t>(key.choice.heads.size()) <= most_cells_at_once;
  weights_.want(key, quick, commands);
  largest_ = 0;
  if (weights_.value() != nullptr) {
    for (const float weight : *weights_.value()) largest_ = std::max(largest_, weight);
  }
  draw_controls(shown, commands);
  ImGui::Dummy(ImVec2(0, em() * 0.4F));
  if (!weights_.error().empty() || weights_.value() == nullptr) {
    const MakingClick click = draw_making_line(weights_.fraction(), weights_.cancelled(), weights_.error());
    if (click == MakingClick::cancel) weights_.cancel();
    if (click == MakingClick::again) weights_.again();
  }
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const AttentionChoices& choices = shown.frame.document.attention;
  const bool listed = room.x >= em() * 40 && !choices.heat_to && choices.merge == HeadMerge::one;
  const float list_width = listed ? em() * 16 : 0;
  if (ImGui::BeginChild("##heat", ImVec2(room.x - list_width - (listed ? em() * 1.5F : 0), 0),
                        ImGuiChildFlags_NavFlattened)) {
    draw_texts(shown, commands, key, queries, keys);
    if (panel_has_keys()) {
      const std::int64_t by = (ImGui::IsKeyPressed(ImGuiKey_RightArrow) ? 1 : 0) -
                              (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) ? 1 : 0);
      if (by != 0 && !choices.heat_to) {
        commands.edit(shown.select_query(
            std::clamp<std::int64_t>(shown.locked_query() + by, 0, shown.map.queries - 1)));
      } else if (by != 0) {
        commands.edit(shown.select_key(
            std::clamp<std::int64_t>(shown.locked_key().value_or(0) + by, 0, shown.map.keys - 1)));
      }
    }
  }
  ImGui::EndChild();
  if (!listed) return;
  ImGui::SameLine(0, em() * 1.5F);
  if (ImGui::BeginChild("##strongest", ImVec2(list_width, 0), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_NoScrollbar)) {
    HeadRows* head = maps.rows(shown.trace, shown.layer, shown.head, shown.cross());
    const std::int64_t query = shown.query();
    draw_head_summary(shown, commands, head != nullptr ? head->row(query) : nullptr, query);
  }
  ImGui::EndChild();
}

}  // namespace headlight
