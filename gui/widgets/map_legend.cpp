// Pieces from left to right, in small type.
#include "gui/widgets/map_legend.h"

#include <fmt/format.h>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/map_scale_words.h"

namespace headlight {
namespace {

constexpr float type = smallest_words;

float em() { return ImGui::GetFontSize(); }
float gap() { return em() * 0.4F; }
float bar_width(const MapLegend& legend) { return em() * (legend.brief ? 4.0F : 7.0F); }
float width_of(const std::string& words) { return ImGui::CalcTextSize(words.c_str()).x; }

std::string numbers_words(float from) {
  return format_text("attention.legend_numbers", fmt::arg("weight", fmt::format("{:g}", from)));
}

void draw_bar(ImDrawList& list, const MapLegend& legend, ImVec2 corner, ImVec2 opposite) {
  if (!legend.ends) return add_color_bar(list, corner, opposite, sequential_map());
  const auto [weak, strong] = *legend.ends;
  list.AddRectFilledMultiColor(corner, opposite, weak, strong, strong, weak);
  list.AddRect(corner, opposite, palette().grid, 0, 1);
}

}  // namespace

float map_legend_width(const MapLegend& legend) {
  const ScopedFont small(fonts().body, type);
  float width = width_of(map_scale_words(legend.scale, 0)) + gap() + bar_width(legend) + gap() +
                width_of(map_scale_words(legend.scale, 1));
  if (legend.has_masked && !legend.brief)
    width += em() * 1.8F + gap() + width_of(text("attention.legend_masked"));
  if (legend.numbers_from > 0.0F && !legend.brief)
    width += em() + width_of(numbers_words(legend.numbers_from));
  return width;
}

void draw_map_legend(const MapLegend& legend, float height) {
  const float width = map_legend_width(legend);
  const ScopedFont small(fonts().body, type);
  const std::string middle = map_scale_words(legend.scale, 0.5F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(width, height));
  if (ImGui::IsItemHovered()) {
    const std::string more = legend.has_masked ? " " + text("attention.legend_masked_tip") : std::string();
    ImGui::SetTooltip("%s%s", text("attention.legend_tip").c_str(), more.c_str());
  }
  // The middle's number stands beneath the bar: on it, no ink would be readable on every map.
  const float rise = middle.empty() ? 0.0F : em() * 0.5F;
  const float text_y = start.y + (height - em()) * 0.5F - rise;
  const float top = start.y + height * 0.5F - em() * 0.4F - rise, bottom = top + em() * 0.8F;
  float x = start.x;
  const auto say = [&](const std::string& words) {
    list->AddText(ImVec2(x, text_y), palette().muted, words.c_str());
    x += width_of(words);
  };
  say(map_scale_words(legend.scale, 0));
  x += gap();
  draw_bar(*list, legend, ImVec2(x, top), ImVec2(x + bar_width(legend), bottom));
  if (!middle.empty()) {
    const float at = x + bar_width(legend) * 0.5F;
    list->AddLine(ImVec2(at, bottom), ImVec2(at, bottom + em() * 0.15F), palette().muted, 1.0F);
    list->AddText(ImVec2(at - width_of(middle) * 0.5F, bottom + em() * 0.18F), palette().muted,
                  middle.c_str());
  }
  x += bar_width(legend) + gap();
  say(map_scale_words(legend.scale, 1));
  if (legend.has_masked && !legend.brief) {
    const float swatch = em() * 0.8F;
    x += em();
    list->AddRectFilled(ImVec2(x, top), ImVec2(x + swatch, bottom), palette().masked);
    list->AddRect(ImVec2(x, top), ImVec2(x + swatch, bottom), palette().grid, 0, 1);
    x += swatch + gap();
    say(text("attention.legend_masked"));
  }
  if (legend.numbers_from > 0.0F && !legend.brief) {
    x += em();
    say(numbers_words(legend.numbers_from));
  }
}

void draw_numbers_note(float from, float height) {
  if (!(from > 0.0F)) return;
  const float left = ImGui::GetItemRectMax().x + em();
  const float edge = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  const ScopedFont small(fonts().body, type);
  const std::string words = numbers_words(from);
  if (left + width_of(words) > edge) return;
  ImGui::SameLine(0, left - ImGui::GetItemRectMax().x);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(width_of(words), height));
  ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x, corner.y + (height - em()) * 0.5F), palette().muted,
                                      words.c_str());
}

}  // namespace headlight
