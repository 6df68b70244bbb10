// The chip, its popup, and the search.
#include "gui/widgets/token_choice.h"

#include <fmt/format.h>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

constexpr std::size_t most_listed = 12;

float em() { return ImGui::GetFontSize(); }

// A line of the list: words on the left, muted ones on the right.
bool list_line(const std::string& id, const std::string& words, const std::string& more) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const bool clicked = ImGui::Selectable(("##" + id).c_str(), false, 0, ImVec2(width, em() * 1.4F));
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float y = corner.y + em() * 0.2F;
  const ScopedFont mono(fonts().mono, 0.85F);
  const float taken = ImGui::CalcTextSize(more.c_str()).x;
  list->AddText(ImVec2(corner.x + width - taken, y), palette().muted, more.c_str());
  const ScopedFont body(fonts().body);
  list->AddText(ImVec2(corner.x + em() * 0.2F, y), palette().text,
                shortened(words, width - taken - em()).c_str());
  return clicked;
}

}  // namespace

void TokenChoice::search(const Tokenizer& tokenizer, const std::shared_ptr<const Distribution>& ranked) {
  if (!fresh_ && searched_ == wanted_ && searched_in_ == ranked.get()) return;
  fresh_ = false;
  searched_ = wanted_;
  searched_in_ = ranked.get();
  found_.clear();
  std::string bytes = wanted_;  // a visible space stands for a space
  for (std::size_t at = 0; (at = bytes.find("·", at)) != std::string::npos;) bytes.replace(at, 2, " ");
  const auto count = static_cast<TokenId>(tokenizer.vocabulary_size());
  for (TokenId at = 0; at < count && found_.size() < most_listed; ++at) {
    const auto rank = static_cast<std::size_t>(at);
    const TokenId id = ranked && rank < ranked->ranked.size() ? ranked->ranked[rank].id : at;
    if (id < 0 || id >= count) continue;
    const std::string& own = tokenizer.bytes(id);
    if (own.find(bytes) != std::string::npos || fmt::format("{}", id) == wanted_) found_.push_back(id);
  }
}

TokenChoice::Chosen TokenChoice::draw_list(const Words& words, const Tokenizer& tokenizer,
                                           const std::shared_ptr<const Distribution>& ranked) {
  Chosen chosen;
  if (ImGui::IsWindowAppearing()) {
    wanted_.clear();
    fresh_ = true;
    ImGui::SetKeyboardFocusHere();
  }
  ImGui::SetNextItemWidth(em() * 16);
  const bool entered = ImGui::InputTextWithHint("##find", text("token_choice.find").c_str(), &wanted_,
                                                ImGuiInputTextFlags_EnterReturnsTrue);
  search(tokenizer, ranked);
  if (entered && !found_.empty()) chosen = found_.front();
  if (list_line("reset", words.reset, "")) chosen.emplace();
  for (const TokenId id : found_) {
    if (list_line(fmt::format("{}", id), token_piece(tokenizer.bytes(id)), fmt::format("{}", id)))
      chosen = id;
  }
  if (found_.empty()) ImGui::TextDisabled("%s", text("token_choice.none").c_str());
  if (chosen) ImGui::CloseCurrentPopup();
  return chosen;
}

float TokenChoice::width(const Words& words) {
  return ImGui::CalcTextSize(words.label.c_str()).x +
         std::min(ImGui::CalcTextSize(words.shown.c_str()).x, em() * 12.4F) + em() * 2.4F;
}

TokenChoice::Chosen TokenChoice::draw(const char* id, const Words& words, const Tokenizer& tokenizer,
                                      const std::shared_ptr<const Distribution>& ranked) {
  Chosen chosen;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 size(width(words), em() * 1.75F);
  if (ImGui::InvisibleButton(id, size, ImGuiButtonFlags_EnableNav)) ImGui::OpenPopup(id);
  const bool hovered = ImGui::IsItemHovered();
  ImGui::SetItemTooltip("%s", words.tooltip.c_str());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + size.x, corner.y + size.y);
  list->AddRectFilled(corner, opposite,
                      hovered ? mix(palette().raised, palette().query, 0.15F) : palette().raised,
                      ImGui::GetStyle().FrameRounding);
  const float y = corner.y + (size.y - em()) * 0.5F;
  list->AddText(ImVec2(corner.x + em() * 0.6F, y), palette().muted, words.label.c_str());
  const float label = ImGui::CalcTextSize(words.label.c_str()).x;
  list->AddText(ImVec2(corner.x + em() * 1.0F + label, y), palette().text,
                shortened(words.shown, em() * 12.6F).c_str());
  const ImVec2 arrow(opposite.x - em() * 0.75F, corner.y + size.y * 0.5F);
  list->AddTriangleFilled(ImVec2(arrow.x - em() * 0.24F, arrow.y - em() * 0.13F),
                          ImVec2(arrow.x + em() * 0.24F, arrow.y - em() * 0.13F),
                          ImVec2(arrow.x, arrow.y + em() * 0.2F), palette().muted);
  if (ImGui::BeginPopup(id)) {
    chosen = draw_list(words, tokenizer, ranked);
    ImGui::EndPopup();
  }
  return chosen;
}

}  // namespace headlight
