// The tool bar of the points, what is said of them, and where the two drawings go.
#include "gui/views/points_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "core/forward/derived_values.h"
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

constexpr double outshines = 3.0;  // the first vector against the median: worth a word

float em() { return ImGui::GetFontSize(); }

double length_of(std::span<const float> vector) {
  double sum = 0;
  for (const float value : vector) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

// How many times the first vector of a stream is as long as the median of the others, of which a hundred
// say enough; 0 when that cannot be said.
double first_against_others(const Trace& trace, std::int64_t layer) {
  constexpr std::int64_t most = 100;
  const std::int64_t positions = trace.positions();
  if (positions < 3 || !has_stream(trace, layer)) return 0.0;
  const HookPlace place = stream_place(trace.model().architecture, layer);
  std::vector<double> others;
  const std::int64_t step = 1 + (positions - 2) / most;
  for (std::int64_t position = 1; position < positions; position += step) {
    others.push_back(length_of(trace.row(place.hook, place.layer, position)));
    if (!std::isfinite(others.back())) return 0.0;
  }
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  const double ratio = *middle > 0.0 ? length_of(trace.row(place.hook, place.layer, 0)) / *middle : 0.0;
  return std::isfinite(ratio) ? ratio : 0.0;
}

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
  draw_without_first(frame, commands, row);
}

// Left out when it is asked for; when it dominates, unless it is asked for.
void PointsPanel::draw_without_first(const Frame& frame, Commands& commands, ToolRow& row) {
  const Segment without{text("embeddings.without_first"), text("embeddings.without_first_tip")};
  row.next(toggle_width(without));
  const bool out = leaves_first_out(frame), asked = frame.document.embedding_without_first;
  if (!toggle("##without", without, out)) return;
  EmbeddingChoices choices = frame.document.embedding;
  choices.first_anyway = out && first_dominates();
  if (choices != frame.document.embedding) commands.edit(SetChoices{choices});
  if (out ? asked : !first_dominates()) commands.edit(SetEmbeddingWithoutFirst{!asked});
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

// In what is drawn: at one layer, or at any of them where all are drawn at once.
void PointsPanel::measure_first(const Frame& frame, const ShownText& shown, std::int64_t layer) {
  const bool paths = frame.document.embedding.trajectories;
  const FirstToken wanted{shown.trace, paths ? -1 : layer, 0};
  const bool same = first_.trace.lock() == shown.trace && first_.layer == wanted.layer;
  if (same && shown.trace->complete()) return;
  first_ = wanted;
  for (std::int64_t at = paths ? 0 : layer; at <= (paths ? shown.layers() : layer); ++at) {
    first_.ratio = std::max(first_.ratio, first_against_others(*shown.trace, at));
  }
}

bool PointsPanel::first_dominates() const { return first_.ratio > outshines; }

bool PointsPanel::leaves_first_out(const Frame& frame) const {
  return frame.document.embedding_without_first ||
         (first_dominates() && !frame.document.embedding.first_anyway);
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
  if (document.embedding.dimensions == 3) words += " " + text("embeddings.turn");
  draw_caption(words, palette().muted);
  const std::string first = token_of(frame, shown, 0);
  if (first_dominates()) {
    const bool out = leaves_first_out(frame);
    const std::string times = fmt::format("{:.{}f}", first_.ratio, first_.ratio < 10 ? 1 : 0);
    draw_caption(format_text(out ? "embeddings.massive_left_out" : "embeddings.massive",
                             fmt::arg("token", first), fmt::arg("times", times)),
                 out ? palette().muted : palette().warning);
  } else if (leaves_first_out(frame) && shown.positions() > 1) {
    draw_caption(format_text("embeddings.first_left_out", fmt::arg("token", first)), palette().muted);
  }
}

void PointsPanel::draw(const Frame& frame, Commands& commands, const ShownText& shown) {
  const Document& document = frame.document;
  const Trace& trace = *shown.trace;
  const std::int64_t layer = std::clamp<std::int64_t>(document.embedding_layer, 0, shown.layers());
  measure_first(frame, shown, layer);
  draw_tools(frame, commands, shown);
  const bool paths = document.embedding.trajectories;
  const bool there = paths ? has_all_streams(trace) : has_stream(trace, layer);
  TokenMapKey key{.trace = shown.trace, .paths = paths, .without_first = leaves_first_out(frame)};
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
