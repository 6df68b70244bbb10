// Rows and columns are the lines of the text, numbered; each cell prints its cosine.
#include "gui/views/sentence_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr float line_gap = 0.2F;  // ems, between the lines that are compared

void note(const std::string& words) {
  ImGui::PushTextWrapPos(0.0F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

void draw_cell(ImVec2 corner, ImVec2 cell, double cosine, bool hovered) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + cell.x, corner.y + cell.y);
  const float gap = std::max(1.0F, cell.y * 0.02F);
  const ImU32 color = color_of(ColorMap::diverging, static_cast<float>(cosine));
  list->AddRectFilled(ImVec2(corner.x + gap, corner.y + gap), ImVec2(opposite.x - gap, opposite.y - gap),
                      color, cell.y * 0.08F);
  if (hovered) list->AddRect(corner, opposite, palette().hover, cell.y * 0.1F, std::max(1.0F, em() * 0.1F));
  std::string words = rounded_text(cosine, 2);
  const float size = em() * smallest_words;
  const auto extent_of = [&] { return fonts().strong->CalcTextSizeA(size, FLT_MAX, 0.0F, words.c_str()); };
  const std::size_t nought = words.find("0.");
  if (nought != std::string::npos && extent_of().x > cell.x * 0.9F) words.erase(nought, 1);  // "−.01"
  const ImVec2 extent = extent_of();
  if (extent.x > cell.x || extent.y > cell.y) return;  // the tooltip says it
  list->AddText(fonts().strong, size,
                ImVec2(corner.x + (cell.x - extent.x) * 0.5F, corner.y + (cell.y - extent.y) * 0.5F),
                ink_on(color), words.c_str());
}

}  // namespace

SentencePanel::SentencePanel() : worker_(make_sentence_worker()) {}

void SentencePanel::draw_matrix(const SentenceSimilarity& similarity, Commands&) {
  const auto count = static_cast<float>(similarity.sentences.size());
  const float label = em() * 1.5F;
  // All of it is seen, with the lines that the numbers stand for, where cells need not be too small for that.
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float lines = count * (ImGui::GetTextLineHeight() + em() * line_gap) + em() * 0.6F;
  const float wide = (room.x - label) / count;
  const float high = std::max((room.y - label - lines) / count, em() * 1.6F);
  // As wide as a number needs, where there is no room to be square.
  const ImVec2 cell(std::floor(std::clamp(wide, em() * 0.8F, em() * 3.4F)),
                    std::floor(std::clamp(std::min(wide, high), em() * 0.8F, em() * 3.4F)));
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto number = [&](std::size_t i, ImVec2 at, bool column) {
    const ScopedFont small(fonts().body, 0.85F);
    const std::string words = fmt::format("{}", i + 1);
    const ImVec2 size = ImGui::CalcTextSize(words.c_str());
    list->AddText(column ? ImVec2(at.x + (cell.x - size.x) * 0.5F, at.y)
                         : ImVec2(at.x + (label - size.x) * 0.4F, at.y + (cell.y - size.y) * 0.5F),
                  small_ink(), words.c_str());
  };
  for (std::size_t row = 0; row < similarity.sentences.size(); ++row) {
    const float y = start.y + label + static_cast<float>(row) * cell.y;
    number(row, ImVec2(start.x, y), false);
    number(row, ImVec2(start.x + label + static_cast<float>(row) * cell.x, start.y), true);
    for (std::size_t column = 0; column < similarity.sentences.size(); ++column) {
      const ImVec2 corner(start.x + label + static_cast<float>(column) * cell.x, y);
      ImGui::SetCursorScreenPos(corner);
      ImGui::PushID(static_cast<int>(row * similarity.sentences.size() + column));
      ImGui::InvisibleButton("##pair", cell, ImGuiButtonFlags_EnableNav);
      ImGui::PopID();
      const bool hovered = ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible);
      const double cosine = similarity.cosines[row * similarity.sentences.size() + column];
      draw_cell(corner, cell, cosine, hovered);
      if (!hovered) continue;
      const auto line = [&](std::size_t i) { return shortened(similarity.sentences[i], em() * 24.0F); };
      facts_tooltip("cos " + rounded_text(cosine, 4),
                    {{fmt::format("{}", row + 1), line(row)}, {fmt::format("{}", column + 1), line(column)}},
                    text("next.cosine_tip"));
    }
  }
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + label + cell.y * count + em() * 0.4F));
  // The lines that the numbers stand for.
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, em() * line_gap));
  for (std::size_t i = 0; i < similarity.sentences.size(); ++i) {
    std::string words = fmt::format("{}  {}", i + 1, similarity.sentences[i]);
    const float width = ImGui::GetContentRegionAvail().x;
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(shortened(words, width).c_str());
    ImGui::PopStyleColor();
    ImGui::SetItemTooltip("%s\n%s", similarity.sentences[i].c_str(),
                          format_text(similarity.cut[i]           ? "next.sentence_cut"
                                      : similarity.tokens[i] == 1 ? "next.sentence_token"
                                                                  : "next.sentence_tokens",
                                      fmt::arg("tokens", similarity.tokens[i]))
                              .c_str());
  }
  ImGui::PopStyleVar();
}

void SentencePanel::draw(const Frame& frame, Commands& commands) {
  const std::vector<std::string> lines = lines_of(frame.document.text);
  if (lines.size() < 2) {
    {
      const ScopedFont large(fonts().large, 1.2F);
      note(text("next.sentence_vector"));
    }
    return note(text(lines.empty() ? "next.sentence_none" : "next.sentence_one"));
  }
  if (!frame.trace() || frame.trace()->shared_model().get() != frame.model) return note(text("next.waiting"));
  worker_->want({frame.trace()->shared_model(), lines});
  const auto done = worker_->done();
  if (worker_->pending()) commands.progress(text("next.sentences"), worker_->fraction());
  note(format_text("next.sentences_note", fmt::arg("count", lines.size())));
  if (!done || (done->value == nullptr && done->error.empty())) return note(text("next.waiting"));
  if (!done->value) return note(in_language(done->error));
  ImGui::PushStyleVar(ImGuiStyleVar_Alpha, worker_->pending() ? 0.6F : 1.0F);
  draw_matrix(*done->value, commands);
  ImGui::PopStyleVar();
}

}  // namespace headlight
