// The largest weights of one row, sorted.
#include "gui/views/head_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// Largest first, NaN before all; equal ones in the order of the text.
std::vector<std::int64_t> strongest_keys(const float* weights, const KeyRange& seen, std::size_t most) {
  std::vector<std::int64_t> keys(static_cast<std::size_t>(seen.last - seen.first));
  std::iota(keys.begin(), keys.end(), seen.first);
  const std::size_t kept = std::min(most, keys.size());
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(kept), keys.end(),
                    [weights](std::int64_t one, std::int64_t other) {
                      const float first = std::isnan(weights[one]) ? 2.0F : weights[one];
                      const float second = std::isnan(weights[other]) ? 2.0F : weights[other];
                      return first != second ? first > second : one < other;
                    });
  keys.resize(kept);
  return keys;
}

// Many weights are small: two decimals would make zeros of them.
std::string weight_text(float weight) { return share_text(static_cast<double>(weight), 3); }

void draw_heading(const ShownAttention& shown, std::int64_t query) {
  // Rather smaller than cut.
  const std::string place = fmt::format("L{} H{}", shown.layer, shown.head);
  float whole = em();
  {
    const ScopedFont strong(fonts().strong);
    whole += ImGui::CalcTextSize((place + text("attention.looks_at")).c_str()).x +
             std::min(em() * 8, token_label_width(shown.query_text(query), shown.query_place(query)));
  }
  const float room = ImGui::GetContentRegionAvail().x;
  const ScopedFont strong(fonts().strong, std::clamp(room / whole, 0.75F, 1.0F));
  ImGui::TextUnformatted(place.c_str());
  ImGui::SameLine(0, em() * 0.6F);
  draw_token_label(palette().query, shown.query_text(query), shown.query_place(query), em() * 8);
  ImGui::SameLine(0, em() * 0.4F);
  ImGui::TextDisabled("%s", text("attention.looks_at").c_str());
}

void draw_bar(const ShownAttention& shown, Commands& commands, std::int64_t query, std::int64_t key,
              float weight, float label_width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float height = em() * 1.45F;
  ImGui::PushID(static_cast<int>(key));
  const bool clicked = ImGui::InvisibleButton("##key", ImVec2(width, height), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  ImGui::PopID();
  if (hovered) {
    shown.hover_query(commands, query);
    shown.hover_key(commands, key);
    commands.hover().value = shown.cell(shown.hooks.pattern, query, key);
    ImGui::SetTooltip("%s", format_text("attention.bar_tooltip", fmt::arg("query", shown.query_text(query)),
                                        fmt::arg("key", shown.key_text(key)),
                                        fmt::arg("weight", hand_number(static_cast<double>(weight), 4)),
                                        fmt::arg("hook", hook_name(shown.hooks.pattern, shown.layer)))
                                .c_str());
  }
  const bool locked = shown.locked_key() == key;
  if (clicked) {
    commands.edit(shown.select_key(locked ? std::nullopt : std::optional(key)));
  }
  const bool lit = hovered || shown.hovered_key() == key;
  if (lit || locked) {
    list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height),
                        with_alpha(locked ? palette().lock : palette().text, locked ? 0.16F : 0.07F),
                        em() * 0.25F);
  }
  const float text_y = corner.y + (height - em()) * 0.5F;
  add_token_label(*list, ImVec2(corner.x + em() * 0.3F, text_y), palette().key, shown.key_text(key),
                  shown.key_place(key), label_width);
  const float bar_left = corner.x + label_width + em() * 0.8F;
  const float number_width = em() * 3.9F;
  const float room = std::max(0.0F, corner.x + width - number_width - bar_left);
  const float share = std::isnan(weight) ? 0.0F : std::clamp(weight, 0.0F, 1.0F);
  const float inset = height * 0.24F;
  list->AddRectFilled(ImVec2(bar_left, corner.y + inset), ImVec2(bar_left + room, corner.y + height - inset),
                      with_alpha(palette().attention, 0.12F), em() * 0.2F);
  list->AddRectFilled(ImVec2(bar_left, corner.y + inset),
                      ImVec2(bar_left + std::max(1.0F, room * share), corner.y + height - inset),
                      palette().attention, em() * 0.2F);
  const ScopedFont mono(fonts().mono, 0.92F);
  const std::string number = std::isnan(weight) ? "NaN" : weight_text(weight);
  const float number_x = corner.x + width - em() * 0.3F - ImGui::CalcTextSize(number.c_str()).x;
  list->AddText(ImVec2(number_x, text_y), std::isnan(weight) ? palette().error : palette().text,
                number.c_str());
}

}  // namespace

std::string listed_sum(double sum, bool is_all) {
  if (!is_all && sum >= 0.9995) return ">0.999";
  return rounded_text(sum, is_all ? 2 : 3);
}

void draw_head_summary(const ShownAttention& shown, Commands& commands, const float* weights,
                       std::int64_t query) {
  draw_heading(shown, query);
  if (weights == nullptr || query < 0) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, 0));
  const float line = em() * 1.45F;
  const float room = ImGui::GetContentRegionAvail().y - em() * 1.6F;
  const auto most = static_cast<std::size_t>(std::max(1.0F, std::floor(room / line)));
  const std::vector<std::int64_t> keys =
      strongest_keys(weights, shown.map.seen(query), std::min<std::size_t>(most, 64));
  float label_width = em() * 2;
  for (const std::int64_t key : keys) {
    label_width = std::max(label_width, token_label_width(shown.key_text(key), shown.key_place(key)));
  }
  label_width = std::min(label_width, std::min(em() * 9, ImGui::GetContentRegionAvail().x * 0.46F));
  double listed = 0;
  for (const std::int64_t key : keys) {
    draw_bar(shown, commands, query, key, weights[key], label_width);
    listed += static_cast<double>(weights[key]);
  }
  ImGui::Dummy(ImVec2(0, em() * 0.3F));
  ImGui::PopStyleVar();
  const ScopedFont small(fonts().body, 0.85F);
  const bool all =
      static_cast<std::int64_t>(keys.size()) == shown.map.seen(query).last - shown.map.seen(query).first;
  const std::string sum = listed_sum(listed, all);
  const std::size_t count = keys.size();
  ImGui::TextDisabled("%s", format_text(all ? "attention.sum_all" : "attention.sum_shown",
                                        fmt::arg("count", count), fmt::arg("sum", sum))
                                .c_str());
}

}  // namespace headlight
