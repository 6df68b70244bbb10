// A bar for each token, their mean, and what they come to together.
#include "gui/views/lens_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_token.h"
#include "gui/widgets/ticks.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

float widest_bar() { return em() * 6; }  // of few tokens, which stand apart from each other

double bits_of(const TokenScore& score) { return -std::log2(score.probability); }

struct Totals {
  double mean = 0.0, most = 1.0;
  std::int64_t count = 0;
};

Totals totals_of(const TokenScores& scores) {
  Totals totals;
  double sum = 0.0;
  for (std::size_t i = 1; i < scores.scores.size(); ++i) {
    const double bits = bits_of(scores.scores[i]);
    if (!std::isfinite(bits)) continue;
    sum += bits;
    totals.most = std::max(totals.most, bits);
    ++totals.count;
  }
  totals.mean = totals.count > 0 ? sum / static_cast<double>(totals.count) : 0.0;
  return totals;
}

void draw_summary(const Totals& totals) {
  const std::string mean = fmt::format("{:.2f}", totals.mean);
  const std::string nats = fmt::format("{:.3f}", totals.mean * std::log(2.0));
  const std::string perplexity = fmt::format("{:.1f}", std::exp2(totals.mean));
  const char* summary = totals.count == 1 ? "lens.loss_summary_one" : "lens.loss_summary";
  ImGui::TextWrapped("%s", format_text(summary, fmt::arg("mean", mean), fmt::arg("nats", nats),
                                       fmt::arg("perplexity", perplexity), fmt::arg("tokens", totals.count))
                               .c_str());
  ImGui::SetItemTooltip("%s", text("lens.loss_summary_tip").c_str());
}

struct Bars {
  ImVec2 corner;  // of the first bar, as it is scrolled
  float bar = 0, height = 0, names = 0;
  double most = 1.0;
  float x(std::int64_t position) const { return corner.x + bar * static_cast<float>(position - 1); }
};

void draw_bar(const Frame& frame, const Bars& bars, const TokenScores& scores, std::int64_t position) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const double bits = bits_of(scores.scores[static_cast<std::size_t>(position)]);
  const bool lit = frame.hover.query == position, locked = frame.document.query == position;
  const float left = bars.x(position);
  const float gap = std::max(std::min(em() * 0.25F, bars.bar * 0.15F), (bars.bar - widest_bar()) * 0.5F);
  const float base = bars.corner.y + bars.height;
  if (std::isfinite(bits)) {
    const float top = base - std::max(1.0F, bars.height * static_cast<float>(bits / bars.most));
    list->AddRectFilled(ImVec2(left + gap, top), ImVec2(left + bars.bar - gap, base),
                        with_alpha(palette().probability, lit ? 1.0F : 0.8F),
                        std::min(bars.bar * 0.15F, em() * 0.15F));
  } else {
    add_label(*list, fonts().body, smallest_words, ImVec2(left + bars.bar * 0.5F, base - em()), 0.5F,
              palette().error, "NaN");
  }
  const ImU32 color = lit ? palette().query : locked ? readable(palette().lock) : palette().muted;
  const std::string token = frame.token_text(position);
  const std::optional<std::int64_t> place = told_apart(scores.tokens, position);
  const float y = base + em() * 0.35F;
  if (bars.bar >= em() * 2.6F) {
    const float room = bars.bar - em() * 0.3F, width = std::min(room, token_label_width(token, place));
    add_token_label(*list, ImVec2(left + (bars.bar - width) * 0.5F, y), color, token, place, room);
  } else if (bars.bar >= em() * 0.8F || lit || locked) {
    add_rotated_token(*list, ImVec2(left + bars.bar * 0.5F, y + em() * 0.3F), -0.95F, color, token, place,
                      bars.names * 1.05F);
  }
}

// Above its bar, on a ground that hides the axis' lines; above the line of the mean where that would cross
// it.
void draw_bar_number(const Bars& bars, const TokenScores& scores, std::int64_t position, float mean) {
  const double bits = bits_of(scores.scores[static_cast<std::size_t>(position)]);
  if (!std::isfinite(bits) || bars.bar < em() * 2.4F) return;
  float top = bars.corner.y + bars.height * (1.0F - static_cast<float>(bits / bars.most)) - em() * 1.05F;
  if (top - em() * 0.1F < mean && top + em() * 1.0F > mean) top = mean - em() * 1.05F;
  const std::string words = fmt::format("{:.1f}", bits);
  const float width = label_width(fonts().body, smallest_words, words),
              middle = bars.x(position) + bars.bar * 0.5F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(ImVec2(middle - width * 0.5F - em() * 0.15F, top - em() * 0.05F),
                      ImVec2(middle + width * 0.5F + em() * 0.15F, top + em() * 0.85F), palette().panel,
                      em() * 0.15F);
  add_label(*list, fonts().body, smallest_words, ImVec2(middle, top), 0.5F, palette().text, words);
}

void point(const Frame& frame, Commands& commands, const Bars& bars, const TokenScores& scores,
           const Hand& hand) {
  const auto count = static_cast<std::int64_t>(scores.scores.size());
  const auto position = std::clamp<std::int64_t>(
      1 + static_cast<std::int64_t>((hand.at.x - bars.corner.x) / bars.bar), 1, count - 1);
  const TokenScore& score = scores.scores[static_cast<std::size_t>(position)];
  commands.hover().query = position;
  facts_tooltip("|" + frame.token_text(position) + "|",
                {{text("lens.surprisal"),
                  format_text("lens.bits", fmt::arg("bits", fmt::format("{:.3f}", bits_of(score))))},
                 {text("lens.probability"), percent_text(score.probability)},
                 {text("lens.rank"), score.rank > 0 ? "#" + grouped_text(score.rank) : "–"}},
                format_text("lens.loss_tip", fmt::arg("before", frame.token_text(position - 1))));
  if (!hand.clicked) return;
  const bool again = frame.document.query == position;
  commands.edit(SelectQuery{again ? std::nullopt : std::optional(position)});
  const TokenId id = scores.tokens[static_cast<std::size_t>(position)];
  const ValueReference logit{Hook::logits, 0, {position - 1, id, 0}};
  commands.edit(SelectValue{again ? std::nullopt : std::optional(logit)});
}

}  // namespace

void draw_lens_loss(const Frame& frame, Commands& commands, const TokenScores& scores, ImVec2 size) {
  const auto count = static_cast<std::int64_t>(scores.scores.size());
  const float end = ImGui::GetCursorPosY() + size.y;
  const Totals totals = totals_of(scores);
  draw_summary(totals);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float axis = em() * 2.6F;
  const std::string mean_words =
      format_text("lens.loss_mean", fmt::arg("mean", fmt::format("{:.2f}", totals.mean)));
  const float mean_width =
      label_width(fonts().body, smallest_words, mean_words) + em() * 0.6F;  // right of the bars
  const float room = std::max(em() * 4, size.x - axis - mean_width);
  const float height = std::max(em() * 8, end - ImGui::GetCursorPosY());
  Bars bars;
  bars.most = totals.most;
  bars.bar = std::max(room / static_cast<float>(count - 1), em() * 0.4F);
  bars.names = em() * (bars.bar >= em() * 2.6F ? 1.6F : 4.0F);
  const float whole = bars.bar * static_cast<float>(count - 1);
  const float scrollbar = whole > room + 1 ? ImGui::GetStyle().ScrollbarSize : 0.0F;
  bars.height = height - bars.names - scrollbar - em() * 2.2F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float base = start.y + em() * 1.4F + bars.height;
  const float right = start.x + axis + std::min(room, whole);
  const double tick = tick_of(totals.most, 4.5);  // about four lie below the longest bar
  const auto y_of = [&](double bits) { return base - bars.height * static_cast<float>(bits / totals.most); };
  for (int i = 0; tick * i <= totals.most * 1.0001; ++i) {
    const float y = y_of(tick * i);
    list->AddLine(ImVec2(start.x + axis, y), ImVec2(right, y), palette().grid, std::max(1.0F, em() * 0.05F));
    add_label(*list, fonts().body, smallest_words, ImVec2(start.x + axis - em() * 0.4F, y - em() * 0.4F), 1,
              palette().muted, fmt::format("{:g}", tick * i));
  }
  add_label(*list, fonts().body, 0.8F, ImVec2(start.x, start.y), 0, palette().muted, text("lens.loss_unit"));
  if (totals.count > 0) {
    add_label(*list, fonts().body, smallest_words,
              ImVec2(right + em() * 0.4F, y_of(totals.mean) - em() * 0.45F), 0, palette().text, mean_words);
  }
  ImGui::SetCursorScreenPos(ImVec2(start.x + axis, start.y));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::BeginChild("##bars", ImVec2(room, height), ImGuiChildFlags_NavFlattened,
                    ImGuiWindowFlags_HorizontalScrollbar | ImGuiWindowFlags_NoBackground);
  bars.corner = ImGui::GetCursorScreenPos();
  bars.corner.y += em() * 1.4F;
  const float mean = std::floor(y_of(totals.mean)) + 0.5F;
  const std::int64_t first = 1 + static_cast<std::int64_t>(ImGui::GetScrollX() / bars.bar);
  const std::int64_t last = std::min(count, first + static_cast<std::int64_t>(room / bars.bar) + 2);
  for (std::int64_t position = first; position < last; ++position) draw_bar(frame, bars, scores, position);
  ImGui::GetWindowDrawList()->AddLine(ImVec2(bars.corner.x, mean), ImVec2(bars.corner.x + whole, mean),
                                      with_alpha(palette().text, 0.5F), std::max(1.0F, em() * 0.06F));
  for (std::int64_t position = first; position < last; ++position)
    draw_bar_number(bars, scores, position, mean);
  const Hand hand = canvas("##loss", ImVec2(whole, height - scrollbar),
                           {bars.corner, ImVec2(bars.bar, height - scrollbar), {}});
  if (hand.inside) point(frame, commands, bars, scores, hand);
  ImGui::EndChild();
  ImGui::PopStyleVar();
}

}  // namespace headlight
