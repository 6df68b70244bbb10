// The panels draw into a child that scrolls when the strip has no more room.
#include "gui/views/prompt_detail.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/prompt_editor.h"
#include "gui/views/surprisal.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

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

}  // namespace

void DetailPanel::draw_tools(const Frame& frame, Commands& commands) {
  const ScopedFont small(fonts().body, 0.84F);
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
  const Segment colors = segment_of("surprisal");
  next_tool(toggle_width(colors), em() * 1.2F);
  if (toggle("surprisal", colors, choices.color_by_surprisal)) {
    choices.color_by_surprisal = !choices.color_by_surprisal;
    commands.edit(SetChoices{choices});
  }
  if (frame.document.prompt.color_by_surprisal) {
    next_tool(em() * 15.0F, em() * 0.8F);
    draw_surprisal_legend(frame);
  }
  ImGui::PopStyleVar();
}

void DetailPanel::draw_text_choice(const Frame& frame) {
  if (!frame.model->encoder) return;
  const ScopedFont small(fonts().body, 0.84F);
  const std::array<Segment, 2> segments = {Segment{text("prompt.of_source"), ""},
                                           Segment{text("prompt.of_text"), ""}};
  if (const auto chosen = segmented("text", segments, shows_source_ ? 0 : 1)) shows_source_ = *chosen == 0;
}

void DetailPanel::draw_shown(const Frame& frame, Commands& commands, PromptText which,
                             const std::string& text) {
  const ExplainedKey wanted{tokenizer_of(which, *frame.model), text};
  texts_.want(wanted);
  if (texts_.pending()) commands.pending();
  const auto done = texts_.done();
  if (!done) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(headlight::text("prompt.computing").c_str());
    ImGui::PopStyleColor();
    return;
  }
  if (!done->value) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
    ImGui::TextWrapped("%s", done->error.c_str());
    ImGui::PopStyleColor();
    return;
  }
  const bool starts = which == PromptText::own && frame.model->encoder && frame.model->decoder_start;
  const ShownExplanation shown{frame,          commands,           which, done->key, *done->value,
                               starts ? 1 : 0, done->key != wanted};
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
}

void DetailPanel::draw(const Frame& frame, Commands& commands, const std::string& text,
                       const std::string& source_text) {
  if (frame.document.prompt.detail == Detail::none) return;
  const bool source = frame.model->encoder && shows_source_;
  const std::string& words = source ? source_text : text;
  if (shown_ != frame.document.prompt || shown_text_ != words) {
    shown_ = frame.document.prompt;
    shown_text_ = words;
    height_ = 0.0F;
  }
  ImGui::Dummy(ImVec2(0.0F, em() * 0.1F));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddLine(corner, ImVec2(corner.x + ImGui::GetContentRegionAvail().x, corner.y),
                                      palette().grid, em() * 0.06F);
  ImGui::Dummy(ImVec2(0.0F, em() * 0.35F));
  const float most = ImGui::GetMainViewport()->Size.y * (is_low_window() ? 0.3F : 0.42F);
  const float height = std::clamp(height_, em() * 6.0F, most);
  if (ImGui::BeginChild("detail", ImVec2(0.0F, height), ImGuiChildFlags_NavFlattened)) {
    draw_text_choice(frame);
    draw_shown(frame, commands, source ? PromptText::source : PromptText::own, words);
    const float needed = ImGui::GetCursorPosY() + em() * 0.3F;
    if (needed > height_ + 0.5F) {
      height_ = needed;
      commands.animate();  // the strip grows in the next frame
    }
  }
  ImGui::EndChild();
}

}  // namespace headlight
