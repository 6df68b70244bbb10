// The tool bar of the points, what is said of them, and where the two drawings go.
#include "gui/views/points_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/session/document_names.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/tool_row.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

constexpr std::size_t most_listed = 6;

float em() { return ImGui::GetFontSize(); }

bool has_all_streams(const Trace& trace) {
  for (std::int64_t layer = 0; layer <= trace.model().architecture.layers; ++layer) {
    if (!has_stream(trace, layer)) return false;
  }
  return true;
}

const char* problem_note(TokenMapProblem problem) {
  switch (problem) {
    case TokenMapProblem::too_few:
      return "embeddings.too_few";
    case TokenMapProblem::too_long:
      return "embeddings.too_long";
    default:
      return "embeddings.not_finite";
  }
}

// "EC (0) 9.2×, · (21) 7.8×"
std::string list_of(const Frame& frame, const ShownText& shown, const std::vector<MassiveToken>& massive) {
  std::string list;
  for (std::size_t i = 0; i < std::min(massive.size(), most_listed); ++i) {
    if (massive[i].position >= shown.positions()) break;  // of the text before
    const std::string times = fmt::format("{:.{}f}", massive[i].times, massive[i].times < 10 ? 1 : 0);
    list += (i > 0 ? ", " : "") + format_text("embeddings.massive_token",
                                              fmt::arg("token", token_of(frame, shown, massive[i].position)),
                                              fmt::arg("position", massive[i].position),
                                              fmt::arg("times", times));
  }
  if (massive.size() > most_listed)
    list += format_text("embeddings.massive_more", fmt::arg("count", massive.size() - most_listed));
  return list;
}

}  // namespace

std::string stream_label(std::int64_t layer) {
  if (layer == 0) return text("embeddings.at_embedding");
  return format_text("embeddings.after_block", fmt::arg("layer", layer - 1));
}

void PointsPanel::draw_choices(const Frame& frame, Commands& commands, ToolRow& row) {
  EmbeddingChoices choices = frame.document.embedding;
  const std::array methods = {Segment{"PCA", text("embeddings.pca_tip")},
                              Segment{"UMAP", text("embeddings.umap_tip")},
                              Segment{"t-SNE", text("embeddings.tsne_tip")}};
  const ProjectionMethod shown_method = choices.trajectories ? ProjectionMethod::pca : choices.method;
  row.next(segmented_width(methods));
  if (const auto chosen = segmented("method", methods, static_cast<std::size_t>(shown_method))) {
    choices.method = projection_methods[*chosen].value;
    choices.trajectories = false;  // paths need axes that all layers share
    commands.edit(SetChoices{choices});
  }
  const std::array dimensions = {Segment{"2-D", text("embeddings.flat_tip")},
                                 Segment{"3-D", text("embeddings.space_tip")}};
  row.next(segmented_width(dimensions));
  if (const auto chosen = segmented("dimensions", dimensions, choices.dimensions == 3 ? 1 : 0)) {
    choices.dimensions = *chosen == 1 ? 3 : 2;
    commands.edit(SetChoices{choices});
  }
  const Segment paths{text("embeddings.paths"), text("embeddings.paths_tip")};
  row.next(toggle_width(paths));
  if (toggle("##paths", paths, choices.trajectories)) {
    choices.trajectories = !choices.trajectories;
    commands.edit(SetChoices{choices});
  }
  draw_without(frame, commands, row);
}

// The first token is left out when that is asked for; those whose vectors are massive, unless they are.
void PointsPanel::draw_without(const Frame& frame, Commands& commands, ToolRow& row) {
  const bool massive = !massive_.empty(), only_first = massive_.size() == 1 && massive_[0].position == 0;
  const std::string limit = fmt::format("{}", massive_times);
  const Segment without =
      massive && !only_first
          ? Segment{format_text("embeddings.without_massive", fmt::arg("count", massive_.size())),
                    format_text("embeddings.without_massive_tip", fmt::arg("times", limit))}
          : Segment{text("embeddings.without_first"), text("embeddings.without_first_tip")};
  row.next(toggle_width(without));
  const bool out = leaves_out(frame), asked = frame.document.embedding_without_first;
  if (!toggle("##without", without, out)) return;
  EmbeddingChoices choices = frame.document.embedding;
  choices.first_anyway = out && massive;
  if (choices != frame.document.embedding) commands.edit(SetChoices{choices});
  if (out ? asked : !massive) commands.edit(SetEmbeddingWithoutFirst{!asked});
}

void PointsPanel::draw_tools(const Frame& frame, Commands& commands, const ShownText& shown) {
  LayerWalk::Stops stops;
  stops.last = shown.layers();
  stops.at = std::clamp<std::int64_t>(frame.document.embedding_layer, 0, stops.last);
  stops.label = stream_label(stops.at);
  stops.widest = stream_label(89);
  stops.arrived = drawn_layer_ == stops.at;
  ToolRow row;
  const float least = LayerWalk::least_width(stops);
  row.next(least);
  const float beside = em() * 38.0F;  // about what the choices need
  const float width = row.room() > least + beside ? row.room() - beside : row.room();
  if (const auto chosen = walk_.draw(frame, commands, stops, width))
    commands.edit(SetEmbeddingLayer{*chosen});
  draw_choices(frame, commands, row);
}

bool PointsPanel::leaves_out(const Frame& frame) const {
  return frame.document.embedding_without_first ||
         (!massive_.empty() && !frame.document.embedding.first_anyway);
}

void PointsPanel::draw_captions(const Frame& frame, const ShownText& shown, const TokenMap& map) const {
  const Document& document = frame.document;
  std::string words = text(map.streams > 1 ? "embeddings.paths_caption" : "embeddings.caption");
  if (map.method != ProjectionMethod::pca) {
    const bool umap = map.method == ProjectionMethod::umap;
    words = format_text(umap ? "embeddings.umap_caption" : "embeddings.tsne_caption",
                        fmt::arg("neighbors", umap ? fmt::format("{:.0f}", map.neighbors)
                                                   : significant_text(map.neighbors, 3)),
                        fmt::arg("tokens", map.positions), fmt::arg("seed", document.seed));
  }
  if (map.streams > 1 && map.positions > most_paths) words += " " + text("embeddings.paths_chosen");
  if (map.streams > 1 && document.embedding.dimensions == 2) words += " " + text("embeddings.own_units");
  if (document.embedding.dimensions == 3) words += " " + text("embeddings.turn");
  draw_caption(words, palette().muted);
  if (!map.massive.empty()) {
    const bool out = !document.embedding.first_anyway;
    draw_caption(format_text(out ? "embeddings.massive_left_out" : "embeddings.massive",
                             fmt::arg("tokens", list_of(frame, shown, map.massive))),
                 out ? palette().muted : palette().warning);
  } else if (leaves_out(frame) && shown.positions() > 1) {
    draw_caption(format_text("embeddings.first_left_out", fmt::arg("token", token_of(frame, shown, 0))),
                 palette().muted);
  }
}

void PointsPanel::draw(const Frame& frame, Commands& commands, const ShownText& shown) {
  const Document& document = frame.document;
  const Trace& trace = *shown.trace;
  const std::int64_t layer = std::clamp<std::int64_t>(document.embedding_layer, 0, shown.layers());
  draw_tools(frame, commands, shown);
  const bool paths = document.embedding.trajectories;
  const bool there = paths ? has_all_streams(trace) : has_stream(trace, layer);
  TokenMapKey key{.trace = shown.trace,
                  .paths = paths,
                  .without_first = document.embedding_without_first,
                  .without_massive = !document.embedding.first_anyway};
  if (!paths) key.layer = layer;
  if (!paths && document.embedding.method != ProjectionMethod::pca) {
    key.method = document.embedding.method;
    key.dimensions = document.embedding.dimensions == 3 ? 3 : 2;
    key.seed = document.seed;
  }
  if (there) maps_.want(key);
  const bool pending = there && maps_.pending();
  if (pending) commands.pending();
  if (job_.draw(pending, frame.seconds, maps_.fraction(), text("embeddings.computing"))) maps_.cancel();
  if (there && maps_.cancelled()) {
    ImGui::TextDisabled("%s", text("embeddings.stopped").c_str());
    ImGui::SameLine();
    if (ImGui::SmallButton(text("embeddings.go_on").c_str())) maps_.again();
  }
  const auto done = maps_.done();
  const bool ready = there && done && done->key == key;
  if (ready) drawn_layer_ = layer;
  massive_ = done && done->value ? done->value->massive : std::vector<MassiveToken>{};
  if (trace.complete() && !there) return draw_empty_note("embeddings.not_kept");
  if (shown.positions() == 1 && !paths) return draw_empty_note("embeddings.one_token");
  if (!done || !done->value) return;
  if (done->value->problem != TokenMapProblem::none)
    return draw_empty_note(problem_note(done->value->problem));

  ShownMap map{done->value, shown, ready, layer, 0, nullptr};
  map.stream = std::min(layer, map.map->streams - 1);
  const SimilarityKey similar{shown.trace, SimilarityOf::stream, layer, 0};
  const auto picture = similarities_.want(trace, commands, similar);
  if (picture && similarities_.fresh()) map.lengths = &picture->similarity;
  draw_captions(frame, shown, *map.map);
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const bool beside = room.x > em() * 34 && room.y > em() * 14 && !paths;
  const float matrix = beside ? std::min(room.x * 0.42F, room.y + em() * 2) : 0.0F;
  const ImVec2 corner = ImGui::GetCursorPos();
  const float height = std::max(room.y, em() * 12) - em() * 0.4F;
  const ImVec2 size(room.x - matrix - (beside ? em() * 1.5F : 0.0F), height);
  if (document.embedding.dimensions == 3) {
    space_.draw(frame, commands, map, size);
  } else {
    scatter_.draw(frame, commands, map, size);
  }
  if (!beside || !picture) return;
  ImGui::SetCursorPos(ImVec2(corner.x + room.x - matrix, corner.y));
  similarities_.draw(frame, commands, shown, *picture, similar, ImVec2(matrix, height));
}

}  // namespace headlight
