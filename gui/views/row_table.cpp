// Lines are drawn only where they are seen: a row may have a thousand keys.
#include "gui/views/row_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/lit_cells.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

// Up to so many later tokens have a line each; more share one.
constexpr std::int64_t most_masked_lines = 6;

float em() { return ImGui::GetFontSize(); }
float line_height() { return em() * 1.5F; }
float heading_height() { return em() * 2.7F; }

struct Columns {
  float left;  // of the tokens
  float token_width;
  std::array<float, 4> x;  // left edges of the four steps
  float width;             // of a step
};

Columns columns_at(float left, float room) {
  Columns columns{};
  columns.left = left;
  columns.token_width = std::min(em() * 9, room * 0.24F);
  const float gap = std::min(em() * 1.6F, room * 0.025F);
  columns.width = (room - columns.token_width - gap * 4) / 4;
  for (std::size_t i = 0; i < 4; ++i) {
    columns.x[i] = left + columns.token_width + gap + static_cast<float>(i) * (columns.width + gap);
  }
  return columns;
}

double largest_magnitude(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0.0);
  return largest;
}

void text_in(ImVec2 corner, float width, float height, ImU32 color, const std::string& words, float align) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  ImGui::GetWindowDrawList()->AddText(
      ImVec2(corner.x + std::max(0.0F, (width - size.x) * align), corner.y + (height - size.y) * 0.5F), color,
      words.c_str());
}

// A signed number on its colour.
void signed_cell(ImVec2 corner, float width, double value, double limit) {
  const float height = line_height();
  const float amount = limit > 0 && std::isfinite(value) ? static_cast<float>(value / limit) : 0.0F;
  const ImU32 color =
      std::isnan(value) ? mix(palette().panel, palette().error, 0.4F) : color_of(ColorMap::diverging, amount);
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(corner.x, corner.y + em() * 0.1F),
                                            ImVec2(corner.x + width, corner.y + height - em() * 0.1F), color,
                                            em() * 0.25F);
  text_in(corner, width, height, ink_on(color), hand_number(value), 0.5F);
}

// A number between 0 and 1 beside its bar.
void bar_cell(ImVec2 corner, float width, double value, int decimals, ImU32 color) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float height = line_height();
  const std::string number = share_text(value, decimals);
  const float number_width = ImGui::CalcTextSize("<0.0000").x + em() * 0.4F;
  const bool has_bar = width - number_width >= em() * 1.2F;
  const float room = has_bar ? width - number_width : 0.0F;
  const float share = std::isnan(value) ? 0.0F : static_cast<float>(std::clamp(value, 0.0, 1.0));
  const float inset = em() * 0.42F;
  if (has_bar) {
    list->AddRectFilled(ImVec2(corner.x, corner.y + inset),
                        ImVec2(corner.x + room, corner.y + height - inset), with_alpha(color, 0.12F),
                        em() * 0.2F);
  }
  if (share > 0 && has_bar) {
    list->AddRectFilled(ImVec2(corner.x, corner.y + inset),
                        ImVec2(corner.x + std::max(1.0F, room * share), corner.y + height - inset), color,
                        em() * 0.2F);
  }
  text_in(ImVec2(corner.x + room, corner.y), width - room, height,
          std::isnan(value) ? palette().error : palette().text, number, 1.0F);
}

// What else makes a score: the cap, the bias of the distance, or the mask.
std::string score_note(const AttentionRow& row, bool causal) {
  if (row.soft_cap > 0.0)
    return format_text("attention.note_cap", fmt::arg("cap", fmt::format("{:g}", row.soft_cap)));
  if (!row.bias.empty()) return text("attention.note_bias");
  return causal ? text("attention.note_mask") : std::string();
}

void draw_headings(const Columns& columns, const AttentionRow& row, std::int64_t d_head, bool causal) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const auto extremes = std::minmax_element(row.dot.begin(), row.dot.end());
  const bool root = std::abs(row.scale * std::sqrt(static_cast<double>(d_head)) - 1) < 1e-6;
  std::string score = root ? fmt::format("q·k ÷ √{}", d_head) : fmt::format("q·k × {:.4g}", row.scale);
  if (row.scale == 1.0) score = "q·k";
  if (row.soft_cap > 0.0) score = fmt::format("cap({})", score);
  if (!row.bias.empty()) score += " + B";
  const std::array<std::string, 4> titles = {"q · k", "s = " + score, "e^(s − max)", "α = e ÷ Σ"};
  const std::array<std::string, 4> short_titles = {"q · k", root ? fmt::format("÷ √{}", d_head) : "s", "e^…",
                                                   "α"};
  const std::array<std::string, 4> notes = {
      fmt::format("{} … {}", hand_number(*extremes.first, 1), hand_number(*extremes.second, 1)),
      score_note(row, causal), fmt::format("max = {}", hand_number(row.largest)), "0 … 1"};
  const std::array<ImU32, 4> colors = {palette().query, palette().query, palette().attention,
                                       palette().attention};
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::size_t i = 0; i < 4; ++i) {
    list->PushClipRect(ImVec2(columns.x[i], corner.y),
                       ImVec2(columns.x[i] + columns.width + em() * 0.8F, corner.y + heading_height()), true);
    {
      const ScopedFont strong(fonts().strong);
      const bool fits = ImGui::CalcTextSize(titles[i].c_str()).x <= columns.width;
      text_in(ImVec2(columns.x[i], corner.y), columns.width, em() * 1.3F, colors[i],
              fits ? titles[i] : short_titles[i], 0.0F);
    }
    const ScopedFont small(fonts().body, 0.8F);
    if (ImGui::CalcTextSize(notes[i].c_str()).x <= columns.width) {
      text_in(ImVec2(columns.x[i], corner.y + em() * 1.6F), columns.width, em() * 1.2F, palette().muted,
              notes[i], 0.0F);
    }
    list->PopClipRect();
    if (i > 0 && columns.x[i] - columns.x[i - 1] - columns.width >= em())
      text_in(ImVec2(columns.x[i] - em() * 1.8F, corner.y), em() * 1.6F, em() * 1.8F, palette().muted, "→",
              0.5F);
  }
  const ScopedFont strong(fonts().strong);
  text_in(ImVec2(columns.left + em() * 0.3F, corner.y), columns.token_width, em() * 1.3F, palette().key,
          text("attention.key"), 0.0F);
  ImGui::Dummy(ImVec2(0, heading_height() - ImGui::GetStyle().ItemSpacing.y));
}

// What a click on a line locks: the column decides which number.
ValueReference value_under(const ShownAttention& shown, const Columns& columns, const AttentionRow& row,
                           std::int64_t key, float x) {
  const bool score = x < columns.x[2];
  return shown.cell(score ? shown.hooks.scores : shown.hooks.pattern, row.query, key);
}

void line_tooltip(const ShownAttention& shown, const AttentionRow& row, std::int64_t key,
                  const ValueReference& value) {
  const auto at = static_cast<std::size_t>(key);
  ImGui::SetTooltip(
      "%s\n%s",
      format_text("attention.line_tooltip", fmt::arg("query", shown.query_text(row.query)),
                  fmt::arg("key", shown.key_text(key)), fmt::arg("score", hand_number(row.score[at], 4)),
                  fmt::arg("weight", hand_number(row.weight[at], 4)))
          .c_str(),
      shown.hook_line(value.hook).c_str());
}

void draw_line(const ShownAttention& shown, Commands& commands, const Columns& columns,
               const AttentionRow& row, std::int64_t key, bool chosen, double dot_limit, double score_limit) {
  const auto at = static_cast<std::size_t>(key);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float right = columns.x[3] + columns.width;
  ImGui::PushID(static_cast<int>(key));
  const auto column = [&](std::size_t which) {  // the score, the weight
    return ImVec2(columns.x[which + 1] + columns.width * 0.5F, corner.y + line_height() * 0.5F);
  };
  const Hand hand = canvas("##line", ImVec2(right - columns.left, line_height()), 2, column);
  ImGui::PopID();
  if (hand.inside) {
    const ValueReference value = value_under(shown, columns, row, key, hand.at.x);
    shown.hover_query(commands, row.query);
    shown.hover_key(commands, key);
    commands.hover().head = std::pair(shown.layer, shown.head);
    commands.hover().value = value;
    line_tooltip(shown, row, key, value);
    if (hand.clicked) {
      const bool release = shown.locked_key() == key && shown.frame.document.value == value;
      commands.edit(shown.select_key(release ? std::nullopt : std::optional(key)));
      commands.edit(SelectValue{release ? std::nullopt : std::optional(value)});
    }
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (chosen) {
    const bool locked = shown.locked_key() == key;
    list->AddRectFilled(corner, ImVec2(right, corner.y + line_height()),
                        with_alpha(locked ? palette().lock : palette().key, 0.14F), em() * 0.3F);
  }
  add_token_label(*list, ImVec2(corner.x + em() * 0.3F, corner.y + (line_height() - em()) * 0.5F),
                  chosen ? palette().text : palette().key, shown.key_text(key), shown.key_place(key),
                  columns.token_width - em() * 0.3F);
  const ScopedFont mono(fonts().mono, 0.92F);
  signed_cell(ImVec2(columns.x[0], corner.y), columns.width, row.dot[at], dot_limit);
  signed_cell(ImVec2(columns.x[1], corner.y), columns.width, row.score[at], score_limit);
  bar_cell(ImVec2(columns.x[2], corner.y), columns.width, row.exponential[at], 4,
           mix(palette().attention, palette().residual, 0.5F));
  bar_cell(ImVec2(columns.x[3], corner.y), columns.width, row.weight[at], 4, palette().attention);
  const auto& lit = lit_cells(shown.frame);
  const auto light = [&](Hook hook, std::size_t step) {
    if (!is_lit(lit, shown.cell(hook, row.query, key))) return;
    const float inset = em() * 0.14F;
    add_lit_frame(*list, ImVec2(columns.x[step], corner.y + inset),
                  ImVec2(columns.x[step] + columns.width, corner.y + line_height() - inset), 1);
  };
  light(shown.hooks.scores, 1);
  light(shown.hooks.pattern, 3);
}

void draw_masked_line(const Columns& columns, const std::string& label, std::optional<std::int64_t> place) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(columns.x[3] + columns.width - columns.left, line_height()));
  add_token_label(*ImGui::GetWindowDrawList(),
                  ImVec2(corner.x + em() * 0.3F, corner.y + (line_height() - em()) * 0.5F), palette().muted,
                  label, place, columns.token_width - em() * 0.3F);
  const ScopedFont mono(fonts().mono, 0.92F);
  const std::array<std::string, 4> words = {"", "−∞", "0", "0"};
  for (std::size_t i = 0; i < 4; ++i) {
    ImGui::GetWindowDrawList()->AddRectFilled(
        ImVec2(columns.x[i], corner.y + em() * 0.1F),
        ImVec2(columns.x[i] + columns.width, corner.y + line_height() - em() * 0.1F), palette().masked,
        em() * 0.25F);
    const std::string word = i == 0 ? text("attention.legend_masked") : words[i];
    text_in(ImVec2(columns.x[i], corner.y), columns.width, line_height(), palette().muted, word, 0.5F);
  }
}

// Keys behind the window come before the others, later ones behind them.
std::int64_t seen_lines(const AttentionRow& row) {
  return static_cast<std::int64_t>(row.dot.size()) - row.first_key;
}

std::int64_t later_keys(const ShownAttention& shown, const AttentionRow& row) {
  return shown.map.keys - static_cast<std::int64_t>(row.dot.size());
}

std::int64_t masked_lines(const ShownAttention& shown, const AttentionRow& row) {
  const std::int64_t later = later_keys(shown, row);
  return later > most_masked_lines ? 1 : later;
}

void draw_sums(const Columns& columns, const AttentionRow& row) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddLine(ImVec2(columns.left, corner.y), ImVec2(columns.x[3] + columns.width, corner.y),
                palette().grid, 1.0F);
  text_in(ImVec2(columns.left + em() * 0.3F, corner.y), columns.token_width, line_height(), palette().muted,
          text("attention.sum"), 0.0F);
  const ScopedFont mono(fonts().mono, 0.92F);
  double weights = 0;
  for (const double weight : row.weight) weights += weight;
  const auto sum = [&](std::size_t column, const char* name, const std::string& number, ImU32 color) {
    const std::string both = fmt::format("{} {}", name, number);
    const bool fits = ImGui::CalcTextSize(both.c_str()).x <= columns.width;
    text_in(ImVec2(columns.x[column], corner.y), columns.width, line_height(), color, fits ? both : number,
            column == 1 ? 0.5F : 1.0F);
  };
  sum(1, "max", hand_number(row.largest), palette().muted);
  sum(2, "Σ", hand_number(row.sum, 4), palette().text);
  sum(3, "Σ", hand_number(weights, 4), palette().text);
  ImGui::Dummy(ImVec2(0, line_height()));
}

}  // namespace

float row_table_height(const ShownAttention& shown, const AttentionRow& row) {
  const auto lines =
      static_cast<float>(seen_lines(row) + (row.first_key > 0 ? 1 : 0) + masked_lines(shown, row));
  return heading_height() + line_height() * (lines + 1) + em() * 0.3F;
}

float row_line_top(const AttentionRow& row, std::int64_t key) {
  return heading_height() +
         line_height() * static_cast<float>(key - row.first_key + (row.first_key > 0 ? 1 : 0));
}

void draw_row_table(const ShownAttention& shown, Commands& commands, const AttentionRow& row,
                    std::int64_t key, float height) {
  const float room = ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ScrollbarSize;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, 0));
  const Columns columns = columns_at(ImGui::GetCursorScreenPos().x, room);
  draw_headings(columns, row, shown.architecture().d_head, shown.map.rule.causal);
  const double dot_limit = largest_magnitude(row.dot);
  const double score_limit = largest_magnitude(row.score);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  const float rest = height - heading_height() - line_height() - em() * 0.3F;
  const float body = line_height() * std::max(2.0F, std::floor(rest / line_height() + 0.01F));  // whole lines
  const bool visible = ImGui::BeginChild("##lines", ImVec2(0, body), ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleVar();
  if (visible) {
    const std::int64_t masked = masked_lines(shown, row);
    const std::int64_t later = later_keys(shown, row);
    const std::int64_t before = row.first_key > 0 ? 1 : 0;  // one line for all keys behind the window
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(before + seen_lines(row) + masked), line_height());
    while (clipper.Step()) {
      for (std::int64_t line = clipper.DisplayStart; line < clipper.DisplayEnd; ++line) {
        const std::int64_t of_line = row.first_key + line - before;
        if (line < before) {
          draw_masked_line(columns, format_text("attention.earlier_tokens", fmt::arg("count", row.first_key)),
                           std::nullopt);
        } else if (line < before + seen_lines(row)) {
          draw_line(shown, commands, columns, row, of_line, of_line == key, dot_limit, score_limit);
        } else if (masked == later) {
          draw_masked_line(columns, shown.key_text(of_line), shown.key_place(of_line));
        } else {
          draw_masked_line(columns, format_text("attention.later_tokens", fmt::arg("count", later)),
                           std::nullopt);
        }
      }
    }
    fade_edges(line_height());
  }
  ImGui::EndChild();
  draw_sums(columns, row);
  ImGui::PopStyleVar();
}

}  // namespace headlight
