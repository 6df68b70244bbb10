// Two tokens and their cosine a line.
#include "gui/views/alike_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float row_height() { return em() * 1.5F; }

void hover_pair(Commands& commands, const ShownText& shown, const AlikePair& pair) {
  hover_token(commands, shown, pair.row);
  (shown.encoder ? commands.hover().source_key : commands.hover().key) = pair.column;
}

// Where the columns of a line of this width begin, and how wide each of the two tokens is.
struct Columns {
  float first, second, token, cosine_end;
};
Columns columns_of(float left, float width) {
  const float token = (width - em() * 4.5F) * 0.5F, first = left + em() * 0.4F;
  return {first, first + token, token, left + width - em() * 0.4F};
}

// The token and its position: the most alike are often the same word twice.
void draw_token(const Frame& frame, const ShownText& shown, std::int64_t position, ImVec2 at, float room) {
  add_token_label(*ImGui::GetWindowDrawList(), at, palette().text, token_of(frame, shown, position), position,
                  room - em() * 0.8F);
}

void draw_pair(const Frame& frame, Commands& commands, const ShownText& shown, const AlikePair& pair, int id,
               float width) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::PushID(id);
  const bool clicked =
      ImGui::InvisibleButton("##pair", ImVec2(width, row_height()), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  if (ImGui::IsItemHovered()) {
    hover_pair(commands, shown, pair);
    ImGui::SetItemTooltip(
        "%s",
        format_text("embeddings.two_positions", fmt::arg("a", pair.row), fmt::arg("b", pair.column)).c_str());
  }
  if (clicked) click_pair(frame, commands, shown, pair.row, pair.column);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const LitTokens lit = lit_tokens(frame, shown);
  if (lit.hovered == pair.row && lit.hovered_key == pair.column)
    list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + row_height()),
                        with_alpha(palette().residual, 0.14F), em() * 0.3F);
  const Columns columns = columns_of(corner.x, width);
  const float y = corner.y + em() * 0.25F;
  draw_token(frame, shown, pair.row, ImVec2(columns.first, y), columns.token);
  draw_token(frame, shown, pair.column, ImVec2(columns.second, y), columns.token);
  add_label(*list, fonts().mono, 0.92F, ImVec2(columns.cosine_end, y), 1, palette().muted,
            rounded_text(pair.cosine, 4));
}

void draw_heads(ImVec2 corner, float width) {
  const Columns columns = columns_of(corner.x, width);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const auto head = [&](float x, float align, const char* key) {
    add_label(list, fonts().body, 0.82F, ImVec2(x, corner.y), align, small_ink(), text(key));
  };
  head(columns.first, 0, "embeddings.token");
  head(columns.second, 0, "embeddings.token");
  head(columns.cosine_end, 1, "embeddings.cosine");
}

}  // namespace

std::vector<AlikePair> most_alike(const Tensor& cosines, std::size_t count) {
  std::vector<AlikePair> pairs;
  const std::int64_t rows = cosines.axis(0);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < row; ++column) {
      const float cosine = cosines.data()[row * rows + column];
      if (!std::isnan(cosine)) pairs.push_back({row, column, cosine});
    }
  }
  const std::size_t kept = std::min(count, pairs.size());
  std::partial_sort(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(kept), pairs.end(),
                    [](const AlikePair& a, const AlikePair& b) {
                      if (a.cosine != b.cosine) return a.cosine > b.cosine;
                      return a.row != b.row ? a.row < b.row : a.column < b.column;
                    });
  pairs.resize(kept);
  return pairs;
}

void click_pair(const Frame& frame, Commands& commands, const ShownText& shown, std::int64_t row,
                std::int64_t column) {
  const LitTokens lit = lit_tokens(frame, shown);
  const bool again = lit.locked == row && lit.locked_key == column;
  const auto chosen = [again](std::int64_t position) {
    return again ? std::nullopt : std::optional<std::int64_t>(position);
  };
  if (shown.encoder) {
    commands.edit(SelectSourceQuery{chosen(row)});
    commands.edit(SelectSourceKey{chosen(column)});
  } else {
    commands.edit(SelectQuery{chosen(row)});
    commands.edit(SelectKey{chosen(column)});
  }
}

void draw_alike_pairs(const Frame& frame, Commands& commands, const ShownText& shown,
                      const std::vector<AlikePair>& pairs, bool enabled, ImVec2 size) {
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddText(start, palette().muted, text("embeddings.most_alike").c_str());
  // Columns one beside the other, down first.
  const float gap = em() * 2.0F, narrowest = em() * 20.0F, widest = em() * 23.0F;
  const auto columns = std::max(1.0F, std::floor((size.x + gap) / (narrowest + gap)));
  const float width = std::min(widest, (size.x + gap) / columns - gap);
  const float heads = em() * 1.6F, top = heads + em() * 1.2F;
  const auto rows = static_cast<std::size_t>(std::max(0.0F, (size.y - top) / row_height()));
  ImGui::BeginDisabled(!enabled);
  for (std::size_t i = 0; i < std::min(rows * static_cast<std::size_t>(columns), pairs.size()); ++i) {
    if (pairs[i].row >= shown.positions()) break;
    const auto column = static_cast<float>(i / rows), row = static_cast<float>(i % rows);
    const float left = start.x + column * (width + gap);
    if (i % rows == 0) draw_heads(ImVec2(left, start.y + heads), width);
    ImGui::SetCursorScreenPos(ImVec2(left, start.y + top + row * row_height()));
    draw_pair(frame, commands, shown, pairs[i], static_cast<int>(i), width);
  }
  ImGui::EndDisabled();
}

}  // namespace headlight
