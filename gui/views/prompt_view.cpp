// What is typed in a frame is tokenised and drawn in that very frame.
#include "gui/views/prompt_view.h"

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"

namespace headlight {
namespace {

void draw_note(const std::string& words) {
  ImGui::Dummy(ImVec2(0.0F, ImGui::GetFontSize() * 0.15F));
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

}  // namespace

void PromptView::draw(const Frame& frame, Commands& commands) {
  ImGui::PushID("prompt");
  if (editor_.edit(frame)) {
    const std::string whole = editor_.whole_text();
    tokens_ = frame.model ? frame.model->tokenizer->encode(whole) : std::vector<Token>();
    commands.edit(SetText{whole});
  } else {
    tokens_ = frame.tokens;
  }
  if (!frame.model) tokens_.clear();
  const std::int64_t context = frame.model ? runnable_positions(*frame.model) : 0;
  if (const auto under_mouse = editor_.draw_tokens(frame, tokens_, context))
    commands.hover().query = under_mouse;
  if (editor_.animating()) commands.animate();
  if (tokens_.empty()) {
    draw_note(!frame.model ? text("prompt.no_model") : text("prompt.empty"));
  } else {
    chips_.draw(frame, commands, editor_.whole_text(), tokens_);
  }
  ImGui::PopID();
}

}  // namespace headlight
