// One hue from the panel's ground to amber; more bits are a stronger colour.
#include "gui/views/surprisal.h"

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"

namespace headlight {
namespace {

constexpr double most_bits = 16.0;

}  // namespace

void ShownScores::update(const Frame& frame, const std::vector<Token>& tokens) {
  scores_ = frame.result.scores;
  count_ = 0;
  if (!scores_ || scores_->model.get() != frame.model) return;
  const std::size_t most = std::min(scores_->scores.size(), tokens.size());
  while (count_ < most && scores_->tokens[count_] == tokens[count_].id) ++count_;
}

const TokenScore* ShownScores::at(std::size_t position) const {
  if (position == 0 || position >= count_) return nullptr;
  return &scores_->scores[position];
}

double bits_of(const TokenScore& score) { return -std::log2(score.probability); }

float surprisal_part(double bits) {
  return std::isnan(bits) ? 0.0F : static_cast<float>(std::clamp(bits / most_bits, 0.0, 1.0));
}

ImU32 surprisal_color(double bits) {
  // No further than the ink of the prompt can be read: 4.5 to 1.
  const float most = current_theme() == Theme::dark ? 0.40F : 0.55F;
  return mix(palette().raised, palette().probability, most * surprisal_part(bits));
}

ImU32 token_ground(PromptText which, const Frame& frame, const ShownScores& scores, std::int64_t position) {
  const auto at = static_cast<std::size_t>(position);
  const bool by_surprisal = frame.document.prompt.color_by_surprisal && which == PromptText::own &&
                            frame.model && has_surprisal(*frame.model);
  if (!by_surprisal) return token_color(at);
  const TokenScore* score = scores.at(at);
  return score ? surprisal_color(bits_of(*score)) : palette().raised;
}

bool has_surprisal(const Model& model) {
  return model.architecture.head == OutputHead::language_model && model.architecture.causal;
}

void draw_surprisal_legend(const Frame& frame) {
  if (!frame.model) return;
  const float em = ImGui::GetFontSize();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float top = at.y + em * 0.38F;
  if (!has_surprisal(*frame.model)) {
    list->AddText(ImVec2(at.x, top), palette().muted, text("prompt.no_surprisal").c_str());
    ImGui::Dummy(ImVec2(ImGui::CalcTextSize(text("prompt.no_surprisal").c_str()).x, em * 1.75F));
    return;
  }
  const std::string& low = text("prompt.bits_low");
  const std::string& high = text("prompt.bits_high");
  list->AddText(ImVec2(at.x, top), palette().muted, low.c_str());
  const float left = at.x + ImGui::CalcTextSize(low.c_str()).x + em * 0.5F;
  const float width = em * 6.0F;
  list->AddRectFilledMultiColor(ImVec2(left, top + em * 0.15F), ImVec2(left + width, top + em * 0.85F),
                                surprisal_color(0.0), surprisal_color(most_bits), surprisal_color(most_bits),
                                surprisal_color(0.0));
  list->AddText(ImVec2(left + width + em * 0.5F, top), palette().muted, high.c_str());
  ImGui::Dummy(ImVec2(left - at.x + width + em * 0.5F + ImGui::CalcTextSize(high.c_str()).x, em * 1.75F));
  ImGui::SetItemTooltip("%s", text("prompt.surprisal_legend").c_str());
}

}  // namespace headlight
