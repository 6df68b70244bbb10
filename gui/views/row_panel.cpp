// Computes the chosen row once and lays out its formula, table and strips.
#include "gui/views/row_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/row_products.h"
#include "gui/views/row_table.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr std::int64_t most_lines_drawn = 48;  // of a table that does not scroll by itself

}  // namespace

std::string hand_number(double value, int decimals) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  // Zeros would hide a small number.
  if (value != 0 && std::abs(value) < std::pow(10.0, -decimals)) return significant_text(value, 2);
  std::string digits = std::abs(value) >= 1e5 ? fmt::format("{:.3g}", std::abs(value))
                                              : fmt::format("{:.{}f}", std::abs(value), decimals);
  return value < 0 ? fmt::format("−{}", digits) : digits;
}

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
  const float strips = strips_height_ > 0 ? strips_height_ : product_strips_height();
  const float all = row_table_height(shown, row_);
  float room = ImGui::GetContentRegionAvail().y - strips - em();
  // Where not both fit, all lines of a short text are drawn, and one scroll bar moves table and strips; the
  // table of a long one scrolls by itself.
  const bool whole = shown.map.keys <= most_lines_drawn;
  if (whole || room < em() * 14) room = whole ? all : ImGui::GetContentRegionAvail().y - em() * 2.6F;
  if (whole) scroll_to_chosen(shown);
  draw_row_table(shown, commands, row_, key_, std::clamp(room, std::min(all, em() * 12), all));
  ImGui::Dummy(ImVec2(0, em() * 0.4F));
  const float strips_top = ImGui::GetCursorPosY();
  draw_product_strips(shown, commands, row_, products_, key_);
  strips_height_ = ImGui::GetCursorPosY() - strips_top;
  if (panel_has_keys()) {
    if (ImGui::IsKeyPressed(ImGuiKey_UpArrow))
      commands.edit(shown.select_key(std::max(row_.first_key, key_ - 1)));
    if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) {
      const auto keys = static_cast<std::int64_t>(row_.dot.size());
      commands.edit(shown.select_key(std::min(keys - 1, key_ + 1)));
    }
    const std::int64_t last = shown.map.queries - 1;
    if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow))
      commands.edit(shown.select_query(std::max<std::int64_t>(0, row_.query - 1)));
    if (ImGui::IsKeyPressed(ImGuiKey_RightArrow))
      commands.edit(shown.select_query(std::min(last, row_.query + 1)));
  }
  ImGui::EndChild();
}

}  // namespace headlight
