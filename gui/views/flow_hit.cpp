// From a point to a part, from a part to its number and its words.
#include "gui/views/flow_hit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

std::int64_t card_under(const FlowLayout& at, ImVec2 mouse) {
  for (std::int64_t layer = 0; layer < at.layer_count; ++layer) {
    if (layer == at.layer) continue;
    const FlowRect card = at.layer_card(layer);
    if (mouse.x >= card.min.x && mouse.x < card.max.x) return layer;
  }
  return -1;
}

std::int64_t head_under(const FlowLayout& at, ImVec2 mouse) {
  for (std::int64_t head = 0; head < at.head_count; ++head) {
    if (head == at.head_index) continue;
    const FlowRect card = at.head_card(head);
    if (mouse.y >= card.min.y && mouse.y < card.max.y) return head;
  }
  return -1;
}

// The stream behind the block, and between the places where parts are added to it.
Hook stream_after_mlp(const FlowLayout& at) {
  return at.parts.wiring == Wiring::post_norm ? Hook::ln2_normalized : Hook::resid_post;
}

Hook stream_between(const FlowLayout& at, float x) {
  const bool behind = at.parts.wiring == Wiring::post_norm;
  if (at.parts.cross && x >= at.cross_plus) return behind ? Hook::ln_cross_normalized : Hook::resid_mid_cross;
  return behind ? Hook::ln1_normalized : Hook::resid_mid;
}

// The encoder's text, stack and vectors.
FlowHit hit_in_source(const FlowLayout& at, ImVec2 mouse) {
  if (at.source <= 0 || mouse.x >= at.source_strips.max.x) return {};
  for (std::int64_t position = at.source_first; position < at.source_last; ++position) {
    if (at.source_chip(position).contains(mouse)) return {FlowPick::source, Hook::embed, -1, position};
    if (at.source_strip(position).contains(mouse)) return {FlowPick::source_strip, Hook::embed, -1, position};
  }
  return at.source_stack.contains(mouse) ? FlowHit{FlowPick::encoder, Hook::embed, -1, -1} : FlowHit{};
}

FlowHit hit_in_row(const FlowLayout& at, ImVec2 mouse, std::int64_t position) {
  const float slack = at.em * 0.15F;
  for (const FlowColumn& column : at.columns) {
    const FlowRect strip = at.strip(column, position);
    const bool inside = mouse.x >= strip.min.x && mouse.x < strip.max.x &&
                        mouse.y >= strip.min.y - (column.on_stream ? slack : 0.0F) &&
                        mouse.y < strip.max.y + (column.on_stream ? slack : 0.0F);
    if (!inside) continue;
    const auto cell = static_cast<std::int64_t>((mouse.x - strip.min.x) / at.cell);
    return {FlowPick::strip, column.hook, position, std::min<std::int64_t>(cell, at.cells(column) - 1)};
  }
  const FlowRect row = at.map_row(position);
  if (row.contains(mouse)) {
    const auto cell =
        static_cast<std::int64_t>((mouse.x - row.min.x) / row.width() * static_cast<float>(at.map_columns));
    return {FlowPick::map, Hook::pattern, position, std::clamp<std::int64_t>(cell, 0, at.map_columns - 1)};
  }
  if (at.source > 0 && at.cross_row(position).contains(mouse)) {
    const FlowRect cross = at.cross_row(position);
    const auto cell = static_cast<std::int64_t>((mouse.x - cross.min.x) / cross.width() *
                                                static_cast<float>(at.cross_columns));
    return {FlowPick::cross_map, Hook::cross_pattern, position,
            std::clamp<std::int64_t>(cell, 0, at.cross_columns - 1)};
  }
  const float y = at.stream_y(position);
  const bool on_stream = std::abs(mouse.y - y) < std::max(at.em * 0.3F, at.stream_strip_height() * 0.5F);
  if (on_stream && mouse.x >= at.layers_before.min.x && mouse.x < at.layers_after.max.x) {
    if (mouse.x < at.layers_before.max.x || mouse.x >= at.layers_after.min.x)
      return {FlowPick::stream, Hook::resid_pre, position, card_under(at, mouse)};
    if (mouse.x < at.attention_plus) return {FlowPick::stream, Hook::resid_pre, position, at.layer};
    if (mouse.x >= at.mlp_plus) return {FlowPick::stream, stream_after_mlp(at), position, at.layer};
    return {FlowPick::stream, stream_between(at, mouse.x), position, at.layer};
  }
  if (mouse.x < at.tokens.max.x) return {FlowPick::token, Hook::embed, position, -1};
  return {};
}

void title_line(const std::string& words) {
  const ScopedFont strong(fonts().strong);
  ImGui::TextUnformatted(words.c_str());
}

void quiet_line(const std::string& words) {
  const ScopedFont small(fonts().mono, 0.85F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

void hook_lines(const Frame& frame, Hook hook, std::int64_t layer) {
  const ArchitectureDescription& a = frame.trace()->model().architecture;
  const ValueReference value{hook, layer, {}};
  quiet_line(hook_line(frame, value));
  ImGui::TextUnformatted(hook_sentence(a, hook).c_str());
}

void number_line(const Frame& frame, const FlowNumber& number, const FlowHit& hit) {
  if (!number.known) {
    ImGui::TextUnformatted(text("flow.not_done").c_str());
    return;
  }
  const bool cross = hit.pick == FlowPick::cross_map;
  const bool map = hit.pick == FlowPick::map || cross;
  std::string words;
  if (map) {
    const auto key = static_cast<std::size_t>(number.reference.index[2]);
    const std::string looked_at = cross ? token_words(*frame.trace(), frame.trace()->source()->tokens()[key])
                                        : frame.token_text(number.reference.index[2]);
    words = fmt::format("{} → {}   {}", frame.token_text(hit.position), looked_at,
                        hand_number(static_cast<double>(number.value), 2));
  } else {
    const std::size_t axis = static_cast<std::size_t>(hook_info(hit.hook).axis_count) - 1;
    words = fmt::format("{}  [{}]   {}", frame.token_text(hit.position), number.reference.index[axis],
                        significant_text(static_cast<double>(number.value), 5));
  }
  {
    const ScopedFont mono(fonts().mono);
    ImGui::TextUnformatted(words.c_str());
  }
  if (number.last - number.first > 1) {
    const std::string covers =
        format_text(map ? "flow.cell_keys" : "flow.cell_dims", fmt::arg("first", number.first),
                    fmt::arg("last", number.last - 1));
    quiet_line(covers);
  }
}

void stream_tooltip(const FlowLayout& at, const Frame& frame, FlowValues& values, const FlowHit& hit) {
  title_line(text("flow.part.stream"));
  const bool after = hit.hook == stream_after_mlp(at);
  float norm = values.stream_norm(after ? hit.cell + 1 : hit.cell, hit.position);
  if (!after && hit.hook != Hook::resid_pre) {
    const PooledStrip& strip = values.strip(hit.hook, hit.position, 1);
    norm = strip.length > 0 ? strip.rms * std::sqrt(static_cast<float>(strip.length)) : -1.0F;
  }
  ImGui::TextUnformatted(
      format_text("flow.stream_norm", fmt::arg("token", frame.token_text(hit.position)),
                  fmt::arg("norm", norm < 0 ? "—" : significant_text(static_cast<double>(norm), 4)))
          .c_str());
  hook_lines(frame, hit.hook, std::max<std::int64_t>(0, hit.cell));
}

void candidate_tooltip(const Frame& frame, Commands& commands, const FlowHit& hit) {
  const auto rank = static_cast<std::size_t>(hit.cell);
  if (!frame.result.next || rank >= frame.result.next->ranked.size()) return;
  const Candidate& candidate = frame.result.next->ranked[rank];
  commands.hover().candidate = candidate.id;
  title_line(fmt::format("{}  {}", token_piece(frame.trace()->model().tokenizer->bytes(candidate.id)),
                         percent_text(candidate.probability)));
  quiet_line(
      fmt::format("logits  id {}  #{}  {}", candidate.id, rank + 1, significant_text(candidate.logit)));
  ImGui::TextUnformatted(text("flow.candidate_tip").c_str());
}

}  // namespace

FlowHit flow_hit(const FlowLayout& at, ImVec2 mouse) {
  for (std::int64_t rank = 0; at.parts.has_candidates && rank < at.shown_candidates; ++rank) {
    if (at.candidate(rank).contains(mouse)) return {FlowPick::candidate, Hook::logits, -1, rank};
  }
  if (at.parts.has_candidates && mouse.y >= at.headings.min.y && mouse.y < at.headings.max.y &&
      mouse.x >= at.candidates.min.x)
    return {FlowPick::open_part, Hook::logits, -1, -1};
  if (const FlowHit hit = hit_in_source(at, mouse); hit.pick != FlowPick::nothing) return hit;
  for (std::size_t i = 0; i < at.bands.size(); ++i) {
    const FlowBand& band = at.bands[i];
    if (mouse.y >= band.top && mouse.y < band.top + band.height && mouse.x >= at.tokens.min.x &&
        mouse.x < at.candidates.min.x)
      return {FlowPick::band, Hook::embed, -1, static_cast<std::int64_t>(i)};
  }
  for (std::int64_t position = at.first; position < at.last; ++position) {
    const float top = at.row_top(position);
    if (mouse.y < top || mouse.y >= top + at.row_height) continue;
    const FlowHit hit = hit_in_row(at, mouse, position);
    if (hit.pick != FlowPick::nothing) return hit;
  }
  if (at.layers_before.contains(mouse) || at.layers_after.contains(mouse)) {
    const std::int64_t layer = card_under(at, mouse);
    if (layer >= 0) return {FlowPick::layer, Hook::embed, -1, layer};
  }
  if (at.heads_before.contains(mouse) || at.heads_after.contains(mouse)) {
    const std::int64_t head = head_under(at, mouse);
    if (head >= 0) return {FlowPick::head, Hook::embed, -1, head};
  }
  return {};
}

FlowNumber flow_number(const FlowLayout& at, const Frame& frame, FlowValues& values, HeadRows* pattern,
                       const FlowHit& hit) {
  FlowNumber number;
  const std::int64_t layer = hook_info(hit.hook).in_block ? at.layer : 0;
  number.reference.hook = hit.hook;
  number.reference.layer = layer;
  if (hit.pick == FlowPick::map) {
    number.first = at.first_key(hit.cell);
    number.last = at.first_key(hit.cell + 1);
    const float* row = pattern ? pattern->row(hit.position) : nullptr;
    if (row == nullptr) return number;
    const KeyRange seen = at.seen(hit.position);
    number.first = std::max(number.first, seen.first);
    number.last = std::min(number.last, seen.last);
    if (number.first >= number.last) return number;
    std::int64_t best = number.first;
    for (std::int64_t key = best; key < number.last; ++key) {
      if (row[key] > row[best] || std::isnan(row[key])) best = key;
    }
    number.known = true;
    number.value = row[best];
    number.reference.index = {at.head_index, hit.position, best};
    return number;
  }
  const FlowColumn* column = at.column(hit.hook);
  if (hit.pick != FlowPick::strip || column == nullptr) return number;
  const PooledStrip& strip = values.strip(hit.hook, hit.position, at.cells(*column));
  const auto cells = static_cast<std::int64_t>(strip.values.size());
  if (cells == 0) return number;
  // A vector with fewer values than the strip could show has wider cells.
  const std::int64_t cell =
      std::min(cells - 1, hit.cell * cells / std::max<std::int64_t>(1, at.cells(*column)));
  const ArchitectureDescription& a = frame.trace()->model().architecture;
  const std::int64_t index = strip.indices[static_cast<std::size_t>(cell)];
  const HookInfo& info = hook_info(hit.hook);
  number.known = true;
  number.value = strip.values[static_cast<std::size_t>(cell)];
  number.first = cell * strip.length / cells;
  number.last = (cell + 1) * strip.length / cells;
  const std::int64_t head = info.axes[1] == Axis::kv_head ? key_value_head(a, at.head_index) : at.head_index;
  if (info.axis_count == 3) {
    number.reference.index = {hit.position, head, index};
  } else {
    number.reference.index = {hit.position, index, 0};
  }
  return number;
}

namespace {

// The strongest source token under a cell of the cross map.
FlowNumber cross_number(const FlowLayout& at, HeadRows* cross, const FlowHit& hit) {
  FlowNumber number;
  number.first = at.first_source_key(hit.cell);
  number.last = at.first_source_key(hit.cell + 1);
  number.reference = {Hook::cross_pattern, at.layer, {at.head_index, hit.position, number.first}};
  const float* row = cross ? cross->row(hit.position) : nullptr;
  if (row == nullptr || number.first >= number.last) return number;
  const float* best = std::max_element(row + number.first, row + number.last);
  number.known = true;
  number.value = *best;
  number.reference.index[2] = best - row;
  return number;
}

void source_tooltip(const Frame& frame, Commands& commands, const FlowHit& hit) {
  const Trace* source = frame.trace()->source().get();
  if (hit.pick == FlowPick::encoder || source == nullptr) {
    title_line(text("flow.encoder"));
    ImGui::TextUnformatted(text("flow.encoder_tip").c_str());
    return;
  }
  commands.hover().source_key = hit.cell;
  commands.hover().source_query = hit.cell;
  title_line(fmt::format("{}  {}", hit.cell,
                         token_words(*frame.trace(), source->tokens()[static_cast<std::size_t>(hit.cell)])));
  if (hit.pick == FlowPick::source) {
    ImGui::TextUnformatted(text("flow.source_tip").c_str());
    return;
  }
  const ArchitectureDescription& a = source->model().architecture;
  const ValueReference value{last_hook(a), last_layer(a), {hit.cell, 0, 0}, true};
  quiet_line(hook_line(frame, value));
  ImGui::TextUnformatted(hook_sentence(a, value.hook).c_str());
  ImGui::TextUnformatted(text("flow.encoder_tip").c_str());
}

}  // namespace

std::size_t flow_thing(const FlowHit& hit) {
  if (hit.pick == FlowPick::nothing) return 0;
  const bool whole =
      hit.pick == FlowPick::strip || hit.pick == FlowPick::map || hit.pick == FlowPick::cross_map;
  std::size_t thing = static_cast<std::size_t>(hit.pick) * 256 + static_cast<std::size_t>(hit.hook);
  thing = (thing << 20U) + static_cast<std::size_t>(hit.position + 1);
  return (thing << 20U) + (whole ? 0 : static_cast<std::size_t>(hit.cell + 1));
}

void show_flow_hover(const FlowLayout& at, const Frame& frame, Commands& commands, FlowValues& values,
                     HeadRows* pattern, HeadRows* cross, const FlowHit& hit) {
  if (hit.pick == FlowPick::nothing) return;
  if (hit.position >= 0) commands.hover().query = hit.position;
  FlowNumber number;
  if (hit.pick == FlowPick::strip || hit.pick == FlowPick::map) {
    number = flow_number(at, frame, values, pattern, hit);
    if (number.known) commands.hover().value = number.reference;
    if (hit.pick == FlowPick::map && number.known) commands.hover().key = number.reference.index[2];
  }
  if (hit.pick == FlowPick::cross_map) {
    number = cross_number(at, cross, hit);
    commands.hover().source_key = number.reference.index[2];
    if (number.known) commands.hover().value = number.reference;
  }
  if (hit.pick == FlowPick::layer) commands.hover().head = {hit.cell, at.head_index};
  if (hit.pick == FlowPick::head) commands.hover().head = {at.layer, hit.cell};
  if (!ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(ImGui::GetFontSize() * 24.0F);
  switch (hit.pick) {
    case FlowPick::token:
      title_line(fmt::format("{}  {}", hit.position, frame.token_text(hit.position)));
      ImGui::TextUnformatted(text("flow.token_tip").c_str());
      break;
    case FlowPick::band: {
      const FlowBand& band = at.bands[static_cast<std::size_t>(hit.cell)];
      title_line(format_text("flow.band", fmt::arg("first", band.first), fmt::arg("last", band.last - 1)));
      quiet_line(frame.token_text(band.first) + " … " + frame.token_text(band.last - 1));
      ImGui::TextUnformatted(text("flow.band_tip").c_str());
      break;
    }
    case FlowPick::source:
    case FlowPick::source_strip:
    case FlowPick::encoder:
      source_tooltip(frame, commands, hit);
      break;
    case FlowPick::cross_map:
    case FlowPick::strip:
    case FlowPick::map:
      title_line(part_name(frame.trace()->model().architecture, hit.hook));
      number_line(frame, number, hit);
      hook_lines(frame, hit.hook, number.reference.layer);
      quiet_line(text("flow.click_opens"));
      break;
    case FlowPick::stream:
      stream_tooltip(at, frame, values, hit);
      break;
    case FlowPick::layer:
      title_line(fmt::format("L{}", hit.cell));
      ImGui::TextUnformatted(text("flow.layer_tip").c_str());
      break;
    case FlowPick::head:
      title_line(fmt::format("L{} H{}", at.layer, hit.cell));
      ImGui::TextUnformatted(text("flow.head_tip").c_str());
      break;
    case FlowPick::candidate:
      candidate_tooltip(frame, commands, hit);
      break;
    case FlowPick::open_part:
      title_line(part_name(frame.trace()->model().architecture, hit.hook));
      hook_lines(frame, hit.hook, 0);
      quiet_line(text("flow.click_opens"));
      break;
    case FlowPick::nothing:
      break;
  }
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

}  // namespace headlight
