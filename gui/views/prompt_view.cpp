// What is typed in a frame is tokenised and drawn in that very frame.
#include "gui/views/prompt_view.h"

#include <algorithm>

#include "core/session/text_tokens.h"
#include "gui/fonts.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/prompt_detail.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

void draw_note(const std::string& words) {
  ImGui::Dummy(ImVec2(0.0F, ImGui::GetFontSize() * 0.15F));
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

void draw_label(const char* key) {
  const ScopedFont small(fonts().body, 0.8F);
  draw_note(text(key));
}

}  // namespace

// What an encoder reads, above the text that the decoder continues.
void PromptView::draw_source(const Frame& frame, Commands& commands) {
  ImGui::PushID("source");
  draw_label("prompt.source_label");
  const bool changed = source_editor_.edit(frame);
  const std::string whole = source_editor_.whole_text();
  if (changed) commands.edit(SetSourceText{whole});
  if (whole != source_of_ || source_by_.lock() != frame.model->tokenizer) {
    source_tokens_ = source_tokens(*frame.model, whole);
    source_of_ = whole;
    source_by_ = frame.model->tokenizer;
  }
  const std::int64_t context = run_tokens(PromptText::source, *frame.model);
  if (const auto under_mouse = source_editor_.draw_tokens(frame, source_tokens_, scores_, context))
    hover_token(PromptText::source, commands, *under_mouse);
  if (!source_tokens_.empty() && tokenizer_of(PromptText::source, *frame.model))
    source_chips_.draw(frame, commands, whole, source_tokens_, scores_, 1);
  draw_label("prompt.target_label");
  ImGui::PopID();
}

// The text that the model goes on with.
void PromptView::draw_own(const Frame& frame, Commands& commands) {
  if (editor_.edit(frame)) {
    const std::string whole = editor_.whole_text();
    tokens_ = frame.model ? text_tokens(*frame.model, whole) : std::vector<Token>();
    commands.edit(SetText{whole});
  } else {
    tokens_ = frame.tokens;
  }
  if (!frame.model) tokens_.clear();
  scores_.update(frame, tokens_);
  const std::int64_t context = frame.model ? runnable_positions(*frame.model) : 0;
  if (const auto under_mouse = editor_.draw_tokens(frame, tokens_, scores_, context))
    hover_token(PromptText::own, commands, *under_mouse);
  if (editor_.animating()) commands.animate();
}

// Of an empty text: beginnings in both languages that a click types. One that the model's vocabulary cannot
// write is left out.
void PromptView::draw_beginnings(const Frame& frame, Commands& commands) const {
  const ScopedFont small(fonts().body, 0.9F);
  bool is_first = true;
  for (const char* key :
       {"prompt.beginning.0", "prompt.beginning.1", "prompt.beginning.2", "prompt.beginning.3"}) {
    const Segment beginning{text(key), text("prompt.beginning_tip")};
    const std::vector<Token> tokens = frame.model->tokenizer->encode(beginning.label);
    const auto unknown = frame.model->tokenizer->named_tokens().unknown;
    if (std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return token.id == unknown; }))
      continue;
    if (!is_first) next_in_line(toggle_width(beginning), ImGui::GetFontSize() * 0.5F);
    is_first = false;
    if (toggle(key, beginning, false)) commands.edit(SetText{beginning.label});
  }
}

void PromptView::draw(const Frame& frame, Commands& commands) {
  ImGui::PushID("prompt");
  const bool has_encoder = frame.model && frame.model->encoder;
  if (has_encoder) draw_source(frame, commands);
  draw_own(frame, commands);
  if (has_encoder && frame.document.source_text.empty()) {
    draw_note(text("prompt.no_source"));
  } else if (tokens_.empty()) {
    draw_note(!frame.model ? text("prompt.no_model") : text("prompt.empty"));
    if (frame.model && frame.model->tokenizer) draw_beginnings(frame, commands);
  } else {
    chips_.draw(frame, commands, editor_.whole_text(), tokens_, scores_,
                has_encoder || (is_low_window() && !on_stage()) ? 1 : 2);
  }
  if (frame.model && frame.model->tokenizer && !(tokens_.empty() && source_tokens_.empty())) {
    const bool plain = frame.document.prompt.detail == PromptDetail::none &&
                       !is_by_surprisal(PromptText::own, frame);  // nothing to be switched off again
    if (!on_stage() || !plain) draw_detail_tools(frame, commands);
  }
  ImGui::PopID();
}

}  // namespace headlight
