// A button that opens a search.
#include "gui/views/token_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

constexpr std::size_t most_found = 12;

float em() { return ImGui::GetFontSize(); }

std::string with_spaces(std::string words) {
  for (std::size_t at = 0; (at = words.find("·", at)) != std::string::npos;) words.replace(at, 2, " ");
  return words;
}

// Smaller is better; nothing when the token does not have it.
std::optional<int> closeness(const std::string& bytes, const std::string& wanted) {
  const std::size_t at = bytes.find(wanted);
  if (at == std::string::npos) return {};
  const bool spaced = at == 1 && bytes[0] == ' ';
  if (bytes.size() == wanted.size()) return 1;
  if (spaced && bytes.size() == wanted.size() + 1) return 0;  // words mostly stand behind a space
  return at == 0 || spaced ? 2 : 3;
}

}  // namespace

std::vector<TokenId> find_tokens(const Tokenizer& tokenizer, const std::string& wanted, std::size_t most) {
  if (wanted.empty()) return {};
  const std::string bytes = with_spaces(wanted);
  const bool number = wanted.size() < 10 && wanted.find_first_not_of("0123456789") == std::string::npos;
  std::vector<std::tuple<int, std::size_t, TokenId>> found;  // closeness, length, id
  for (TokenId id = 0; id < tokenizer.vocabulary_size(); ++id) {
    const std::string& spelled = tokenizer.bytes(id);
    if (const auto close = closeness(spelled, bytes)) found.emplace_back(*close, spelled.size(), id);
  }
  if (number && std::stoll(wanted) < tokenizer.vocabulary_size())
    found.emplace_back(2, 0, static_cast<TokenId>(std::stoll(wanted)));
  const std::size_t kept = std::min(most, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end());
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < kept; ++i) {
    const TokenId id = std::get<2>(found[i]);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

std::optional<TokenId> TokenField::draw_list(const Tokenizer& tokenizer) {
  std::optional<TokenId> taken;
  if (opening_) {
    ImGui::SetKeyboardFocusHere();
    words_.clear();
    searched_.clear();
    found_.clear();
  }
  opening_ = false;
  ImGui::SetNextItemWidth(em() * 16.0F);
  ImGui::InputTextWithHint("##words", text("embeddings.search_hint").c_str(), &words_);
  if (words_ != searched_) {
    searched_ = words_;
    found_ = find_tokens(tokenizer, words_, most_found);
    at_ = 0;
  }
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow) && at_ + 1 < found_.size()) ++at_;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow) && at_ > 0) --at_;
  const bool enter = ImGui::IsKeyPressed(ImGuiKey_Enter) || ImGui::IsKeyPressed(ImGuiKey_KeypadEnter);
  if (enter && at_ < found_.size()) taken = found_[at_];
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const std::string words = token_piece(tokenizer.bytes(found_[i]));
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::Selectable("##found", i == at_, ImGuiSelectableFlags_None, ImVec2(0, em() * 1.35F)))
      taken = found_[i];
    ImGui::PopID();
    const ImVec2 from = ImGui::GetItemRectMin(), to = ImGui::GetItemRectMax();
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->AddText(ImVec2(from.x + em() * 0.4F, from.y + em() * 0.2F), palette().text,
                  shortened(words, em() * 11.0F).c_str());
    const ScopedFont mono(fonts().mono, 0.85F);
    const std::string id = fmt::format("{}", found_[i]);
    list->AddText(ImVec2(to.x - em() * 0.4F - ImGui::CalcTextSize(id.c_str()).x, from.y + em() * 0.25F),
                  palette().muted, id.c_str());
  }
  if (found_.empty() && !words_.empty()) ImGui::TextDisabled("%s", text("embeddings.no_such_token").c_str());
  if (taken || ImGui::IsKeyPressed(ImGuiKey_Escape)) ImGui::CloseCurrentPopup();
  return taken;
}

std::optional<TokenId> TokenField::draw(const char* id, const Tokenizer& tokenizer,
                                        std::optional<TokenId> chosen, float width) {
  ImGui::PushID(id);
  const float height = em() * 2.0F;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool clicked = ImGui::InvisibleButton("##open", ImVec2(width, height), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  ImGui::SetItemTooltip("%s", text("embeddings.field_tip").c_str());
  const ImVec2 opposite(corner.x + width, corner.y + height);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, opposite,
                      hovered ? mix(palette().raised, palette().residual, 0.25F) : palette().raised,
                      em() * 0.35F);
  const std::string words = chosen ? token_piece(tokenizer.bytes(*chosen)) : text("embeddings.choose_token");
  list->AddText(ImVec2(corner.x + em() * 0.6F, corner.y + em() * 0.5F),
                chosen ? palette().text : palette().muted, shortened(words, width - em() * 2.0F).c_str());
  const ImVec2 arrow(opposite.x - em() * 0.8F, corner.y + height * 0.5F);
  const float r = em() * 0.22F;
  list->AddTriangleFilled(ImVec2(arrow.x - r, arrow.y - r * 0.5F), ImVec2(arrow.x + r, arrow.y - r * 0.5F),
                          ImVec2(arrow.x, arrow.y + r * 0.7F), palette().muted);
  if (clicked) {
    opening_ = true;
    ImGui::OpenPopup("##tokens");
  }
  std::optional<TokenId> taken;
  ImGui::SetNextWindowPos(ImVec2(corner.x, opposite.y + em() * 0.2F));
  if (ImGui::BeginPopup("##tokens", ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoNav)) {
    taken = draw_list(tokenizer);
    ImGui::EndPopup();
  }
  ImGui::PopID();
  return taken;
}

}  // namespace headlight
