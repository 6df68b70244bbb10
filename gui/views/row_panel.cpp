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

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

}  // namespace

std::string hand_number(double value, int decimals) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  std::string digits = std::abs(value) >= 1e5 ? fmt::format("{:.3g}", std::abs(value))
                                              : fmt::format("{:.{}f}", std::abs(value), decimals);
  return value < 0 ? fmt::format("−{}", digits) : digits;
}

bool RowPanel::refresh(const Frame& frame) {
  const std::shared_ptr<const Trace>& trace = frame.result.trace;
  const std::int64_t layer = frame.layer();
  const std::int64_t head = frame.head();
  const std::int64_t query = frame.query();
  if (!trace->has(Hook::rot_q, layer) || !trace->has(Hook::rot_k, layer)) return false;
  const bool same_row = trace == trace_ && layer == layer_ && head == head_ && query == row_.query;
  if (!same_row) {
    row_ = attention_row(*trace, layer, head, query);
    trace_ = trace;
    layer_ = layer;
    head_ = head;
  }
  const std::int64_t key = chosen_key(frame);
  if (!same_row || key != key_) {
    products_ = query_key_product(*trace, layer, head, query, key);
    key_ = key;
  }
  return true;
}

// Hovered, else locked, else where the row looks most.
std::int64_t RowPanel::chosen_key(const Frame& frame) const {
  for (const auto& key : {frame.hover.key, frame.document.key}) {
    if (key && *key >= 0 && *key <= row_.query) return *key;
  }
  return std::max_element(row_.weight.begin(), row_.weight.end()) - row_.weight.begin();
}

void RowPanel::draw(const Frame& frame, Commands& commands) {
  if (frame.query() < 0 || !refresh(frame)) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  if (!ImGui::BeginChild("##steps", ImVec2(0, 0), ImGuiChildFlags_None, ImGuiWindowFlags_NoNavInputs)) {
    ImGui::EndChild();
    return;
  }
  if (!(row_.difference <= 1e-4) && !std::isnan(row_.sum)) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().warning);
    ImGui::TextWrapped("%s", text("attention.pattern_changed").c_str());
    ImGui::PopStyleColor();
  }
  draw_weight_formula(frame, row_, key_);
  const float strips = strips_height_ > 0 ? strips_height_ : product_strips_height();
  const float all = row_table_height(frame, row_);
  const float room = ImGui::GetContentRegionAvail().y - strips - em();
  draw_row_table(frame, commands, row_, key_, std::clamp(room, std::min(all, em() * 12), all));
  ImGui::Dummy(ImVec2(0, em() * 0.4F));
  const float strips_top = ImGui::GetCursorPosY();
  draw_product_strips(frame, commands, row_, products_, key_);
  strips_height_ = ImGui::GetCursorPosY() - strips_top;
  if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && !ImGui::GetIO().WantTextInput) {
    if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) commands.edit(SelectKey{std::max<std::int64_t>(0, key_ - 1)});
    if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) commands.edit(SelectKey{std::min(row_.query, key_ + 1)});
    const std::int64_t last = frame.positions() - 1;
    if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow))
      commands.edit(SelectQuery{std::max<std::int64_t>(0, row_.query - 1)});
    if (ImGui::IsKeyPressed(ImGuiKey_RightArrow)) commands.edit(SelectQuery{std::min(last, row_.query + 1)});
  }
  ImGui::EndChild();
}

}  // namespace headlight
