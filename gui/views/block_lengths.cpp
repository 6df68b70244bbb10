// The chart, its legend with the numbers of the current layer, and the mouse.
#include "gui/views/block_lengths.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/axis_labels.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// "stream", "attention adds"
std::string series_name(Hook hook) {
  switch (hook) {
    case Hook::attn_out:
      return text("block.attention_adds");
    case Hook::cross_attn_out:
      return text("block.cross_adds");
    case Hook::mlp_out:
      return text("block.mlp_adds");
    default:
      return text("block.stream");
  }
}

struct Chart {
  ImVec2 corner, opposite;
  std::int64_t layers = 1;
  double least = 0.0, most = 1.0;  // logarithms

  float x(std::int64_t layer) const {
    return corner.x +
           (opposite.x - corner.x) * (static_cast<float>(layer) + 0.5F) / static_cast<float>(layers);
  }
  float y(double length) const {
    const double place = (std::log10(std::max(length, 1e-30)) - least) / std::max(1e-9, most - least);
    return opposite.y - (opposite.y - corner.y) * static_cast<float>(std::clamp(place, 0.0, 1.0));
  }
};

double length_at(const LayerLengths& layer, std::int64_t position) {
  const auto at = static_cast<std::size_t>(position);
  return at < layer.lengths.size() ? static_cast<double>(layer.lengths[at]) : 0.0;
}

void fit(Chart& chart, const StreamLengths& lengths) {
  double least = 1e30, most = 0.0;
  for (const auto& series : lengths.of) {
    for (const LayerLengths& layer : series) {
      for (const float length : layer.lengths) {
        if (length > 0.0F) least = std::min(least, static_cast<double>(length));
        most = std::max(most, static_cast<double>(length));
      }
    }
  }
  if (least > most) least = most = 1.0;
  chart.least = std::floor(std::log10(least));
  chart.most = std::max(chart.least + 1.0, std::ceil(std::log10(most)));
}

void draw_axes(const Frame& frame, const Chart& chart) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float line = std::max(1.0F, em() * 0.05F);
  const float column = (chart.opposite.x - chart.corner.x) / static_cast<float>(chart.layers);
  const float x = chart.x(frame.layer());
  list->AddRectFilled(ImVec2(x - column * 0.5F, chart.corner.y), ImVec2(x + column * 0.5F, chart.opposite.y),
                      with_alpha(palette().lock, 0.13F));
  const double step = std::max(1.0, std::ceil((chart.most - chart.least) / 5.0));
  for (double power = chart.least; power <= chart.most + 1e-9; power += step) {
    const float y = chart.y(std::pow(10.0, power));
    list->AddLine(ImVec2(chart.corner.x, y), ImVec2(chart.opposite.x, y), palette().grid, line);
    add_label(*list, fonts().body, smallest_words, ImVec2(chart.corner.x - em() * 0.5F, y - em() * 0.42F), 1,
              readable_small(palette().muted),
              power >= 0 && chart.most < 7 ? grouped_text(std::llround(std::pow(10.0, power)))
                                           : power_text(static_cast<int>(power)));
  }
  const auto every = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(em() * 2.4F / column)));
  for (std::int64_t layer = frame.layer() % every; layer < chart.layers; layer += every) {
    add_axis_name(*list, fonts().body, smallest_words,
                  ImVec2(chart.x(layer), chart.opposite.y + em() * 0.35F), 0.5F, fmt::format("L{}", layer),
                  layer == frame.layer());
  }
}

void draw_series(const Frame& frame, const Chart& chart, Hook hook, const std::vector<LayerLengths>& series,
                 float alpha) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImU32 color = block_color(hook);
  const ImU32 of_mean = with_alpha(faint(color, 0.45F), alpha),
              of_largest = with_alpha(faint(color, 0.6F), alpha);
  for (std::size_t layer = 0; layer < series.size(); ++layer) {
    const auto at = static_cast<std::int64_t>(layer);
    const LayerLengths& here = series[layer];
    const ImVec2 point(chart.x(at), chart.y(length_at(here, frame.query())));
    const ImVec2 mean(chart.x(at), chart.y(here.mean));
    const float largest = chart.y(length_at(here, here.largest_at));
    if (layer > 0) {
      const LayerLengths& before = series[layer - 1];
      list->AddLine(ImVec2(chart.x(at - 1), chart.y(length_at(before, frame.query()))), point,
                    with_alpha(color, alpha), em() * 0.13F);
      list->AddLine(ImVec2(chart.x(at - 1), chart.y(before.mean)), mean, of_mean, em() * 0.08F);
    }
    list->AddCircleFilled(point, em() * 0.16F, with_alpha(color, alpha));
    const float tick = em() * 0.2F;
    list->AddLine(ImVec2(point.x - tick, largest), ImVec2(point.x + tick, largest), of_largest, em() * 0.09F);
    if (here.not_finite > 0) {
      list->AddCircleFilled(ImVec2(point.x, chart.corner.y), em() * 0.22F, palette().error);
    }
  }
}

// Names, and the numbers of the current layer.
void draw_legend(const Frame& frame, const StreamLengths& lengths) {
  bool first = true;
  const auto layer = static_cast<std::size_t>(frame.layer());
  for (std::size_t i = 0; i < lengths.hooks.size(); ++i) {
    if (lengths.hooks[i] == Hook::resid_post) continue;  // the next layer's stream
    const std::string name = series_name(lengths.hooks[i]);
    const std::string number = layer < lengths.of[i].size()
                                   ? significant_text(length_at(lengths.of[i][layer], frame.query()))
                                   : std::string("–");
    const float width = em() * 1.3F + ImGui::CalcTextSize(name.c_str()).x + em() * 0.5F +
                        label_width(fonts().mono, 0.95F, number);
    if (!first) {
      ImGui::SameLine(0, em() * 1.2F);
      if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
    }
    first = false;
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::Dummy(ImVec2(width, em() * 1.25F));
    ImDrawList* list = ImGui::GetWindowDrawList();
    const float middle = corner.y + em() * 0.6F;
    list->AddLine(ImVec2(corner.x, middle), ImVec2(corner.x + em(), middle), block_color(lengths.hooks[i]),
                  em() * 0.16F);
    list->AddText(ImVec2(corner.x + em() * 1.3F, corner.y + em() * 0.1F), palette().muted, name.c_str());
    add_label(*list, fonts().mono, 0.95F, ImVec2(corner.x + width, corner.y + em() * 0.12F), 1,
              palette().text, number);
  }
}

void point_at(const Frame& frame, Commands& commands, const StreamLengths& lengths, const Chart& chart,
              const Hand& hand) {
  const float share = (hand.at.x - chart.corner.x) / (chart.opposite.x - chart.corner.x);
  const auto layer = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(share * static_cast<float>(chart.layers)), 0, chart.layers - 1);
  Facts facts;
  for (std::size_t i = 0; i < lengths.hooks.size(); ++i) {
    if (layer >= static_cast<std::int64_t>(lengths.of[i].size())) continue;
    const LayerLengths& here = lengths.of[i][static_cast<std::size_t>(layer)];
    std::string words =
        fmt::format("{:>9}   Ø {:>9}   ↑ {} {}", significant_text(length_at(here, frame.query())),
                    significant_text(here.mean), significant_text(length_at(here, here.largest_at)),
                    frame.token_text(here.largest_at));
    if (here.not_finite > 0)
      words += "   " + format_text("block.not_finite", fmt::arg("count", here.not_finite));
    facts.emplace_back(hook_name(lengths.hooks[i], layer), words);
  }
  facts_tooltip(fmt::format("L{}", layer), facts, text("block.lengths_tip"));
  if (hand.clicked) commands.edit(SelectHead{layer, frame.head()});
}

}  // namespace

ImU32 block_color(Hook hook) {
  switch (hook) {
    case Hook::attn_out:
      return palette().attention;
    case Hook::cross_attn_out:
      return palette().value;
    case Hook::mlp_pre:
    case Hook::mlp_post:
    case Hook::mlp_out:
      return palette().mlp;
    default:
      return palette().residual;
  }
}

void draw_block_lengths(const Frame& frame, Commands& commands, const StreamLengths& lengths, bool dimmed,
                        ImVec2 size) {
  const float end = ImGui::GetCursorPosY() + size.y;
  draw_legend(frame, lengths);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float height = std::max(em() * 5, end - ImGui::GetCursorPosY());
  Chart chart;
  chart.layers = std::max<std::int64_t>(1, frame.trace()->model().architecture.layers);
  chart.corner = ImVec2(start.x + em() * 4.2F, start.y + em() * 0.4F);
  chart.opposite = ImVec2(start.x + std::max(em() * 6, size.x - em() * 0.5F), start.y + height - em() * 1.6F);
  fit(chart, lengths);
  draw_axes(frame, chart);
  for (std::size_t i = 0; i < lengths.hooks.size(); ++i) {
    if (lengths.hooks[i] != Hook::resid_post) {
      draw_series(frame, chart, lengths.hooks[i], lengths.of[i], dimmed ? 0.5F : 1.0F);
    }
  }
  ImGui::SetCursorScreenPos(ImVec2(chart.corner.x, start.y));
  const float width = chart.opposite.x - chart.corner.x;
  const Hand hand =
      canvas("##lengths", ImVec2(width, height),
             {ImVec2(chart.corner.x, start.y), ImVec2(width / static_cast<float>(chart.layers), height), {}});
  if (hand.inside) point_at(frame, commands, lengths, chart, hand);
}

}  // namespace headlight
