// Only the cells that are seen are drawn; names stay beside them while they scroll.
#include "gui/views/lens_grid.h"

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
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

constexpr float token_angle = -0.95F;  // radians: names under narrow columns lean

float em() { return ImGui::GetFontSize(); }

void outline(ImVec2 from, ImVec2 to, ImU32 color, float thickness) {
  ImGui::GetWindowDrawList()->AddRect(from, to, color, em() * 0.12F, thickness);
}

// The selection that a click on a cell makes, or releases when it is there already.
void choose(const Frame& frame, Commands& commands, const ShownLens& shown, const LensColumn& column,
            std::int64_t position, std::int64_t cell) {
  const TokenId token = column.cells[static_cast<std::size_t>(cell)].top.front().id;
  const bool again = frame.document.query == position && frame.document.candidate == token;
  commands.edit(SelectQuery{again ? std::nullopt : std::optional(position)});
  if (token < 0) return;
  commands.edit(SelectCandidate{again ? std::nullopt : std::optional(token)});
  if (cell < shown.layers()) return;  // only the last row was captured
  const ValueReference logit{Hook::logits, 0, {position, token, 0}};
  commands.edit(SelectValue{again ? std::nullopt : std::optional(logit)});
}

void tooltip(const ShownLens& shown, const LensColumn& column, std::int64_t position, std::int64_t cell) {
  const LensCell& at = column.cells[static_cast<std::size_t>(cell)];
  Facts facts;
  for (const LensToken& token : at.top) {
    if (token.id < 0) continue;
    facts.emplace_back("|" + shown.token(token.id) + "|",
                       fmt::format("{:>8}   {}", percent_text(at.probability(token.logit)),
                                   significant_text(static_cast<double>(token.logit))));
  }
  const TokenId target = shown.target_at(column);
  if (const auto rank = column.rank_of(target, static_cast<std::size_t>(cell))) {
    facts.emplace_back(
        format_text("lens.tip_target", fmt::arg("token", shown.token(target))),
        fmt::format("#{}  {}", grouped_text(rank->rank), percent_text(at.probability(rank->logit))));
  }
  facts.emplace_back(text("lens.entropy"), bits_text(at.entropy));
  facts.emplace_back(text("lens.divergence"), bits_text(at.divergence));
  const std::string place = cell == 0
                                ? text("lens.tip_before")
                                : format_text(cell == shown.layers() ? "lens.tip_last" : "lens.tip_behind",
                                              fmt::arg("layer", cell - 1));
  facts_tooltip(format_text("lens.tip_heading", fmt::arg("token", shown.token_at(position)),
                            fmt::arg("position", position)),
                facts, place);
}

}  // namespace

// Where everything is: `corner` is cell row 0 from the top, column 0, as it is scrolled.
struct LensGrid::Cells {
  ImVec2 corner;
  ImVec2 cell;
  ImVec2 window, window_size;  // where it is seen, scroll bars and all
  ImVec2 seen;                 // without the bars
  std::int64_t rows = 0, columns = 0;
  std::int64_t first_row = 0, last_row = 0, first_column = 0, last_column = 0;  // seen

  ImVec2 at(std::int64_t row, std::int64_t column) const {  // upper left; row 0 is the top
    return {corner.x + cell.x * static_cast<float>(column), corner.y + cell.y * static_cast<float>(row)};
  }
  std::int64_t layer_of(std::int64_t row) const { return rows - 1 - row; }
  std::int64_t row_of(std::int64_t layer) const { return rows - 1 - layer; }
};

float lens_scale_width(const ShownLens& shown, LensNumber number) {
  const ScopedFont small(fonts().body, 0.8F);
  return ImGui::CalcTextSize(lens_scale_end(shown, number, false).c_str()).x +
         ImGui::CalcTextSize(lens_scale_end(shown, number, true).c_str()).x + em() * 7.8F;
}

void draw_lens_scale(const ShownLens& shown, LensNumber number) {
  const float height = em() * 1.75F;
  const float width = lens_scale_width(shown, number);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(width, height));
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, 0.8F);
  const std::string low = lens_scale_end(shown, number, false), high = lens_scale_end(shown, number, true);
  const float y = corner.y + (height - em()) * 0.5F;
  const float left = corner.x + ImGui::CalcTextSize(low.c_str()).x + em() * 0.4F;
  list->AddText(ImVec2(corner.x, y), palette().muted, low.c_str());
  constexpr int pieces = 48;
  const float bar = em() * 7;
  for (int i = 0; i < pieces; ++i) {
    const auto edge = [&](int piece) { return std::floor(left + bar * static_cast<float>(piece) / pieces); };
    list->AddRectFilled(ImVec2(edge(i), std::floor(y + em() * 0.1F)),
                        ImVec2(edge(i + 1), std::floor(y + em() * 0.9F)),
                        lens_color(number, (static_cast<float>(i) + 0.5F) / pieces));
  }
  list->AddText(ImVec2(left + bar + em() * 0.4F, y), palette().muted, high.c_str());
}

void LensGrid::scroll_to(const Frame& frame, const Cells& cells) {
  const std::int64_t query = frame.locked_query();
  if (query == scrolled_to_) return;
  scrolled_to_ = query;
  const float left = cells.cell.x * static_cast<float>(query), right = left + cells.cell.x;
  if (left >= ImGui::GetScrollX() && right <= ImGui::GetScrollX() + cells.seen.x) return;
  ImGui::SetScrollX(std::max(0.0F, left - cells.seen.x * 0.5F));
}

const std::string& LensGrid::fitting(const ShownLens& shown, TokenId id, float width) {
  if (words_model_ != shown.lens.model.get() || words_width_ != width || words_size_ != em()) {
    words_.clear();
    words_model_ = shown.lens.model.get();
    words_width_ = width;
    words_size_ = em();
  }
  const auto found = words_.find(id);
  if (found != words_.end()) return found->second;
  return words_[id] = shortened(shown.token(id), width);
}

void LensGrid::draw_cells(const Frame& frame, const ShownLens& shown, const Cells& cells) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const LensNumber number = frame.document.lens.number;
  const bool words = cells.cell.x >= em() * 2.6F && cells.cell.y >= em() * 1.2F;
  const float gap = std::min({em() * 0.08F, cells.cell.x * 0.1F, cells.cell.y * 0.1F});
  const float alpha = shown.dimmed ? 0.45F : 1.0F;
  const ScopedFont small(fonts().body, 0.86F);
  const float text_y = (cells.cell.y - em()) * 0.5F;
  for (std::int64_t position = cells.first_column; position < cells.last_column; ++position) {
    const LensColumn* column = shown.column(position);
    for (std::int64_t row = cells.first_row; row < cells.last_row; ++row) {
      const ImVec2 from = cells.at(row, position);
      const ImVec2 to(from.x + cells.cell.x - gap, from.y + cells.cell.y - gap);
      if (column == nullptr) {
        list->AddRectFilled(from, to, palette().masked);
        continue;
      }
      const std::int64_t layer = cells.layer_of(row);
      const ImU32 color = lens_color(number, lens_reading(shown, *column, layer, number).place);
      list->AddRectFilled(from, to, with_alpha(color, alpha), words ? em() * 0.15F : 0.0F);
      const TokenId top = column->cells[static_cast<std::size_t>(layer)].top.front().id;
      if (words) {
        const std::string& token = fitting(shown, top, cells.cell.x - em() * 0.5F);
        list->AddText(ImVec2(from.x + em() * 0.25F, from.y + text_y), with_alpha(ink_on(color), alpha),
                      token.c_str());
      }
      const bool same_word = top >= 0 && frame.hover.candidate == top;
      if (same_word && cells.cell.y > em() * 0.4F) outline(from, to, palette().hover, 1.0F);
    }
  }
}

void LensGrid::point(const Frame& frame, Commands& commands, const ShownLens& shown, const Cells& cells,
                     const Hand& hand) {
  const ImVec2 mouse = hand.at;
  const auto index = [](float pixels, float size, std::int64_t count) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(pixels / size), 0, count - 1);
  };
  const std::int64_t position = index(mouse.x - cells.corner.x, cells.cell.x, cells.columns);
  const std::int64_t row = index(mouse.y - cells.corner.y, cells.cell.y, cells.rows);
  const LensColumn* column = shown.column(position);
  commands.hover().query = position;
  const ImVec2 from = cells.at(row, position);
  outline(from, ImVec2(from.x + cells.cell.x, from.y + cells.cell.y), palette().hover,
          std::max(1.0F, em() * 0.1F));
  if (column == nullptr) return;
  const std::int64_t layer = cells.layer_of(row);
  const TokenId top = column->cells[static_cast<std::size_t>(layer)].top.front().id;
  if (top >= 0) commands.hover().candidate = top;
  tooltip(shown, *column, position, layer);
  if (hand.clicked) choose(frame, commands, shown, *column, position, layer);
}

namespace {

// The names of the rows, left of the cells.
void draw_layers(const Frame& frame, ImVec2 window, ImVec2 window_size, float top, float cell,
                 std::int64_t rows, float room) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float slack = em() * 0.4F;  // of the first and the last name
  list->PushClipRect(ImVec2(window.x - room, window.y - slack),
                     ImVec2(window.x, window.y + window_size.y + slack), true);
  const ScopedFont small(fonts().mono, 0.8F);
  const auto step = static_cast<std::int64_t>(std::ceil(em() * 1.25F / cell));
  const std::int64_t current = frame.layer() + 1;
  // In even steps from the current one.
  for (std::int64_t layer = 0; layer < rows; ++layer) {
    const bool is_current = layer == current;
    if ((layer - current) % step != 0) continue;
    const std::string name = lens_layer_name(layer);
    const float middle = top + cell * (static_cast<float>(rows - 1 - layer) + 0.5F);
    if (middle < window.y || middle > window.y + window_size.y) continue;
    const float y = middle - em() * 0.5F;
    add_axis_name(*list, fonts().mono, 1.0F, ImVec2(window.x - em() * 0.6F, y), 1, name, is_current);
  }
  list->PopClipRect();
}

// Columns that are too narrow for words: positions as on an axis, and the token in question.
void draw_positions(const Frame& frame, const ShownLens& shown, ImVec2 window, ImVec2 window_size, float left,
                    float cell, std::int64_t first, std::int64_t last) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, 0.86F);
  const float y = window.y + window_size.y + em() * 0.25F;
  const auto draw = [&](std::int64_t position, const std::string& words, ImU32 color) {
    const float width = ImGui::CalcTextSize(words.c_str()).x;
    const float x = left + cell * (static_cast<float>(position) + 0.5F) - width * 0.5F;
    const float end = std::max(window.x, window.x + window_size.x - width);
    list->AddText(ImVec2(std::clamp(x, window.x, end), y), color, words.c_str());
    return width;
  };
  const std::int64_t marked = frame.hover.query.value_or(frame.locked_query());
  float taken = 0;
  if (marked >= first && marked < last) {
    const std::string words = fmt::format("{} ({})", shortened(shown.token_at(marked), em() * 8), marked);
    taken = draw(marked, words, frame.hover.query ? palette().query : readable_small(palette().lock));
  }
  std::int64_t every = 10;
  while (cell * static_cast<float>(every) < em() * 4) every *= 2;
  for (std::int64_t position = (first + every - 1) / every * every; position < last; position += every) {
    const float apart = std::abs(static_cast<float>(position - marked)) * cell;
    if (taken > 0 && apart < taken + em() * 1.5F) continue;
    draw(position, fmt::format("{}", position), palette().muted);
  }
}

// The tokens that were read, beneath the cells.
void draw_tokens(const Frame& frame, const ShownLens& shown, ImVec2 window, ImVec2 window_size, float left,
                 float cell, std::int64_t first, std::int64_t last, float room) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float y = window.y + window_size.y + em() * 0.25F;
  list->PushClipRect(ImVec2(window.x - em() * 2, y), ImVec2(window.x + window_size.x + em(), y + room), true);
  const bool flat = cell >= em() * 2.6F, leaning = cell >= em() * 0.8F;
  if (!leaning) {
    draw_positions(frame, shown, window, window_size, left, cell, first, last);
    list->PopClipRect();
    return;
  }
  const ScopedFont small(fonts().body, 0.86F);
  for (std::int64_t position = first; position < last; ++position) {
    const bool lit = frame.hover.query == position, locked = frame.locked_query() == position;
    const ImU32 color = lit ? palette().query : locked ? readable_small(palette().lock) : palette().muted;
    const float x = left + cell * static_cast<float>(position);
    const std::string token = shown.token_at(position);
    if (flat) {
      list->AddText(ImVec2(x + em() * 0.25F, y), color, shortened(token, cell - em() * 0.4F).c_str());
    } else {
      add_rotated_text(*list, ImVec2(x + cell * 0.5F, y + em() * 0.4F), token_angle, color,
                       fitted_text(token, room * 1.05F));
    }
  }
  list->PopClipRect();
}

}  // namespace

void LensGrid::draw(const Frame& frame, Commands& commands, const ShownLens& shown, ImVec2 size) {
  const std::int64_t rows = shown.layers() + 1, columns = shown.positions();
  if (columns == 0) return;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float left = em() * 2.9F;
  const float least = em() * 0.38F;
  const float room_x = std::max(em() * 4, size.x - left);
  Cells cells;
  cells.rows = rows;
  cells.columns = columns;
  const auto column = [&](float room) {
    return std::clamp(room / static_cast<float>(columns), least, em() * 11.0F);
  };
  cells.cell.x = column(room_x);
  const bool flat = cells.cell.x >= em() * 2.6F;
  const bool leaning = !flat && cells.cell.x >= em() * 0.8F;
  const float bottom = em() * (leaning ? 4.2F : 1.6F);
  const float bar = ImGui::GetStyle().ScrollbarSize;
  float room_y = std::max(em() * 4, size.y - bottom);
  // Wide cells have words, and rows high enough for them: rather than losing those, deep models scroll, by
  // whole rows, and leave the columns' room to the scroll bar.
  const float least_y = flat ? em() * 1.22F : least;
  if (least_y * static_cast<float>(rows) > room_y + 1) {
    cells.cell.x = column(room_x - bar);
    if (flat) room_y = least_y * std::floor(room_y / least_y);
  }
  const float scrollbar = cells.cell.x * static_cast<float>(columns) > room_x + 1 ? bar : 0;
  cells.cell.y = std::clamp((room_y - scrollbar) / static_cast<float>(rows), least_y, em() * 1.9F);
  const ImVec2 whole(cells.cell.x * static_cast<float>(columns), cells.cell.y * static_cast<float>(rows));
  const bool overflows = whole.y + scrollbar > room_y + 1;
  const float beside = overflows ? bar : 0;
  cells.window = ImVec2(start.x + left, start.y);
  cells.window_size = ImVec2(std::min(room_x, whole.x + beside), std::min(room_y, whole.y + scrollbar));
  cells.seen = ImVec2(cells.window_size.x - beside, cells.window_size.y - scrollbar);
  ImGui::SetCursorScreenPos(cells.window);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  // Said beforehand: measured, a fraction of a pixel more brings a bar, and that covers the last column.
  ImGui::SetNextWindowContentSize(ImVec2(std::floor(scrollbar > 0 ? whole.x : cells.seen.x),
                                         std::floor(overflows ? whole.y : cells.seen.y)));
  ImGui::BeginChild("##cells", cells.window_size, ImGuiChildFlags_NavFlattened,
                    ImGuiWindowFlags_HorizontalScrollbar | ImGuiWindowFlags_NoBackground);
  scroll_to(frame, cells);
  cells.corner = ImGui::GetCursorScreenPos();
  const auto seen = [](float from, float extent, float cell, std::int64_t count) {
    const auto first = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(from / cell)), 0, count);
    const auto last =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil((from + extent) / cell)), first, count);
    return std::pair(first, last);
  };
  const auto across = seen(ImGui::GetScrollX(), cells.seen.x, cells.cell.x, columns);
  const auto down = seen(ImGui::GetScrollY(), cells.seen.y, cells.cell.y, rows);
  first_ = cells.first_column = across.first;
  last_ = cells.last_column = across.second;
  cells.first_row = down.first;
  cells.last_row = down.second;
  draw_cells(frame, shown, cells);
  // The column that is looked from, and the row of the current layer.
  const std::int64_t query = std::clamp<std::int64_t>(frame.query(), 0, columns - 1);
  const ImVec2 top = cells.at(0, query), end = cells.at(rows, query + 1);
  outline(top, end, frame.hover.query ? palette().query : palette().lock, std::max(1.0F, em() * 0.09F));
  const std::int64_t row = cells.row_of(std::clamp<std::int64_t>(frame.layer() + 1, 0, rows - 1));
  const ImVec2 from = cells.at(row, query), to = cells.at(row + 1, query + 1);
  if (cells.cell.y > em() * 0.6F) outline(from, to, palette().text, std::max(1.0F, em() * 0.12F));
  const Hand hand = canvas("##lens", whole, {cells.corner, cells.cell, {}});
  if (hand.inside) point(frame, commands, shown, cells, hand);
  ImGui::EndChild();
  ImGui::PopStyleVar();
  draw_layers(frame, cells.window, cells.window_size, cells.corner.y, cells.cell.y, rows, left);
  draw_tokens(frame, shown, cells.window, cells.window_size, cells.corner.x, cells.cell.x, cells.first_column,
              cells.last_column, bottom);
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + std::min(size.y, cells.window_size.y + bottom)));
  ImGui::Dummy(ImVec2(0, 0));
}

}  // namespace headlight
