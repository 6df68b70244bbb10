// Computes the chosen row once and lays out its formula, table and strips.
#include "gui/views/row_panel.h"

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/row_products.h"
#include "gui/views/row_table.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr std::int64_t most_lines_drawn = 48;  // all at once, of a table that does not scroll by itself

}  // namespace

bool RowPanel::refresh(const ShownAttention& shown) {
  const std::shared_ptr<const Trace>& trace = shown.trace;
  const std::int64_t layer = shown.layer;
  const std::int64_t head = shown.head;
  const std::int64_t query = shown.query();
  const bool cross = shown.cross();
  if (!trace->has(shown.hooks.q, layer) || !trace->has(shown.hooks.k, layer)) return false;
  const bool same_row =
      trace == trace_.lock() && layer == layer_ && head == head_ && cross == cross_ && query == row_.query;
  if (!same_row) {
    row_ = attention_row(*trace, layer, head, query, cross);
    trace_ = trace;
    layer_ = layer;
    head_ = head;
    cross_ = cross;
  }
  const std::int64_t key = chosen_key(shown);
  if (!same_row || key != key_) {
    products_ = query_key_product(*trace, layer, head, query, key, cross);
    key_ = key;
  }
  return true;
}

// Hovered, else locked, else where the row looks most.
std::int64_t RowPanel::chosen_key(const ShownAttention& shown) const {
  for (const auto& key : {shown.hovered_key(), shown.locked_key()}) {
    if (key && shown.map.sees(row_.query, *key)) return *key;
  }
  return std::max_element(row_.weight.begin(), row_.weight.end()) - row_.weight.begin();
}

// What is chosen comes into sight when it changes, but not under a mouse that points.
void RowPanel::scroll_to_chosen(const ShownAttention& shown) {
  if (shown.hovered_key() || scrolled_to_ == key_) return;
  scrolled_to_ = key_;
  const float top = ImGui::GetCursorPosY() + row_line_top(row_, key_), window = ImGui::GetWindowHeight();
  const float scroll = ImGui::GetScrollY(), line = em() * 2;
  if (top < scroll || top + line > scroll + window) ImGui::SetScrollY(top - window * 0.5F);
}

void RowPanel::handle_keys(const ShownAttention& shown, Commands& commands) const {
  if (!panel_has_keys()) return;
  const auto keys = static_cast<std::int64_t>(row_.dot.size());
  const std::int64_t last = shown.map.queries - 1;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow))
    commands.edit(shown.select_key(std::max(row_.first_key, key_ - 1)));
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) commands.edit(shown.select_key(std::min(keys - 1, key_ + 1)));
  if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow))
    commands.edit(shown.select_query(std::max<std::int64_t>(0, row_.query - 1)));
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow))
    commands.edit(shown.select_query(std::min(last, row_.query + 1)));
}

// The table of a long text, which scrolls by itself, and the strips on its right.
void RowPanel::draw_beside(const ShownAttention& shown, Commands& commands, ImVec2 room) {
  const float gap = em() * 1.5F, table = std::floor(room.x * 0.58F);
  constexpr ImGuiWindowFlags still = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse;
  if (ImGui::BeginChild("##table", ImVec2(table, room.y), ImGuiChildFlags_NavFlattened, still))
    draw_row_table(shown, commands, row_, key_, room.y);
  ImGui::EndChild();
  ImGui::SameLine(0, gap);
  if (ImGui::BeginChild("##strips", ImVec2(0, room.y), ImGuiChildFlags_NavFlattened, still))
    draw_product_strips(shown, commands, row_, products_, key_, true);
  ImGui::EndChild();
}

// With what is between them and the table.
float RowPanel::strips_room() const {
  const float strips = strips_height_ > 0 ? strips_height_ : product_strips_height();
  return strips + em() * 0.4F + ImGui::GetStyle().ItemSpacing.y * 3.0F;
}

// The strips beneath the table. Where not both fit, all of its lines are drawn (`whole`), and one scroll bar
// moves table and strips.
void RowPanel::draw_stacked(const ShownAttention& shown, Commands& commands, bool whole) {
  const float all = row_table_height(shown, row_);
  const float room = whole ? all : ImGui::GetContentRegionAvail().y - strips_room();
  if (whole) scroll_to_chosen(shown);
  draw_row_table(shown, commands, row_, key_, std::min(room, all));
  ImGui::Dummy(ImVec2(0, em() * 0.4F));
  const float strips_top = ImGui::GetCursorPosY();
  draw_product_strips(shown, commands, row_, products_, key_, false);
  strips_height_ = ImGui::GetCursorPosY() - strips_top;
}

void RowPanel::draw(const ShownAttention& shown, Commands& commands) {
  if (shown.query() < 0 || !refresh(shown)) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  if (!ImGui::BeginChild("##steps", ImVec2(0, 0), ImGuiChildFlags_NavFlattened)) {
    ImGui::EndChild();
    return;
  }
  if (!(row_.difference <= 1e-4) && !std::isnan(row_.sum)) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().warning);
    ImGui::TextWrapped("%s", text("attention.pattern_changed").c_str());
    ImGui::PopStyleColor();
  }
  draw_weight_formula(shown, row_, key_);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const bool fits = room.y - strips_room() >= std::min(row_table_height(shown, row_), em() * 14);
  const bool is_short = shown.map.keys <= most_lines_drawn;
  if (!fits && !is_short && room.x >= em() * 44 && room.y >= em() * 9) {
    draw_beside(shown, commands, room);
  } else {
    draw_stacked(shown, commands, !fits || is_short);
  }
  handle_keys(shown, commands);
  fade_edges();
  ImGui::EndChild();
}

}  // namespace headlight
