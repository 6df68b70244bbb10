// Thumbnails, their outlines and labels, and the large one of the chosen and of the hovered head.
#include "gui/views/head_wall_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "gui/fonts.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/head_summary.h"
#include "gui/views/matrix_tools.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float as_float(std::int64_t value) { return static_cast<float>(value); }

}  // namespace

void HeadWallPanel::refresh(const Frame& frame, const WallLayout& layout) {
  const std::shared_ptr<const HeadWall>& wall = frame.result.wall;
  const std::int64_t cells = std::clamp<std::int64_t>(static_cast<std::int64_t>(layout.thumbnail), 1,
                                                      std::max<std::int64_t>(wall->side, 1));
  const bool per_row = frame.document.map_scale == MapScale::per_row;
  const bool hide_sink = frame.document.hide_sink;
  texture_.set_scale(frame.document.map_scale);
  if (wall == shown_ && cells == cells_ && per_row == per_row_ && hide_sink == hide_sink_) return;
  shown_ = wall;
  cells_ = cells;
  per_row_ = per_row;
  hide_sink_ = hide_sink;
  texture_.set_cells(static_cast<int>(wall->heads * cells), static_cast<int>(wall->layers * cells),
                     wall_cells(*wall, cells, per_row, hide_sink));
}

void HeadWallPanel::draw_thumbnail(ImDrawList& list, ImVec2 corner, float edge, std::int64_t layer,
                                   std::int64_t head) const {
  const ImVec2 first(as_float(head * cells_), as_float(layer * cells_));
  texture_.add(list, corner, ImVec2(corner.x + edge, corner.y + edge), first,
               ImVec2(first.x + as_float(cells_), first.y + as_float(cells_)));
}

void HeadWallPanel::draw_labels(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const {
  if (layout.is_ordered()) {
    scores_.draw_labels(shown, layout, corner);
    return;
  }
  const ScopedFont small(fonts().mono, smallest_mono);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto draw = [&](char letter, std::int64_t count, bool along_x, std::int64_t current,
                        std::int64_t hovered) {
    const float need = along_x ? ImGui::CalcTextSize("L00").x + em() * 0.4F : em() * 1.15F;
    const auto every = static_cast<std::int64_t>(std::ceil(need / layout.step));
    for (std::int64_t i = 0; i < count; ++i) {
      const bool marked = i == current || i == hovered;
      const bool beside_hovered = hovered >= 0 && std::abs(i - hovered) < every;
      if (i != hovered && beside_hovered && every > 1) continue;
      if (!marked && (i - current) % every != 0) continue;  // in even steps from the current one
      const std::string label = fmt::format("{}{}", letter, i);
      const ImVec2 size = ImGui::CalcTextSize(label.c_str());
      const float middle = layout.step * as_float(i) + layout.thumbnail * 0.5F;
      const ImVec2 at = along_x ? ImVec2(corner.x + layout.origin.x + middle - size.x * 0.5F, corner.y)
                                : ImVec2(corner.x + layout.origin.x - em() * 0.5F - size.x,
                                         corner.y + layout.origin.y + middle - size.y * 0.5F);
      list->AddText(at, marked ? palette().text : small_ink(), label.c_str());
    }
  };
  const auto& hover = shown.frame.hover.head;
  const std::int64_t layer = hover ? hover->first : -1;
  const std::int64_t head = hover ? hover->second : -1;
  draw('L', layout.layers, layout.layers_across, shown.layer, layer);
  draw('H', layout.heads, !layout.layers_across, shown.head, head);
}

void HeadWallPanel::draw_tooltip(const ShownAttention& shown, std::int64_t layer, std::int64_t head) {
  if (!ImGui::BeginTooltip()) return;
  {
    const ScopedFont strong(fonts().strong, 1.1F);
    ImGui::Text("L%d H%d", static_cast<int>(layer), static_cast<int>(head));
  }
  const HeadWall& wall = *shown_;
  if (layer >= wall.layers_done) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    ImGui::EndTooltip();
    return;
  }
  const float edge = EnlargedHead::edge_within(wall, em() * 14.0F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(edge, edge));
  hovered_.draw(*ImGui::GetWindowDrawList(), shown.frame, layer, head, corner, edge);
  const auto index = static_cast<std::size_t>(layer * wall.heads + head);
  if (wall.largest_query[index] >= 0 && wall.largest_query[index] < shown.map.queries) {
    ImGui::TextDisabled("%s", text("attention.strongest").c_str());
    const ScopedFont mono(fonts().mono);
    const std::int64_t query = wall.largest_query[index], key = wall.largest_key[index];
    draw_token_label(palette().query, shown.query_text(query), shown.query_place(query), em() * 9);
    ImGui::SameLine(0, em() * 0.4F);
    ImGui::TextUnformatted("→");
    ImGui::SameLine(0, em() * 0.4F);
    draw_token_label(palette().key, shown.key_text(key), shown.key_place(key), em() * 9);
    ImGui::SameLine(0, em());
    ImGui::Text("%.2f", static_cast<double>(wall.largest[index]));
  }
  scores_.draw_all_of(shown, layer, head);
  ImGui::EndTooltip();
}

// A click chooses, Shift+click compares with what is chosen.
void HeadWallPanel::choose(const ShownAttention& shown, Commands& commands, std::int64_t layer,
                           std::int64_t head) const {
  if (!ImGui::GetIO().KeyShift) {
    commands.edit(SelectHead{layer, head});
    return;
  }
  AttentionChoices next = shown.frame.document.attention;
  const HeadPlace place{layer, head};
  next.merge = HeadMerge::one;
  next.compared = next.compared == place ? std::nullopt : std::optional(place);
  commands.edit(SetChoices{next});
}

void HeadWallPanel::draw_thumbnails(const WallLayout& layout, ImVec2 corner) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (!texture_.begin(*list)) return;
  const float top = list->GetClipRectMin().y, bottom = list->GetClipRectMax().y;
  for (std::int64_t layer = 0; layer < layout.layers; ++layer) {
    for (std::int64_t head = 0; head < layout.heads; ++head) {
      const ImVec2 at = layout.corner(layer, head);
      const float y = std::floor(corner.y) + at.y;
      if (y > bottom || y + layout.thumbnail < top) continue;
      draw_thumbnail(*list, ImVec2(std::floor(corner.x) + at.x, y), layout.thumbnail, layer, head);
    }
  }
  texture_.end(*list);
}

void HeadWallPanel::draw_outlines(const ShownAttention& shown, const WallLayout& layout,
                                  ImVec2 corner) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto outline = [&](std::int64_t layer, std::int64_t head, ImU32 color, float thickness) {
    if (layer >= layout.layers || head >= layout.heads) return;
    const ImVec2 at = layout.corner(layer, head);
    // Around the cell: its first column and its last row are seen, too. AddRect draws inwards.
    const float line = std::round(thickness);
    const ImVec2 from(std::floor(corner.x) + at.x - line, std::floor(corner.y) + at.y - line);
    const float edge = layout.thumbnail + line * 2.0F;
    list->AddRect(from, ImVec2(from.x + edge, from.y + edge), color, line, line);
  };
  if (const auto compared = compared_head(shown)) {
    outline(compared->layer, compared->head, palette().text, std::max(2.0F, em() * 0.12F));
    const ImVec2 at = layout.corner(compared->layer, compared->head);
    const ScopedFont strong(fonts().strong, 0.85F);
    const ImVec2 size = ImGui::CalcTextSize("B");
    const ImVec2 from(corner.x + at.x, corner.y + at.y);
    list->AddRectFilled(from, ImVec2(from.x + size.x + em() * 0.4F, from.y + size.y), palette().text);
    list->AddText(ImVec2(from.x + em() * 0.2F, from.y), palette().panel, "B");
  }
  outline(shown.layer, shown.head, palette().lock, std::max(2.0F, em() * 0.15F));
  const auto& hover = shown.frame.hover.head;
  if (hover) outline(hover->first, hover->second, palette().hover, std::max(1.0F, em() * 0.1F));
}

void HeadWallPanel::draw_wall(const ShownAttention& shown, Commands& commands, const WallLayout& layout) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const Hand hand = canvas("##heads", layout.extent,
                           {ImVec2(corner.x + layout.origin.x, corner.y + layout.origin.y),
                            ImVec2(layout.step, layout.step_down),
                            {}});
  const auto under = hand.inside ? layout.at(ImVec2(hand.at.x - corner.x, hand.at.y - corner.y))
                                 : std::optional<std::pair<std::int64_t, std::int64_t>>();
  if (under) {
    commands.hover().head = under;
    if (hand.clicked) choose(shown, commands, under->first, under->second);
    if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
      commands.edit(ShowAttention{AttentionMode::matrix});
  }
  draw_thumbnails(layout, corner);
  scores_.dim(shown, layout, corner);
  draw_labels(shown, layout, corner);
  draw_outlines(shown, layout, corner);
  if (under) draw_tooltip(shown, under->first, under->second);
}

namespace {

// Arrow keys walk, Enter opens.
void handle_keys(const ShownAttention& shown, Commands& commands, const WallLayout& layout) {
  if (!panel_has_keys()) return;
  std::int64_t x = 0;
  std::int64_t y = 0;
  if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow)) --x;
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow)) ++x;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) --y;
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ++y;
  if (layout.is_ordered() && (x != 0 || y != 0)) {
    const std::int64_t place =
        layout.places[static_cast<std::size_t>(shown.layer * layout.heads + shown.head)];
    const std::int64_t next = place + x + y * layout.across;
    if (next < 0 || next >= layout.layers * layout.heads) return;
    const std::int64_t flat = layout.order[static_cast<std::size_t>(next)];
    commands.edit(SelectHead{flat / layout.heads, flat % layout.heads});
  } else if (x != 0 || y != 0) {
    const std::int64_t layer = shown.layer + (layout.layers_across ? x : y);
    const std::int64_t head = shown.head + (layout.layers_across ? y : x);
    commands.edit(SelectHead{std::clamp<std::int64_t>(layer, 0, layout.layers - 1),
                             std::clamp<std::int64_t>(head, 0, layout.heads - 1)});
  }
  if (ImGui::IsKeyPressed(ImGuiKey_Enter, false) || ImGui::IsKeyPressed(ImGuiKey_KeypadEnter, false)) {
    commands.edit(ShowAttention{AttentionMode::matrix});
  }
}

}  // namespace

// With every weight that there are pixels for.
void HeadWallPanel::draw_chosen_map(const ShownAttention& shown, Commands& commands, ImVec2 corner,
                                    float edge) {
  DrawnMap map;
  map.layer = shown.layer;
  map.head = shown.head;
  map.cross = shown.cross();
  map.hide_sink = shown.frame.document.hide_sink;
  map.per_row = shown.frame.document.map_scale == MapScale::per_row;
  const float cell = edge / as_float(std::max(shown.map.queries, shown.map.keys));
  const ImVec2 size(cell * as_float(shown.map.keys), cell * as_float(shown.map.queries));
  chosen_map_.draw(shown.frame, shown.trace, map, {corner, size, 0, 0, cell}, commands);
}

// The chosen head closely, and what it does with the chosen token.
void HeadWallPanel::draw_chosen(const ShownAttention& shown, Commands& commands, HeadMaps& maps) {
  const HeadWall& wall = *shown_;
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const bool wide = room.x >= em() * 30;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float edge = EnlargedHead::edge_within(wall, std::min(wide ? room.y : room.y * 0.45F, em() * 20));
  const bool fits = wide || room.y >= em() * 22;  // the list needs the room of a low column for itself
  if (shown.layer < wall.layers_done && edge >= em() * 5 && fits) {
    if (wall.is_exact()) {
      chosen_.draw(*ImGui::GetWindowDrawList(), shown.frame, shown.layer, shown.head, corner, edge);
    } else {
      draw_chosen_map(shown, commands, corner, edge);
    }
    if (wide) {
      ImGui::SetCursorScreenPos(ImVec2(corner.x + edge + em() * 1.5F, corner.y));
    } else {
      ImGui::SetCursorScreenPos(ImVec2(corner.x, corner.y + edge + em() * 0.6F));
    }
  }
  if (ImGui::BeginChild("##keys", ImVec2(std::min(ImGui::GetContentRegionAvail().x, em() * 48), 0),
                        ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_NoScrollbar)) {
    const std::int64_t query = shown.query();
    HeadRows* rows = maps.rows(shown.trace, shown.layer, shown.head, shown.cross());
    draw_head_summary(shown, commands, rows ? rows->row(query) : nullptr, query);
  }
  ImGui::EndChild();
}

WallLayout HeadWallPanel::lay_out(const ShownAttention& shown, ImVec2 room) {
  const HeadWall& wall = *shown.frame.result.wall;
  std::vector<std::int64_t> order = scores_.order(shown);
  if (order.empty()) return wall_layout(room, wall.layers, wall.heads, wall.side, em());
  WallLayout layout = ordered_wall_layout(room, wall.layers, wall.heads, std::move(order), em());
  return layout;
}

void HeadWallPanel::draw(const ShownAttention& shown, Commands& commands, HeadMaps& maps) {
  const Frame& frame = shown.frame;
  scores_.follow(shown, commands);
  scores_.draw_tools(shown, commands);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  if (room.x < em() || room.y < em()) return;
  // Sorted heads are large and scroll: the chosen one keeps its place below them.
  const bool divided = scores_.is_sorted(shown) && room.y >= em() * 24;
  // The chosen head closely, and what it looks at, have their room before the wall has the rest: below it in
  // a high panel, beside it in a wide one. In others, and on the stage, whose thumbnails are seen from afar,
  // they are shown where the wall leaves as much by itself.
  const bool is_high = room.y >= em() * 30.0F && room.x >= em() * 14.0F,
             is_wide = !is_high && room.x >= em() * 38.0F;
  const float for_heads = divided ? std::floor(room.y * 0.6F) : room.y - (is_high ? em() * 11.0F : 0.0F);
  const float kept =
      is_wide && !divided && !on_stage() ? em() * 13.0F + ImGui::GetStyle().ScrollbarSize : 0.0F;
  const WallLayout layout = lay_out(shown, ImVec2(room.x - em() * 0.8F - kept, for_heads));
  refresh(frame, layout);
  const float below = room.y - std::min(layout.extent.y, for_heads) - em() * 1.5F;
  const float beside = room.x - layout.extent.x - em() * 1.7F;
  const bool has_below = below >= em() * 9.0F && room.x >= em() * 14.0F;
  const bool has_beside = !has_below && beside >= em() * 10.0F;
  const float bar = layout.extent.y > room.y ? ImGui::GetStyle().ScrollbarSize : 0.0F;
  const ImVec2 size(has_beside ? layout.extent.x + bar + em() * 0.2F : room.x,
                    has_below ? std::min(layout.extent.y, for_heads) + em() * 0.2F : room.y);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  const bool visible =
      ImGui::BeginChild("##wall", size, ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PopStyleVar();
  if (visible) {
    draw_wall(shown, commands, layout);
  }
  ImGui::EndChild();
  handle_keys(shown, commands, layout);
  if (!has_below && !has_beside) return;
  if (has_beside) ImGui::SameLine(0, em() * 1.5F);
  if (has_below) ImGui::Dummy(ImVec2(0, em() * 0.3F));
  if (ImGui::BeginChild("##chosen", ImVec2(0, 0), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_NoScrollbar)) {
    draw_chosen(shown, commands, maps);
  }
  ImGui::EndChild();
}

}  // namespace headlight
