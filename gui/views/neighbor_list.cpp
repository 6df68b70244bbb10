// The rows of the nearest tokens.
#include "gui/views/neighbor_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// Left edges of what stands left, right edges of numbers; pixels from the row's left edge.
struct Columns {
  float line;                                         // height of a row
  float width, token, bar, bar_end, cosine, dot, id;  // id 0: not shown
};

Columns columns(float width, float line) {
  Columns at{};
  at.line = line;
  at.width = width;
  at.token = em() * 2.6F;
  float right = width - em() * 0.5F;
  if (width > em() * 27.0F) {
    at.id = right;
    right -= em() * 4.2F;
  }
  at.dot = right;
  right -= em() * 4.6F;
  at.cosine = right;
  right -= em() * 4.4F;
  at.bar = at.token + std::clamp((right - at.token) * 0.5F, em() * 5.0F, em() * 12.0F);
  at.bar_end = right - em() * 0.2F;
  return at;
}

void right_text(ImVec2 corner, float line, float right, const std::string& words, ImU32 color) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x + right - size.x, corner.y + (line - size.y) * 0.5F),
                                      color, words.c_str());
}

void draw_headings(const Columns& at, NeighborOrder order) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ScopedFont small(fonts().body, 0.82F);
  const auto strong = [order](NeighborOrder of) { return of == order ? palette().text : palette().muted; };
  ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x + at.token, corner.y + em() * 0.35F), palette().muted,
                                      text("embeddings.token").c_str());
  const float line = em() * 1.7F;
  right_text(corner, line, at.cosine, text("embeddings.cosine"), strong(NeighborOrder::cosine));
  right_text(corner, line, at.dot, text("embeddings.dot"), strong(NeighborOrder::dot));
  if (at.id > 0) right_text(corner, line, at.id, text("embeddings.id"), palette().muted);
  ImGui::Dummy(ImVec2(at.width, line));
}

// Cosines as a bar from their zero: to the right when they are positive.
void draw_bar(ImVec2 corner, const Columns& at, double cosine) {
  const float room = at.bar_end - at.bar;
  if (room < em() * 2 || !std::isfinite(cosine)) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float top = corner.y + at.line * 0.34F, bottom = corner.y + at.line * 0.66F;
  const float left = corner.x + at.bar;
  list->AddRectFilled(ImVec2(left, top), ImVec2(left + room, bottom), with_alpha(palette().grid, 0.5F),
                      em() * 0.15F);
  const auto length = static_cast<float>(std::clamp(std::abs(cosine), 0.0, 1.0)) * room;
  const ImU32 color = color_of(ColorMap::diverging, cosine < 0 ? -0.85F : 0.85F);
  list->AddRectFilled(ImVec2(left, top), ImVec2(left + std::max(1.5F, length), bottom), color, em() * 0.15F);
}

void draw_token(ImVec2 corner, const Columns& at, const Tokenizer& tokenizer, TokenId id, bool marked) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float room = (at.bar_end - at.bar > em() * 2 ? at.bar : at.cosine - em() * 4.0F) - at.token - em();
  const std::string words = shortened(token_piece(tokenizer.bytes(id)), room);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 from(corner.x + at.token, corner.y + (at.line - size.y) * 0.5F);
  const float edge = em() * 0.25F;  // delimits the token, so that a leading space is seen
  list->AddRectFilled(ImVec2(from.x - edge, corner.y + em() * 0.12F),
                      ImVec2(from.x + size.x + edge, corner.y + at.line - em() * 0.12F),
                      tokenizer.is_special(id) ? with_alpha(palette().attention, 0.25F) : palette().raised,
                      em() * 0.25F);
  list->AddText(from, marked ? palette().muted : palette().text, words.c_str());
}

void draw_row(const Frame& frame, Commands& commands, const Columns& at, const NearToken& token,
              std::size_t rank, NeighborOrder order, bool marked) {
  const Tokenizer& tokenizer = *frame.trace()->model().tokenizer;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::PushID(static_cast<int>(token.id));
  const bool clicked =
      ImGui::InvisibleButton("##near", ImVec2(at.width, at.line), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  const bool locked = frame.document.candidate == token.id;
  if (ImGui::IsItemHovered()) {
    commands.hover().candidate = token.id;
    facts_tooltip(token_piece(tokenizer.bytes(token.id)),
                  {{"id", fmt::format("{}", token.id)},
                   {"cos", significant_text(token.cosine, 6)},
                   {"a · b", significant_text(token.dot, 6)}},
                  text(marked ? "embeddings.row_marked_tip" : "embeddings.row_tip"));
  }
  if (clicked) commands.edit(SelectCandidate{locked ? std::nullopt : std::optional(token.id)});
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + at.width, corner.y + at.line);
  if (frame.hover.candidate == token.id)
    list->AddRectFilled(corner, opposite, with_alpha(palette().residual, 0.14F), em() * 0.3F);
  if (locked) list->AddRect(corner, opposite, palette().lock, em() * 0.3F, std::max(1.0F, em() * 0.08F));
  draw_token(corner, at, tokenizer, token.id, marked);
  draw_bar(corner, at, token.cosine);
  const ScopedFont mono(fonts().mono, 0.92F);
  right_text(corner, at.line, at.token - em() * 0.6F, fmt::format("#{}", rank + 1), palette().muted);
  const auto strong = [order](NeighborOrder of) { return of == order ? palette().text : palette().muted; };
  right_text(corner, at.line, at.cosine, rounded_text(token.cosine, 4), strong(NeighborOrder::cosine));
  right_text(corner, at.line, at.dot, rounded_text(token.dot, 4), strong(NeighborOrder::dot));
  if (at.id > 0) right_text(corner, at.line, at.id, fmt::format("{}", token.id), palette().muted);
}

}  // namespace

void draw_neighbor_list(const Frame& frame, Commands& commands, const NearestTokens& nearest,
                        NeighborOrder order, const std::vector<TokenId>& marked) {
  const float widest = em() * 80.0F;  // rows that are longer are hard to follow
  const float width = std::min(ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ScrollbarSize, widest);
  const std::vector<NearToken>& tokens = order == NeighborOrder::dot ? nearest.by_dot : nearest.by_cosine;
  // The rows share the height that is there, as far as they stay one list.
  const float beneath = ImGui::GetContentRegionAvail().y - em() * 1.7F - ImGui::GetStyle().ItemSpacing.y;
  const float share = std::floor(beneath / static_cast<float>(std::max<std::size_t>(1, tokens.size())));
  const float line = std::floor(std::clamp(share, em() * 1.55F, em() * 2.2F));  // rows lie on whole pixels
  const Columns at = columns(std::max(width, em() * 14.0F), line);
  draw_headings(at, order);
  const float whole = std::floor(ImGui::GetContentRegionAvail().y / at.line) * at.line;
  const float height = std::max(whole, at.line * 4.0F);  // whole rows
  if (ImGui::BeginChild("##nearest", ImVec2(0.0F, height), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_NoBackground)) {
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, 0.0F));
    const std::int64_t known = frame.trace()->model().tokenizer->vocabulary_size();
    for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
      if (tokens[rank].id >= known) continue;
      const bool is_marked = std::find(marked.begin(), marked.end(), tokens[rank].id) != marked.end();
      draw_row(frame, commands, at, tokens[rank], rank, order, is_marked);
    }
    ImGui::PopStyleVar();
    fade_edges(at.line);
  }
  ImGui::EndChild();
}

namespace {

std::array<Segment, 2> order_segments() {
  return {Segment{text("embeddings.by_cosine"), text("embeddings.by_cosine_tip")},
          Segment{text("embeddings.by_dot"), text("embeddings.by_dot_tip")}};
}

}  // namespace

float neighbor_order_width() { return segmented_width(order_segments()); }

void neighbor_order_switch(Commands& commands, const EmbeddingChoices& choices) {
  const auto chosen = segmented("order", order_segments(), choices.order == NeighborOrder::dot ? 1 : 0);
  if (!chosen) return;
  EmbeddingChoices next = choices;
  next.order = *chosen == 1 ? NeighborOrder::dot : NeighborOrder::cosine;
  commands.edit(SetChoices{next});
}

std::string searched_text(const Model& model) {
  return format_text("embeddings.searched", fmt::arg("tokens", grouped_text(searched_rows(model))));
}

std::shared_ptr<const NearestTokens> NearestInVocabulary::want(Commands& commands, const NearestKey& key) {
  search_.want(key);
  if (search_.pending()) commands.pending();
  const auto done = search_.done();
  fresh_ = done && done->key == key;
  if (fresh_ && !done->value) {
    ImGui::TextWrapped("%s", in_language(done->error).c_str());
    return nullptr;
  }
  return done ? done->value : nullptr;
}

}  // namespace headlight
