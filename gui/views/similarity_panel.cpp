// The similarity matrix of the embedding view.
#include "gui/views/similarity_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/widgets/rotated_text.h"

namespace headlight {
namespace {

constexpr float column_angle = 0.95F;  // radians, about 54 degrees

float em() { return ImGui::GetFontSize(); }

struct Plot {
  ImVec2 corner;
  float cell = 0;  // pixels
  std::int64_t side = 0;
  std::int64_t step = 1;
};

void outline(const Plot& plot, std::int64_t position, bool is_row, ImU32 color) {
  if (position < 0 || position / plot.step >= plot.side) return;
  const float extent = plot.cell * static_cast<float>(plot.side);
  const float at = static_cast<float>(position / plot.step) * plot.cell;
  const ImVec2 from(plot.corner.x + (is_row ? 0 : at), plot.corner.y + (is_row ? at : 0));
  const ImVec2 to(from.x + (is_row ? extent : plot.cell), from.y + (is_row ? plot.cell : extent));
  ImGui::GetWindowDrawList()->AddRect(from, to, color, 0, std::max(1.0F, em() * 0.1F));
}

void draw_names(const Frame& frame, const Plot& plot, float left, float top) {
  if (plot.step > 1 || plot.cell < em() * 0.7F) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, std::clamp(plot.cell / em() * 0.8F, 0.62F, 0.82F));
  for (std::int64_t i = 0; i < plot.side; ++i) {
    const float middle = (static_cast<float>(i) + 0.5F) * plot.cell;
    const ImU32 row_color = frame.hover.query == i ? palette().query : palette().muted;
    const ImU32 column_color = frame.hover.key == i ? palette().key : palette().muted;
    const std::string name = fitted_text(frame.token_text(i), left - em() * 0.5F);
    const float width = ImGui::CalcTextSize(name.c_str()).x;
    list->AddText(ImVec2(plot.corner.x - width - em() * 0.4F, plot.corner.y + middle - em() * 0.5F),
                  row_color, name.c_str());
    add_rotated_text(*list, ImVec2(plot.corner.x + middle, plot.corner.y - em() * 0.35F), column_angle,
                     column_color,
                     fitted_text(frame.token_text(i), (top - em() * 0.4F) / std::sin(column_angle)));
  }
}

void draw_scale(ImVec2 corner, float width) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().mono, 0.8F);
  const float height = em() * 0.7F;
  constexpr int pieces = 64;
  for (int i = 0; i < pieces; ++i) {
    const auto edge = [&](int piece) { return std::floor(width * static_cast<float>(piece) / pieces); };
    list->AddRectFilled(ImVec2(corner.x + edge(i), corner.y),
                        ImVec2(corner.x + edge(i + 1), corner.y + height),
                        color_of(ColorMap::diverging, static_cast<float>(2 * i + 1) / pieces - 1.0F));
  }
  list->AddRect(corner, ImVec2(corner.x + width, corner.y + height), palette().grid, 0, 1.0F);
  const char* labels[3] = {"−1", "0", "1"};
  for (int i = 0; i < 3; ++i) {
    const float text = ImGui::CalcTextSize(labels[i]).x;
    const float at = corner.x + (width - text) * 0.5F * static_cast<float>(i);
    list->AddText(ImVec2(at, corner.y + height + em() * 0.2F), palette().muted, labels[i]);
  }
}

void tooltip(const Frame& frame, std::int64_t row, std::int64_t column) {
  const Tensor& cosines = frame.result.similarity->cosines;
  if (!ImGui::BeginTooltip()) return;
  const float cosine = cosines.data()[row * cosines.axis(1) + column];
  {
    const ScopedFont strong(fonts().strong);
    ImGui::Text("%s  ·  %s", frame.token_text(row).c_str(), frame.token_text(column).c_str());
  }
  {
    const ScopedFont mono(fonts().mono, 0.92F);
    ImGui::Text("cos %.4f", static_cast<double>(cosine));
    const std::int64_t layer = frame.result.projection_layer;
    const std::string name = stream_name(*frame.trace(), layer);
    ImGui::TextDisabled("%s [%lld, :] · [%lld, :]", name.c_str(), static_cast<long long>(row),
                        static_cast<long long>(column));
  }
  ImGui::EndTooltip();
}

void point(const Frame& frame, Commands& commands, const Plot& plot) {
  const ImVec2 mouse = ImGui::GetMousePos();
  const auto index = [&](float pixels) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(pixels / plot.cell), 0, plot.side - 1) *
           plot.step;
  };
  const std::int64_t row = index(mouse.y - plot.corner.y);
  const std::int64_t column = index(mouse.x - plot.corner.x);
  commands.hover().query = row;
  commands.hover().key = column;
  tooltip(frame, row, column);
  if (!ImGui::IsItemClicked()) return;
  const bool again = frame.document.query == row && frame.document.key == column;
  commands.edit(SelectQuery{again ? std::nullopt : std::optional<std::int64_t>(row)});
  commands.edit(SelectKey{again ? std::nullopt : std::optional<std::int64_t>(column)});
}

}  // namespace

SimilarityCells similarity_cells(const Tensor& cosines, std::int64_t most) {
  SimilarityCells cells;
  const std::int64_t positions = cosines.axis(0);
  cells.step = std::max<std::int64_t>(1, (positions + most - 1) / most);
  cells.side = (positions + cells.step - 1) / cells.step;
  cells.values.assign(static_cast<std::size_t>(cells.side * cells.side), 0.0F);
  for (std::int64_t row = 0; row < positions; ++row) {
    for (std::int64_t column = 0; column < positions; ++column) {
      const float value = cosines.data()[row * positions + column];
      float& cell =
          cells.values[static_cast<std::size_t>(row / cells.step * cells.side + column / cells.step)];
      if (std::isnan(value) || std::abs(value) > std::abs(cell)) cell = value;
    }
  }
  return cells;
}

void draw_similarity(const Frame& frame, Commands& commands, const SimilarityCells& cells, ImVec2 size) {
  if (cells.side == 0 || cells.side * cells.step < frame.positions()) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  list->AddText(start, palette().muted, text("embeddings.similarity").c_str());
  const bool named = cells.step == 1;
  const float left = named ? em() * 4.2F : em() * 0.2F;
  const float top = em() * 1.6F + (named ? em() * 3.0F : 0.0F);
  const float extent = std::min(size.x - left - (named ? em() * 1.6F : 0.0F), size.y - top - em() * 2.6F);
  if (extent < em() * 3) return;
  const float widest = em() * 3.6F;  // a few tokens need no huge squares
  const float cell = std::min(extent / static_cast<float>(cells.side), widest);
  const Plot plot{ImVec2(std::floor(start.x + left), std::floor(start.y + top)), cell, cells.side,
                  cells.step};
  const float drawn = cell * static_cast<float>(cells.side);
  for (std::int64_t row = 0; row < cells.side; ++row) {
    for (std::int64_t column = 0; column < cells.side; ++column) {
      const ImVec2 from(plot.corner.x + static_cast<float>(column) * cell,
                        plot.corner.y + static_cast<float>(row) * cell);
      list->AddRectFilled(
          from, ImVec2(from.x + cell, from.y + cell),
          color_of(ColorMap::diverging, cells.values[static_cast<std::size_t>(row * cells.side + column)]));
    }
  }
  list->AddRect(plot.corner, ImVec2(plot.corner.x + drawn, plot.corner.y + drawn), palette().grid, 0, 1.0F);
  draw_names(frame, plot, left, top - em() * 1.6F);
  ImGui::SetCursorScreenPos(plot.corner);
  ImGui::InvisibleButton("##similarity", ImVec2(drawn, drawn));
  if (ImGui::IsItemHovered()) point(frame, commands, plot);
  if (frame.document.key) outline(plot, *frame.document.key, false, with_alpha(palette().key, 0.8F));
  if (frame.document.query) outline(plot, *frame.document.query, true, palette().lock);
  if (frame.hover.key) outline(plot, *frame.hover.key, false, palette().key);
  if (frame.hover.query) outline(plot, *frame.hover.query, true, palette().hover);
  draw_scale(ImVec2(plot.corner.x, plot.corner.y + drawn + em() * 0.6F), drawn);
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + size.y));
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
