// Which token, which of its vectors, and the list.
#include "gui/views/neighbors_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/forward/derived_values.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/points_panel.h"
#include "gui/views/tool_row.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

double length_of(const std::vector<float>& vector) {
  double sum = 0.0;
  for (const float value : vector) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

}  // namespace

void NeighborsPanel::draw_tools(const Frame& frame, Commands& commands, const ShownText& shown) {
  EmbeddingChoices choices = frame.document.embedding;
  const std::array sources = {Segment{text("embeddings.of_row"), text("embeddings.of_row_tip")},
                              Segment{text("embeddings.of_stream"), text("embeddings.of_stream_tip")}};
  const bool of_stream = choices.neighbors_of == NeighborsOf::stream;
  ToolRow row;
  row.next(segmented_width(sources));
  if (const auto chosen = segmented("source", sources, of_stream ? 1 : 0)) {
    choices.neighbors_of = *chosen == 1 ? NeighborsOf::stream : NeighborsOf::row;
    commands.edit(SetChoices{choices});
  }
  row.next(neighbor_order_width());
  neighbor_order_switch(commands, frame.document.embedding);
  if (!of_stream) return;
  LayerWalk::Stops stops;
  stops.last = shown.layers();
  stops.at = std::clamp<std::int64_t>(frame.document.embedding_layer, 0, stops.last);
  stops.label = stream_label(stops.at);
  stops.widest = stream_label(89);
  stops.arrived = nearest_.fresh();
  row.next(LayerWalk::least_width(stops));
  if (const auto chosen = walk_.draw(frame, commands, stops, row.room()))
    commands.edit(SetEmbeddingLayer{*chosen});
}

void NeighborsPanel::draw(const Frame& frame, Commands& commands, const ShownText& shown) {
  draw_tools(frame, commands, shown);
  const Trace& trace = *shown.trace;
  const Model& model = trace.model();
  const EmbeddingChoices& choices = frame.document.embedding;
  const std::int64_t position = std::clamp<std::int64_t>(
      shown.encoder ? lit_tokens(frame, shown).locked.value_or(shown.positions() - 1) : frame.locked_query(),
      0, shown.positions() - 1);
  const TokenId id = trace.tokens()[static_cast<std::size_t>(position)];
  const std::int64_t layer = std::clamp<std::int64_t>(frame.document.embedding_layer, 0, shown.layers());
  if (model.embedding.rows == 0) return draw_empty_note("embeddings.no_table");

  NearestKey key{trace.shared_model(), {}, {}};
  std::string name;
  if (choices.neighbors_of == NeighborsOf::stream) {
    if (!has_stream(trace, layer)) {
      if (trace.complete()) draw_empty_note("embeddings.not_kept");
      return;
    }
    const HookPlace place = stream_place(model.architecture, layer);
    const std::span<const float> row = trace.row(place.hook, place.layer, position);
    key.vector.assign(row.begin(), row.end());
    name = fmt::format("{} [{}, :]", value_name_in(frame, shown, place), position);
  } else {
    if (id >= model.embedding.rows) return draw_empty_note("embeddings.no_table");
    key.vector = weight_row(model.embedding, id);
    name = fmt::format("W_E [{}, :]", id);
  }
  const double length = length_of(key.vector);
  if (!std::isfinite(length) || length <= 0.0) return draw_empty_note("embeddings.no_direction");

  ImGui::Dummy(ImVec2(0, em() * 0.3F));
  const std::string token = token_of(frame, shown, position);
  {
    const ScopedFont strong(fonts().strong, 1.1F);
    ImGui::TextUnformatted(format_text("embeddings.nearest_to", fmt::arg("token", token)).c_str());
  }
  {
    const ScopedFont mono(fonts().mono, 0.88F);
    ImGui::TextDisabled("%s", fmt::format("{}   |a| = {}", name, significant_text(length)).c_str());
  }
  const char* caption =
      choices.neighbors_of == NeighborsOf::row ? "embeddings.row_caption" : "embeddings.stream_caption";
  draw_caption(text(caption) + " " + searched_text(model), palette().muted);
  ImGui::Dummy(ImVec2(0, em() * 0.3F));
  if (const auto nearest = nearest_.want(commands, key))
    draw_neighbor_list(frame, commands, *nearest, choices.order, {id});
}

}  // namespace headlight
