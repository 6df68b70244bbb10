// As many words as fit, the rest in a menu.
#include "gui/views/attention_modes.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "core/session/document_names.h"
#include "gui/strings.h"
#include "gui/widgets/segmented.h"
#include "imgui.h"

namespace headlight {
namespace {

std::vector<Segment> mode_segments() {
  std::vector<Segment> segments;
  for (const auto& named : attention_modes) {
    const std::string key = "attention.mode_" + std::string(named.name);
    segments.push_back({text(key), text(key + "_tip")});
  }
  return segments;
}

// The menu of the modes from `first` on.
void draw_rest(const std::vector<Segment>& segments, std::size_t first, std::size_t selected,
               Commands& commands) {
  if (!ImGui::BeginPopup("rest")) return;
  for (std::size_t i = first; i < segments.size(); ++i) {
    if (ImGui::MenuItem(segments[i].label.c_str(), nullptr, i == selected)) {
      commands.edit(ShowAttention{attention_modes[i].value});
    }
    ImGui::SetItemTooltip("%s", segments[i].tooltip.c_str());
  }
  ImGui::EndPopup();
}

}  // namespace

void draw_attention_modes(const Frame& frame, Commands& commands) {
  const std::vector<Segment> segments = mode_segments();
  const auto selected = static_cast<std::size_t>(frame.document.attention_mode);
  const float room = ImGui::GetContentRegionAvail().x;
  const std::span<const Segment> all(segments);
  std::size_t fits = all.size();
  if (segmented_width(all) > room) {
    // The last word says which of the others is chosen, so there has to be room for the longest of them.
    float rest = 0;
    for (const Segment& segment : segments) rest = std::max(rest, toggle_width({segment.label + " …", ""}));
    while (fits > 1 && segmented_width(all.first(fits)) + rest > room) --fits;
  }
  if (const auto chosen = segmented("mode", all.first(fits), selected)) {
    commands.edit(ShowAttention{attention_modes[*chosen].value});
  }
  if (fits == all.size()) return;
  ImGui::SameLine(0, ImGui::GetFontSize() * 0.2F);
  ImGui::PushID("mode_rest");
  const bool in_rest = selected >= fits;
  const Segment more{(in_rest ? segments[selected].label : text("attention.more_modes")) + " …",
                     text("attention.more_modes_tip")};
  if (toggle("##more", more, in_rest)) ImGui::OpenPopup("rest");
  draw_rest(segments, fits, selected, commands);
  ImGui::PopID();
}

const char* caption_of(AttentionMode mode) {
  switch (mode) {
    case AttentionMode::wall:
      return "attention.caption_wall";
    case AttentionMode::matrix:
      return "attention.caption_matrix";
    case AttentionMode::row:
      return "attention.caption_row";
    case AttentionMode::arcs:
      return "attention.caption_arcs";
    case AttentionMode::heat:
      return "attention.caption_heat";
    case AttentionMode::neuron:
      return "attention.caption_neuron";
    case AttentionMode::rollout:
      return "attention.caption_rollout";
  }
  return "attention.caption_matrix";
}

}  // namespace headlight
