// The panels draw into a child that scrolls when the view beneath would have too little room.
#include "gui/views/prompt_detail.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/surprisal.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr float least_beneath = 16.0F;  // em

using Detail = PromptDetail;
constexpr std::array<std::pair<Detail, const char*>, 3> details = {
    {{Detail::history, "history"}, {Detail::hangul, "characters"}, {Detail::second_tokenizer, "two"}}};

Segment segment_of(const std::string& name) {
  return {text("prompt.tool." + name), text("prompt.tool." + name + ".tip")};
}

// Goes on in this line, or in the next where it is too short.
void next_tool(float width, float gap) {
  ImGui::SameLine(0.0F, gap);
  if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
}

// More is scrolled to. In a window of its own: the panels' own windows would lie above it.
void fade_bottom() {
  const float bottom = ImGui::GetWindowPos().y + ImGui::GetWindowHeight();
  const ImVec2 corner(ImGui::GetWindowPos().x, std::floor(bottom - em() * 1.8F));
  const ImVec2 size(ImGui::GetWindowWidth() - ImGui::GetStyle().ScrollbarSize, std::ceil(bottom) - corner.y);
  ImGui::SetCursorScreenPos(corner);
  if (ImGui::BeginChild("##fade", size, 0, ImGuiWindowFlags_NoInputs | ImGuiWindowFlags_NoBackground)) {
    fade_edges();
  }
  ImGui::EndChild();
}

}  // namespace

void draw_detail_tools(const Frame& frame, Commands& commands) {
  const ScopedFont small(fonts().body, smallest_words);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(em() * 0.4F, em() * 0.3F));
  PromptChoices choices = frame.document.prompt;
  bool is_first = true;
  for (const auto& [detail, name] : details) {
    const Segment segment = segment_of(name);
    if (!std::exchange(is_first, false)) next_tool(toggle_width(segment), em() * 0.4F);
    if (!toggle(name, segment, choices.detail == detail)) continue;
    choices.detail = choices.detail == detail ? Detail::none : detail;
    commands.edit(SetChoices{choices});
  }
  if (has_surprisal(*frame.model)) {
    const Segment colors = segment_of("surprisal");
    next_tool(toggle_width(colors), em() * 1.2F);
    if (toggle("surprisal", colors, choices.color_by_surprisal)) {
      choices.color_by_surprisal = !choices.color_by_surprisal;
      commands.edit(SetChoices{choices});
    }
  }
  if (is_by_surprisal(PromptText::own, frame)) {
    next_tool(surprisal_legend_width(), em() * 0.8F);
    draw_surprisal_legend();
  }
  ImGui::PopStyleVar();
}

void DetailPanel::draw_text_choice(const Frame& frame) {
  if (!frame.model->encoder) return;
  const ScopedFont small(fonts().body, smallest_words);
  const std::array<Segment, 2> segments = {Segment{text("prompt.of_source"), ""},
                                           Segment{text("prompt.of_text"), ""}};
  if (const auto chosen = segmented("text", segments, shows_source_ ? 0 : 1)) shows_source_ = *chosen == 0;
}

bool DetailPanel::draw_shown(const Frame& frame, Commands& commands, PromptText which,
                             const std::string& text) {
  const ExplainedKey wanted{tokenizer_of(which, *frame.model), text};
  texts_.want(wanted);
  if (texts_.pending()) commands.pending();
  const auto done = texts_.done();
  if (!done) {
    muted_text(headlight::text("prompt.computing"));
    return false;
  }
  if (!done->value) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
    ImGui::TextWrapped("%s", in_language(done->error).c_str());
    ImGui::PopStyleColor();
    return true;
  }
  const bool starts = which == PromptText::own && frame.model->encoder && frame.model->decoder_start;
  const bool is_stale = done->key != wanted;
  const ShownExplanation shown{frame, commands, which, done->key, *done->value, starts ? 1 : 0, is_stale};
  switch (frame.document.prompt.detail) {
    case Detail::history:
      history_.draw(shown);
      break;
    case Detail::hangul:
      characters_.draw(shown);
      break;
    case Detail::second_tokenizer:
      two_.draw(shown);
      break;
    case Detail::none:
      break;
  }
  return !is_stale;
}

void DetailPanel::draw(const Frame& frame, Commands& commands) {
  const Document& document = frame.document;
  if (document.prompt.detail == Detail::none || !frame.model || !frame.model->tokenizer) return;
  const bool has_encoder = frame.model->encoder != nullptr;
  if (frame.tokens.empty() && !(has_encoder && !document.source_text.empty())) return;
  const bool of_source = has_encoder && shows_source_;
  const std::string& words = of_source ? document.source_text : document.text;
  if (shown_ != document.prompt || shown_text_ != words) {
    shown_ = document.prompt;
    shown_text_ = words;
    is_measured_ = false;
  }
  // The view beneath keeps two fifths, and its tabs and some rows in a low window.
  const float room = ImGui::GetContentRegionAvail().y;
  const float most = std::max(em() * 6.0F, std::min(room * 0.6F, room - em() * least_beneath));
  if (ImGui::BeginChild("detail", ImVec2(0.0F, std::clamp(height_, em() * 6.0F, most)),
                        ImGuiChildFlags_NavFlattened)) {
    draw_text_choice(frame);
    const bool is_current =
        draw_shown(frame, commands, of_source ? PromptText::source : PromptText::own, words);
    const float needed = ImGui::GetCursorPosY() - ImGui::GetStyle().ItemSpacing.y + em() * 0.3F;
    if (needed > height_ + 0.5F || (is_current && !is_measured_ && needed < height_ - 0.5F)) {
      height_ = needed;
      commands.animate();  // it has its height in the next frame
    }
    is_measured_ = is_measured_ || is_current;
    if (ImGui::GetScrollY() < ImGui::GetScrollMaxY() - 0.5F) fade_bottom();
  }
  ImGui::EndChild();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddLine(corner, ImVec2(corner.x + ImGui::GetContentRegionAvail().x, corner.y),
                                      palette().grid, em() * 0.06F);
  ImGui::Dummy(ImVec2(0.0F, em() * 0.2F));
}

}  // namespace headlight
