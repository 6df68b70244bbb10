// Draws as many labels as fit, and always those that are hovered, locked, or looked at most.
#include "gui/views/matrix_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/head_maps.h"
#include "gui/widgets/axis_labels.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/rotated_token.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr float label_size = 0.88F;
constexpr std::int64_t most_measured_labels = 256;
constexpr std::int64_t most_named = 120;  // tokens of a text whose labels are positions in most windows

float em() { return ImGui::GetFontSize(); }
float as_float(std::int64_t value) { return static_cast<float>(value); }

// How the labels of an axis stand: for every so many tokens, and each covers so many to either side.
struct Steps {
  std::int64_t every, covered;
};

// Words as close as they can be read; positions, of which a few are enough, farther apart.
Steps steps_of(float needed, float cell) {
  constexpr float between_positions = 1.7F;
  const std::int64_t every = tokens_for_label(needed, cell);
  if (every <= position_from) return {every, every};
  return {tokens_for_label(needed * between_positions, cell),
          static_cast<std::int64_t>(std::ceil(needed / cell))};
}

struct Label {
  std::string words;
  std::optional<std::int64_t> place;  // small behind them, where several tokens are the same
  float width(float room) const { return std::min(room, token_label_width(words, place)); }
};

// Where a label speaks for many tokens, a word would not say for which: positions, as on an axis, and the
// words of those that are pointed at.
Label label_of(const std::string& token, std::optional<std::int64_t> place, std::int64_t position,
               std::int64_t every, bool named, float room) {
  if (every <= position_from) return {token, place};
  if (!named) return {fmt::format("{}", position), std::nullopt};
  const std::string behind = fmt::format(" ({})", position);
  return {fitted_text(token, room - ImGui::CalcTextSize(behind.c_str()).x) + behind, std::nullopt};
}

// Behind the label of a token that is chosen, and more so where it is pointed at.
ImU32 chip_ground(ImU32 accent, bool chosen, bool lit) {
  return mix(palette().panel, accent, lit ? 0.38F : chosen ? 0.22F : 0.0F);
}

void draw_rows(const ShownAttention& shown, const MatrixAxes& axes, const Steps& steps) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::optional<std::int64_t> lit = shown.hovered_query();
  const std::optional<std::int64_t> locked = shown.locked_query();
  const float room = axes.left - em() * 0.7F;
  for (std::int64_t query = axes.window.first_row; query < axes.window.last_row; ++query) {
    if (!is_label_drawn(query, steps.every, lit, locked, std::nullopt, steps.covered)) continue;
    const bool strong = query == lit || query == locked;
    const Label label =
        label_of(shown.query_text(query), shown.query_place(query), query, steps.every, strong, room);
    const ImVec2 size(label.width(room), ImGui::GetFontSize());
    const float middle = axes.first_y + (as_float(query - axes.window.first_row) + 0.5F) * axes.cell;
    if (middle < axes.corner.y || middle > axes.corner.y + axes.size.y) continue;
    const ImVec2 at(axes.corner.x - em() * 0.5F - size.x, middle - size.y * 0.5F);
    const ImU32 ground = chip_ground(palette().query, strong, query == lit);
    if (strong) {
      list->AddRectFilled(ImVec2(at.x - em() * 0.25F, at.y - em() * 0.05F),
                          ImVec2(at.x + size.x + em() * 0.25F, at.y + size.y + em() * 0.05F), ground,
                          em() * 0.2F);
    }
    add_token_label(*list, at, strong ? palette().text : palette().query, label.words, label.place, room,
                    subscript_ink(ground));
  }
}

void draw_columns(const ShownAttention& shown, const MatrixAxes& axes, const Steps& steps, float length) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const std::optional<std::int64_t> lit = shown.hovered_key();
  const std::optional<std::int64_t> locked = shown.locked_key();
  for (std::int64_t key = axes.window.first_column; key < axes.window.last_column; ++key) {
    if (!is_label_drawn(key, steps.every, lit, locked, axes.strongest, steps.covered)) continue;
    const float middle = axes.first_x + (as_float(key - axes.window.first_column) + 0.5F) * axes.wide;
    if (middle < axes.corner.x || middle > axes.corner.x + axes.size.x) continue;
    const bool strong = key == lit || key == locked;
    const bool named = strong || key == axes.strongest;
    const Label label = label_of(shown.key_text(key), shown.key_place(key), key, steps.every, named, length);
    const ImVec2 start(middle, axes.corner.y - em() * 0.55F);
    const ImU32 ground = chip_ground(palette().key, strong, key == lit);
    if (strong) {
      // A chip that leans with its text.
      const float width = label.width(length) + em() * 0.25F;
      const ImVec2 along(std::cos(axes.angle), -std::sin(axes.angle));
      const ImVec2 end(start.x + along.x * width, start.y + along.y * width);
      list->AddLine(ImVec2(start.x - along.x * em() * 0.25F, start.y - along.y * em() * 0.25F), end, ground,
                    em() * 1.1F);
    }
    add_rotated_token(*list, start, axes.angle, strong ? palette().text : palette().key, label.words,
                      label.place, length, subscript_ink(ground));
  }
}

void row_buttons(const ShownAttention& shown, Commands& commands, const MatrixAxes& axes) {
  ImGui::SetCursorScreenPos(ImVec2(axes.corner.x - axes.left, axes.corner.y));
  const float width = axes.left - em() * 0.2F;
  const Hand hand = canvas("##queries", ImVec2(width, axes.size.y),
                           {ImVec2(axes.corner.x - axes.left, axes.first_y), ImVec2(width, axes.cell), {}});
  if (!hand.inside) return;
  const auto query =
      axes.window.first_row + static_cast<std::int64_t>((hand.at.y - axes.first_y) / axes.cell);
  if (query < 0 || query >= shown.map.queries) return;
  shown.hover_query(commands, query);
  ImGui::SetTooltip("%s", format_text("attention.query_tooltip", fmt::arg("token", shown.query_text(query)),
                                      fmt::arg("position", query))
                              .c_str());
  if (hand.clicked)
    commands.edit(shown.select_query(shown.chosen_query() == query ? std::nullopt : std::optional(query)));
}

void column_buttons(const ShownAttention& shown, Commands& commands, const MatrixAxes& axes, float height) {
  ImGui::SetCursorScreenPos(ImVec2(axes.corner.x, axes.corner.y - height));
  // Labels lean to the right.
  const auto slant = [&](float y) { return (axes.corner.y - y) / std::tan(axes.angle); };
  const auto columns = static_cast<std::size_t>(axes.window.last_column - axes.window.first_column);
  const Hand hand =
      canvas("##keys", ImVec2(axes.size.x, height - em() * 0.2F), columns, [&](std::size_t column) {
        const float y = axes.corner.y - em() * 0.5F;
        return ImVec2(axes.first_x + (static_cast<float>(column) + 0.5F) * axes.wide + slant(y), y);
      });
  if (!hand.inside) return;
  const auto key =
      axes.window.first_column +
      static_cast<std::int64_t>(std::floor((hand.at.x - slant(hand.at.y) - axes.first_x) / axes.wide));
  if (key < axes.window.first_column || key >= axes.window.last_column) return;
  shown.hover_key(commands, key);
  ImGui::SetTooltip("%s", format_text("attention.key_tooltip", fmt::arg("token", shown.key_text(key)),
                                      fmt::arg("position", key))
                              .c_str());
  if (hand.clicked)
    commands.edit(shown.select_key(shown.locked_key() == key ? std::nullopt : std::optional(key)));
}

}  // namespace

float widest_label(const ShownAttention& shown, float most) {
  const ScopedFont font(fonts().body, label_size);
  float widest = em() * 2;
  if (std::max(shown.map.queries, shown.map.keys) > most_named) return std::min(em() * 3.2F, most);
  // A long text must not cost a measurement of each of its tokens.
  const std::int64_t queries = std::min(shown.map.queries, most_measured_labels);
  const std::int64_t keys = std::min(shown.map.keys, most_measured_labels);
  for (std::int64_t query = 0; query < queries && widest < most; ++query) {
    widest = std::max(widest, token_label_width(shown.query_text(query), shown.query_place(query)));
  }
  for (std::int64_t key = 0; shown.cross() && key < keys && widest < most; ++key) {
    widest = std::max(widest, token_label_width(shown.key_text(key), shown.key_place(key)));
  }
  return std::min(widest + em() * 0.2F, most);
}

void draw_matrix_labels(const ShownAttention& shown, Commands& commands, const MatrixAxes& axes) {
  const float length = axes.left - em() * 0.9F;
  const float height = length * std::sin(axes.angle) + em() * 1.0F;
  {
    const ScopedFont font(fonts().body, label_size);
    draw_rows(shown, axes, steps_of(em() * 1.1F, axes.cell));
    draw_columns(shown, axes, steps_of(em() * 1.25F, axes.wide), length);
  }
  row_buttons(shown, commands, axes);
  column_buttons(shown, commands, axes, height);
}

void draw_cell_tooltip(const ShownAttention& shown, const float* weights, std::int64_t query,
                       std::int64_t key, const std::string& drawn) {
  if (!ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(em() * 22);
  draw_token_label(palette().query, shown.query_text(query), shown.query_place(query), em() * 9);
  ImGui::SameLine(0, em() * 0.4F);
  ImGui::TextUnformatted("→");
  ImGui::SameLine(0, em() * 0.4F);
  draw_token_label(palette().key, shown.key_text(key), shown.key_place(key), em() * 9);
  if (!shown.map.sees(query, key)) {
    ImGui::TextUnformatted(text(key > query ? "attention.masked" : "attention.masked_window").c_str());
  } else {
    const ScopedFont mono(fonts().mono);
    const float weight = weights[key];
    ImGui::Text("α = %s", hand_number(static_cast<double>(weight), 2).c_str());
    const auto score = pair_score(*shown.trace, shown.layer, shown.head, query, key, shown.cross());
    if (score) {
      ImGui::SameLine(0, em());
      ImGui::Text("s = %s", hand_number(*score, 2).c_str());
    }
    if (!drawn.empty()) {
      ImGui::TextUnformatted(drawn.c_str());
    } else if (shown.frame.document.hide_sink && key > 0) {
      const float rest = rest_beside_sink(weights, shown.map.seen(query).last);
      const std::string renormalised = hand_number(static_cast<double>(without_sink(weight, rest)), 2);
      ImGui::TextDisabled("%s", format_text("attention.drawn_as", fmt::arg("weight", renormalised)).c_str());
    }
  }
  {
    const ScopedFont small(fonts().body, 0.85F);
    ImGui::TextDisabled("%s", shown.hook_line(shown.hooks.pattern).c_str());
    ImGui::TextDisabled("%s", text(hook_info(shown.hooks.pattern).sentence).c_str());
  }
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

}  // namespace headlight
