// A row of switches, the legend of values that are no weights, and a small wall to choose the second head
// from.
#include "gui/views/matrix_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

void draw_merge(const AttentionChoices& now, Commands& commands, bool behind) {
  const std::array<Segment, 3> segments = {
      {{text("matrix.merge_one"), text("matrix.merge_one_tip")},
       {text("matrix.merge_mean"), text("matrix.merge_mean_tip")},
       {text("matrix.merge_largest"), text("matrix.merge_largest_tip")}}};
  constexpr std::array merges = {HeadMerge::one, HeadMerge::mean, HeadMerge::largest};
  if (behind) next_in_line(segmented_width(segments), em() * 1.2F);
  if (const auto chosen = segmented("merge", segments, static_cast<std::size_t>(now.merge))) {
    AttentionChoices next = now;
    next.merge = merges[*chosen];
    if (next.merge != HeadMerge::one) next.compared.reset();
    commands.edit(SetChoices{next});
  }
}

void draw_switch(const char* id, const char* key, const char* tip, bool on, const AttentionChoices& next,
                 Commands& commands) {
  const Segment segment{text(key), text(tip)};
  next_in_line(toggle_width(segment), em() * 0.6F);
  if (toggle(id, segment, on)) commands.edit(SetChoices{next});
}

// The head behind the current one: what a comparison begins with.
HeadPlace next_head(const ShownAttention& shown) {
  const ArchitectureDescription& a = shown.architecture();
  if (a.heads > 1) return {shown.layer, (shown.head + 1) % a.heads};
  return {(shown.layer + 1) % a.layers, 0};
}

// Every head as a small square, brighter where its strongest weight beside key 0 is.
void draw_picker_grid(const ShownAttention& shown, Commands& commands, const HeadPlace& now) {
  const ArchitectureDescription& a = shown.architecture();
  const HeadWall* wall = shown.frame.result.wall.get();
  const bool known = wall && wall->layers == a.layers && wall->heads == a.heads;
  const float step = std::max(8.0F, em() * 0.95F);
  const ImVec2 size(step * static_cast<float>(a.heads), step * static_cast<float>(a.layers));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const Hand hand = canvas("##grid", size, {corner, ImVec2(step, step), {}});
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const ImVec2 from(corner.x + step * static_cast<float>(head),
                        corner.y + step * static_cast<float>(layer));
      const ImVec2 to(from.x + step - 1.5F, from.y + step - 1.5F);
      const float strongest = known && layer < wall->layers_done
                                  ? wall->largest[static_cast<std::size_t>(layer * a.heads + head)]
                                  : 0.0F;
      list->AddRectFilled(from, to, cell_color(MapScale::linear, strongest));
      const bool is_first = layer == shown.layer && head == shown.head;
      if (is_first || HeadPlace{layer, head} == now)
        list->AddRect(from, to, is_first ? palette().lock : palette().hover, 0, std::max(1.5F, em() * 0.12F));
    }
  }
  if (!hand.inside) return;
  const HeadPlace under{
      std::clamp<std::int64_t>(static_cast<std::int64_t>((hand.at.y - corner.y) / step), 0, a.layers - 1),
      std::clamp<std::int64_t>(static_cast<std::int64_t>((hand.at.x - corner.x) / step), 0, a.heads - 1)};
  commands.hover().head = std::pair(under.layer, under.head);
  ImGui::SetTooltip("L%d H%d", static_cast<int>(under.layer), static_cast<int>(under.head));
  if (!hand.clicked) return;
  AttentionChoices next = shown.frame.document.attention;
  next.compared = under;
  commands.edit(SetChoices{next});
  ImGui::CloseCurrentPopup();
}

void draw_picker(const ShownAttention& shown, Commands& commands, const HeadPlace& now) {
  const std::string label = fmt::format("B: L{} H{} …###picker", now.layer, now.head);
  next_in_line(em() * 7, em() * 0.6F);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(em() * 0.65F, em() * 0.35F));
  if (ImGui::Button(label.c_str())) ImGui::OpenPopup("heads");
  ImGui::PopStyleVar();
  ImGui::SetItemTooltip("%s", text("matrix.picker_tip").c_str());
  if (!ImGui::BeginPopup("heads")) return;
  ImGui::TextDisabled("%s", text("matrix.picker").c_str());
  draw_picker_grid(shown, commands, now);
  ImGui::EndPopup();
}

std::string number(double value) {
  return value != 0.0 && value < 0.01 ? significant_text(value, 2) : fmt::format("{:.3g}", value);
}

void draw_legend(const Document& document, double most) {
  const ScopedFont small(fonts().body, 0.8F);
  const bool is_signed = document.attention.difference && document.attention.compared;
  const std::string low = is_signed ? "−" + number(most) : "0";
  const std::string high =
      document.map_scale == MapScale::per_row && !is_signed ? text("attention.row_largest") : number(most);
  const std::string& name = text(is_signed ? "matrix.legend_difference" : "matrix.legend_weighted");
  const float bar = em() * 7, gap = em() * 0.4F;
  const float low_width = ImGui::CalcTextSize(low.c_str()).x,
              high_width = ImGui::CalcTextSize(high.c_str()).x;
  const float width =
      low_width + bar + high_width + ImGui::CalcTextSize(name.c_str()).x + gap * 3 + em() * 0.4F;
  next_in_line(width, em() * 1.2F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float height = em() * 1.75F / 0.8F;
  ImGui::Dummy(ImVec2(width, height));
  ImGui::SetItemTooltip(
      "%s", text(is_signed ? "matrix.legend_difference_tip" : "matrix.legend_weighted_tip").c_str());
  const float y = start.y + (height - em()) * 0.5F, middle = start.y + height * 0.5F;
  float x = start.x;
  list->AddText(ImVec2(x, y), palette().muted, low.c_str());
  x += low_width + gap;
  add_color_bar(*list, ImVec2(x, middle - em() * 0.4F), ImVec2(x + bar, middle + em() * 0.4F),
                is_signed ? ColorMap::diverging : sequential_map());
  x += bar + gap;
  list->AddText(ImVec2(x, y), palette().muted, high.c_str());
  x += high_width + gap + em() * 0.4F;
  list->AddText(ImVec2(x, y), palette().text, name.c_str());
}

}  // namespace

std::optional<HeadPlace> compared_head(const ShownAttention& shown) {
  const AttentionChoices& choices = shown.frame.document.attention;
  if (!choices.compared || choices.merge != HeadMerge::one) return std::nullopt;
  const ArchitectureDescription& a = shown.architecture();
  return HeadPlace{std::clamp<std::int64_t>(choices.compared->layer, 0, a.layers - 1),
                   std::clamp<std::int64_t>(choices.compared->head, 0, a.heads - 1)};
}

MatrixMaps matrix_maps(const ShownAttention& shown) {
  const Document& document = shown.frame.document;
  MatrixMaps maps;
  maps.first.layer = shown.layer;
  maps.first.head = shown.head;
  maps.first.cross = shown.cross();
  maps.first.merge = document.attention.merge;
  maps.first.value_weighted = document.attention.value_weighted;
  maps.first.hide_sink = document.hide_sink;
  maps.first.per_row = document.map_scale == MapScale::per_row;
  const auto other = compared_head(shown);
  if (!other) return maps;
  if (document.attention.difference) {
    maps.first.per_row = false;
    maps.first.other = std::pair(other->layer, other->head);
  } else {
    maps.second = maps.first;
    maps.second->layer = other->layer;
    maps.second->head = other->head;
  }
  return maps;
}

bool has_own_legend(const Document& document) {
  if (document.attention_mode != AttentionMode::matrix) return false;
  const AttentionChoices& choices = document.attention;
  return choices.value_weighted || (choices.difference && choices.compared);
}

void draw_matrix_tools(const ShownAttention& shown, Commands& commands, double most, bool behind) {
  const Document& document = shown.frame.document;
  const AttentionChoices& now = document.attention;
  const ArchitectureDescription& a = shown.architecture();
  if (a.heads > 1) {
    draw_merge(now, commands, behind);
  } else if (!behind) {
    ImGui::Dummy(ImVec2(0, 0));
  }
  AttentionChoices next = now;
  next.value_weighted = !now.value_weighted;
  draw_switch("##weighted", "matrix.weighted", "matrix.weighted_tip", now.value_weighted, next, commands);
  const auto other = compared_head(shown);
  if (a.heads * a.layers > 1) {
    next = now;
    next.merge = HeadMerge::one;
    next.compared = other ? std::nullopt : std::optional(next_head(shown));
    draw_switch("##compare", "matrix.compare", "matrix.compare_tip", other.has_value(), next, commands);
  }
  if (other) {
    draw_picker(shown, commands, *other);
    next = now;
    next.difference = !now.difference;
    draw_switch("##difference", "matrix.difference", "matrix.difference_tip", now.difference, next, commands);
  }
  if (has_own_legend(document)) draw_legend(document, most);
}

}  // namespace headlight
