// Rotary positions as a picture: a row for each pair of dimensions, a column for each position.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/positions_panel.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

constexpr std::int64_t fewest_columns = 64;
constexpr std::int64_t most_columns = 256;  // more would be thinner than a pixel
constexpr double two_pi = 6.283185307179586;

float em() { return ImGui::GetFontSize(); }

struct Angles {
  const Rotary& rotary;
  Rotation rotation;
  std::int64_t columns = 0;  // positions
  ImVec2 corner{0, 0};
  ImVec2 size{0, 0};  // of the cells

  std::int64_t pairs() const { return static_cast<std::int64_t>(rotation.frequencies.size()); }
  double angle(std::int64_t pair, std::int64_t position) const {
    return rotation.frequencies[static_cast<std::size_t>(pair)] * static_cast<double>(position);
  }
  float column_width() const { return size.x / static_cast<float>(columns); }
  float row_height() const { return size.y / static_cast<float>(pairs()); }
  // What is left of the product of two equal vectors that stand so far apart.
  double likeness(std::int64_t distance) const {
    double sum = 0.0;
    for (std::int64_t pair = 0; pair < pairs(); ++pair) sum += std::cos(angle(pair, distance));
    return sum / static_cast<double>(pairs());
  }
};

void draw_cells(const Angles& angles) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::int64_t pair = 0; pair < angles.pairs(); ++pair) {
    for (std::int64_t position = 0; position < angles.columns; ++position) {
      const auto x = [&](std::int64_t at) {  // whole pixels: no seams between cells
        return std::floor(angles.corner.x + static_cast<float>(at) * angles.column_width());
      };
      const auto y = [&](std::int64_t at) {
        return std::floor(angles.corner.y + static_cast<float>(at) * angles.row_height());
      };
      list->AddRectFilled(
          ImVec2(x(position), y(pair)), ImVec2(x(position + 1), y(pair + 1)),
          color_of(ColorMap::diverging, static_cast<float>(std::cos(angles.angle(pair, position)))));
    }
  }
  list->AddRect(angles.corner, ImVec2(angles.corner.x + angles.size.x, angles.corner.y + angles.size.y),
                palette().grid, 0, 1.0F);
}

std::string wavelength_text(double positions) {
  return positions < 1e3 || positions > 1e9 ? significant_text(positions)
                                            : grouped_text(std::llround(positions));
}

// Left: the two dimensions of a pair. Right: after how many positions it is back.
void draw_rows(const Angles& angles) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont mono(fonts().body, smallest_words);
  const auto step = static_cast<std::int64_t>(std::ceil(em() * 1.25F / angles.row_height()));
  for (std::int64_t pair = 0; pair < angles.pairs(); pair += std::max<std::int64_t>(1, step)) {
    const float y = angles.corner.y + (static_cast<float>(pair) + 0.5F) * angles.row_height() - em() * 0.5F;
    const std::string dimensions = fmt::format("{}, {}", pair, pair + angles.pairs());
    const ImVec2 size = ImGui::CalcTextSize(dimensions.c_str());
    list->AddText(ImVec2(angles.corner.x - size.x - em() * 0.6F, y), palette().muted, dimensions.c_str());
    const double wavelength = two_pi / angles.rotation.frequencies[static_cast<std::size_t>(pair)];
    list->AddText(ImVec2(angles.corner.x + angles.size.x + em() * 0.6F, y), palette().text,
                  wavelength_text(wavelength).c_str());
  }
}

void draw_headings(const Angles& angles) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float margin = em() * 5.6F;
  const ScopedFont small(fonts().body, 0.82F);
  const std::string& left = text("embeddings.pairs");
  const ImVec2 size = ImGui::CalcTextSize(left.c_str());
  const float y = angles.corner.y - em() * 1.4F;
  list->AddText(ImVec2(std::max(angles.corner.x - size.x - em() * 0.6F, angles.corner.x - em() * 5.4F), y),
                palette().muted, left.c_str());
  const float right = angles.corner.x + angles.size.x;
  const std::string& length = text("embeddings.wavelength");
  const float end = right + margin - ImGui::CalcTextSize(length.c_str()).x;
  const float heading = std::min(right + em() * 0.6F, end);
  list->AddText(ImVec2(heading, y), palette().muted, length.c_str());
  const float bar = em() * 8;
  if (angles.size.x < bar + em() * 12) return;
  const float top = y + em() * 0.15F, start = std::min(right, heading - em()) - bar - em() * 2;
  add_color_bar(*list, ImVec2(start, top), ImVec2(start + bar, top + em() * 0.75F), ColorMap::diverging);
  add_label(*list, fonts().body, 1.0F, ImVec2(start - em() * 0.4F, y), 1, palette().muted, "cos  −1");
  add_label(*list, fonts().body, 1.0F, ImVec2(start + bar + em() * 0.4F, y), 0, palette().muted, "1");
}

// Positions under the cells, then how much of a product is left at that distance.
void draw_likeness(const Angles& angles, float top, float height) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float left = angles.corner.x, right = left + angles.size.x;
  const float base = top + em() * 3.2F, plot = height - em() * 3.2F;
  {
    const ScopedFont mono(fonts().body, smallest_words);
    const ImVec2 words = ImGui::CalcTextSize(text("embeddings.position_axis").c_str());
    for (std::int64_t tick = 0; tick < angles.columns; tick += angles.columns / 4) {
      const float x = left + (static_cast<float>(tick) + 0.5F) * angles.column_width();
      const std::string number = fmt::format("{}", tick);
      if (x + ImGui::CalcTextSize(number.c_str()).x + em() * 0.5F < right - words.x)
        list->AddText(ImVec2(x, top + em() * 0.1F), palette().muted, number.c_str());
    }
  }
  {
    const ScopedFont small(fonts().body, 0.82F);
    const std::string& words = text("embeddings.position_axis");
    list->AddText(ImVec2(right - ImGui::CalcTextSize(words.c_str()).x, top + em() * 0.1F), palette().muted,
                  words.c_str());
    if (plot < em() * 2) return;
    list->AddText(ImVec2(left, top + em() * 1.7F), palette().muted,
                  fitted_text(text("embeddings.rotary_likeness"), angles.size.x + em() * 5.0F).c_str());
  }
  const auto y = [&](double value) { return base + plot * static_cast<float>(0.5 - value * 0.5); };
  const float hair = std::max(1.0F, em() * 0.06F);
  list->AddLine(ImVec2(left, y(0)), ImVec2(right, y(0)), palette().grid, hair);
  const ScopedFont mono(fonts().body, smallest_words);
  for (const int value : {1, 0, -1}) {
    const char* label = value > 0 ? "1" : value < 0 ? "−1" : "0";
    const ImVec2 size = ImGui::CalcTextSize(label);
    list->AddText(ImVec2(left - size.x - em() * 0.6F, y(value) - size.y * 0.5F), palette().muted, label);
  }
  std::vector<ImVec2> line;
  for (std::int64_t distance = 0; distance < angles.columns; ++distance)
    line.emplace_back(left + (static_cast<float>(distance) + 0.5F) * angles.column_width(),
                      y(angles.likeness(distance)));
  list->AddPolyline(line.data(), static_cast<int>(line.size()), palette().attention, em() * 0.12F);
}

void point(const Frame& frame, Commands& commands, const ShownText& shown, const Angles& angles,
           const Hand& hand) {
  const ImVec2 mouse = hand.at;
  const auto index = [](float pixels, float cell, std::int64_t count) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(pixels / cell), 0, count - 1);
  };
  const std::int64_t position = index(mouse.x - angles.corner.x, angles.column_width(), angles.columns);
  const std::int64_t pair = index(mouse.y - angles.corner.y, angles.row_height(), angles.pairs());
  const bool in_text = position < shown.positions();
  if (in_text) hover_token(commands, shown, position);
  const double frequency = angles.rotation.frequencies[static_cast<std::size_t>(pair)];
  const double angle = angles.angle(pair, position);
  const std::string where = format_text("embeddings.position", fmt::arg("position", position));
  Facts facts = {{text("embeddings.pairs"), fmt::format("{}, {}", pair, pair + angles.pairs())},
                 {text("embeddings.wavelength"), wavelength_text(two_pi / frequency)},
                 {text("embeddings.angle"), fmt::format("{} × {} = {}", position, significant_text(frequency),
                                                        significant_text(angle))},
                 {"cos, sin", significant_text(std::cos(angle)) + ", " + significant_text(std::sin(angle))}};
  if (angles.rotation.magnitude != 1.0)
    facts.emplace_back(text("embeddings.magnitude"), significant_text(angles.rotation.magnitude));
  facts_tooltip(in_text ? token_of(frame, shown, position) + "  ·  " + where : where, facts,
                text("embeddings.rotary_tip"));
  if (in_text && hand.clicked) click_token(frame, commands, shown, position);
}

}  // namespace

void draw_rotary_angles(const Frame& frame, Commands& commands, const ShownText& shown) {
  const ArchitectureDescription& a = shown.trace->model().architecture;
  const std::int64_t layer = std::clamp<std::int64_t>(frame.layer(), 0, a.layers - 1);
  Angles angles{a.rotary_of(layer), rotation_of(a.rotary_of(layer), shown.positions())};
  std::string words =
      format_text("embeddings.rotary_caption", fmt::arg("dimensions", angles.rotary.dimensions),
                  fmt::arg("width", a.d_head));
  if (!a.local_layers.empty())
    words += " " + format_text(a.is_local(layer) ? "embeddings.rotary_local" : "embeddings.rotary_global",
                               fmt::arg("layer", layer));
  draw_caption(words, palette().muted);
  angles.columns = std::clamp(shown.positions(), fewest_columns, most_columns);
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float below = room.y > em() * 19 ? em() * 8.5F : em() * 1.6F;
  angles.corner = ImVec2(std::floor(start.x + em() * 5.6F), std::floor(start.y + em() * 2.0F));
  angles.size = ImVec2(std::max(em() * 6, room.x - em() * 11.2F),
                       std::max(em() * 8, std::min(room.y - below - em() * 2.4F,
                                                   em() * 2.0F * static_cast<float>(angles.pairs()))));
  draw_cells(angles);
  draw_rows(angles);
  draw_headings(angles);
  ImGui::SetCursorScreenPos(angles.corner);
  const Hand hand = canvas("##angles", angles.size,
                           {angles.corner, ImVec2(angles.column_width(), angles.row_height()), {}});
  if (hand.inside) point(frame, commands, shown, angles, hand);
  const std::int64_t marked = token_in_question(frame, shown);
  if (marked >= 0 && marked < angles.columns) {
    const float x = angles.corner.x + static_cast<float>(marked) * angles.column_width();
    ImGui::GetWindowDrawList()->AddRect(ImVec2(x, angles.corner.y),
                                        ImVec2(x + angles.column_width(), angles.corner.y + angles.size.y),
                                        palette().hover, 0, std::max(1.0F, em() * 0.1F));
  }
  draw_likeness(angles, angles.corner.y + angles.size.y, below);
  ImGui::SetCursorScreenPos(ImVec2(start.x, angles.corner.y + angles.size.y + below));
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
