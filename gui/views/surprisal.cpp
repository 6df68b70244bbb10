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

bool has_surprisal(const Model& model) {
  return model.architecture.head == OutputHead::language_model && model.architecture.causal;
}

bool is_by_surprisal(PromptText which, const Frame& frame) {
  return frame.document.prompt.color_by_surprisal && which == PromptText::own && frame.model &&
         has_surprisal(*frame.model);
}

std::optional<ImU32> token_ground(PromptText which, const Frame& frame, const ShownScores& scores,
                                  std::int64_t position) {
  const auto at = static_cast<std::size_t>(position);
  if (!is_by_surprisal(which, frame)) return token_color(at);
  const TokenScore* score = scores.at(at);
  return score ? std::optional(surprisal_color(bits_of(*score))) : std::nullopt;
}

// Without a value: hatched, so that it is not taken for 0 bits.
void add_token_ground(ImDrawList& list, ImVec2 from, ImVec2 to, std::optional<ImU32> ground, float rounding) {
  if (ground) return list.AddRectFilled(from, to, *ground, rounding);
  const float em = ImGui::GetFontSize(), high = to.y - from.y, line = std::max(1.0F, em * 0.06F);
  const ImU32 color = with_alpha(palette().muted, 0.35F);
  list.PushClipRect(from, to, true);
  for (float x = from.x - high; x < to.x; x += em * 0.34F)
    list.AddLine(ImVec2(x, to.y), ImVec2(x + high, from.y), color, line);
  list.PopClipRect();
  list.AddRect(from, to, color, rounding, line);
}

namespace {

// Of the legend, in ems.
constexpr float bar_width = 6.0F, swatch_width = 1.8F, beside = 0.5F, apart = 1.2F;

float width_of(const char* key) { return ImGui::CalcTextSize(text(key).c_str()).x; }

}  // namespace

float surprisal_legend_width() {
  return width_of("prompt.bits_low") + width_of("prompt.bits_high") + width_of("prompt.no_bits") +
         ImGui::GetFontSize() * (bar_width + swatch_width + beside * 3.0F + apart);
}

void draw_surprisal_legend() {
  const float em = ImGui::GetFontSize();
  ImDrawList* list = ImGui::GetWindowDrawList();
  ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(surprisal_legend_width(), em * 1.75F));
  ImGui::SetItemTooltip("%s", text("prompt.surprisal_legend").c_str());
  at.y += em * 0.38F;
  const auto words = [&](const char* key, float gap) {
    list->AddText(at, palette().muted, text(key).c_str());
    at.x += width_of(key) + em * gap;
  };
  const float top = at.y + em * 0.15F, bottom = at.y + em * 0.85F;
  words("prompt.bits_low", beside);
  const ImU32 low = surprisal_color(0.0), high = surprisal_color(most_bits);
  list->AddRectFilledMultiColor(ImVec2(at.x, top), ImVec2(at.x + em * bar_width, bottom), low, high, high,
                                low);
  at.x += em * (bar_width + beside);
  words("prompt.bits_high", apart);
  add_token_ground(*list, ImVec2(at.x, top), ImVec2(at.x + em * swatch_width, bottom), std::nullopt, 0.0F);
  at.x += em * (swatch_width + beside);
  words("prompt.no_bits", 0.0F);
}

}  // namespace headlight
