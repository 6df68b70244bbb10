// Which vectors, of which layer and head, and their cosines.
#include "gui/views/vectors_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/session/document_names.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/points_panel.h"
#include "gui/views/tool_row.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/segmented.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// Heads are chosen with the arrows that the layers leave free.
void choose_head(const SimilarityKey& key, std::int64_t heads, Commands& commands) {
  if (ImGui::GetIO().KeyShift || !panel_has_keys()) return;
  const std::int64_t step =
      (ImGui::IsKeyPressed(ImGuiKey_DownArrow) ? 1 : 0) - (ImGui::IsKeyPressed(ImGuiKey_UpArrow) ? 1 : 0);
  const std::int64_t head = std::clamp<std::int64_t>(key.head + step, 0, heads - 1);
  if (head != key.head) commands.edit(SelectHead{key.layer, head});
}

}  // namespace

SimilarityKey VectorsPanel::key_of(const Frame& frame, const ShownText& shown) const {
  const ArchitectureDescription& a = shown.trace->model().architecture;
  const Document& document = frame.document;
  const SimilarityOf of = document.embedding.similarity_of;
  if (of == SimilarityOf::stream)
    return {shown.trace, of, std::clamp<std::int64_t>(document.embedding_layer, 0, a.layers), 0};
  return {shown.trace, of, std::clamp<std::int64_t>(document.layer, 0, a.layers - 1),
          std::clamp<std::int64_t>(document.head, 0, a.heads - 1)};
}

void VectorsPanel::draw_tools(const Frame& frame, Commands& commands, const ShownText& shown,
                              const SimilarityKey& key) {
  std::vector<Segment> segments;
  std::size_t selected = 0;
  for (const auto& [name, of] : similarity_sources) {
    if (of == key.of) selected = segments.size();
    const std::string id(name);
    segments.push_back({of == SimilarityOf::stream ? text("embeddings.stream") : id,
                        text("embeddings.alike_" + id + "_tip")});
  }
  ToolRow row;
  row.next(segmented_width(segments));
  if (const auto chosen = segmented("vectors", segments, selected)) {
    EmbeddingChoices choices = frame.document.embedding;
    choices.similarity_of = similarity_sources[*chosen].value;
    commands.edit(SetChoices{choices});
  }
  const bool stream = key.of == SimilarityOf::stream;
  LayerWalk::Stops stops;
  stops.at = key.layer;
  stops.last = stream ? shown.layers() : shown.layers() - 1;
  stops.label = stream ? stream_label(key.layer) : fmt::format("L{} H{}", key.layer, key.head);
  stops.widest = stream ? stream_label(89) : "L89 H89";
  stops.arrived = maps_.fresh();
  row.next(LayerWalk::least_width(stops));
  if (const auto chosen = walk_.draw(frame, commands, stops, row.room())) {
    if (stream) {
      commands.edit(SetEmbeddingLayer{*chosen});
    } else {
      commands.edit(SelectHead{*chosen, key.head});
    }
  }
  if (!stream) choose_head(key, shown.trace->model().architecture.heads, commands);
}

void VectorsPanel::draw(const Frame& frame, Commands& commands, const ShownText& shown) {
  const SimilarityKey key = key_of(frame, shown);
  draw_tools(frame, commands, shown, key);
  const Trace& trace = *shown.trace;
  if (trace.positions() > most_similar_positions) return draw_empty_note("embeddings.too_many_pairs");
  if (!has_vectors(trace, key)) {
    if (trace.complete()) draw_empty_note("embeddings.not_kept");
    return;
  }
  const HookPlace place = vectors_place(trace, key);
  const std::string index =
      key.of == SimilarityOf::stream ? "[:, :]" : fmt::format("[:, {}, :]", vectors_head(trace, key));
  {
    const ScopedFont mono(fonts().mono, 0.88F);
    ImGui::TextDisabled("%s", fmt::format("{} {}", value_name_in(frame, shown, place), index).c_str());
  }
  const std::string& caption =
      text(key.of == SimilarityOf::stream ? "embeddings.alike_caption" : "embeddings.alike_head_caption");
  next_in_line(label_width(fonts().body, 0.88F, caption), em());  // a line for the map
  draw_caption(caption, palette().muted);
  const auto picture = maps_.want(trace, commands, key);
  if (!picture) return;
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const ImVec2 corner = ImGui::GetCursorPos();
  const float height = std::max(room.y - em() * 0.4F, em() * 12);
  const float least = room.x > em() * 40 ? em() * 20 : 0.0F;
  const float matrix = least > 0 ? std::min(room.x - least - em() * 2, height + em()) : room.x;
  const float list = least > 0 ? room.x - matrix - em() * 2 : 0.0F;
  maps_.draw(frame, commands, shown, *picture, key, ImVec2(matrix, height));
  if (list <= 0) return;
  ImGui::SetCursorPos(ImVec2(corner.x + matrix + em() * 2, corner.y));
  draw_alike_pairs(frame, commands, shown, picture->pairs, maps_.fresh(), ImVec2(list, height));
}

}  // namespace headlight
