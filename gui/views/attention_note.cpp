// The experiment switches the head off in the running model: its z is scaled to 0 before W_O.
#include "gui/views/attention_note.h"

#include <fmt/format.h>

#include <algorithm>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

Intervention head_off(const ShownAttention& shown) {
  Intervention off;
  off.hook = shown.hooks.z;
  off.layer = shown.layer;
  off.head = shown.head;
  off.operation = Scale{0.0F};
  off.in_encoder = shown.in_encoder();
  return off;
}

// Words and buttons do not fit beside each other.
bool is_narrow() { return ImGui::GetContentRegionAvail().x < em() * 34; }

// For a POSIX shell.
std::string quoted(const std::string& words) {
  std::string result = "'";
  for (const char c : words) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

std::string ablation_command(const ShownAttention& shown) {
  const Document& document = shown.frame.document;
  std::string command =
      fmt::format("headlight ablate --model {} --text {}", quoted(document.model), quoted(document.text));
  if (shown.frame.model != nullptr && shown.frame.model->encoder) {
    command += fmt::format(" --source-text {}", quoted(document.source_text));
  }
  return command + fmt::format(" --hook {} --head {}",
                               value_name(*shown.frame.trace(), shown.place(shown.hooks.z, 0, 0, 0)),
                               shown.head);
}

float attention_note_height() {
  const float spacing = ImGui::GetStyle().ItemSpacing.y, line = em() * 1.75F + spacing * 2;
  return is_narrow() ? line + em() * 1.3F + spacing : line;
}

namespace {

// Of one head: rollout is a mean over all of them, and switching one off says nothing about it.
bool has_experiment(const ShownAttention& shown) {
  return shown.frame.document.attention_mode != AttentionMode::rollout;
}

void draw_buttons(const ShownAttention& shown, Commands& commands, const Segment& toggle_words,
                  const Segment& copy) {
  const std::vector<Intervention>& active = shown.frame.document.interventions;
  const Intervention off = head_off(shown);
  const auto found = std::find(active.begin(), active.end(), off);
  ImGui::PushID("experiment");
  if (toggle("##off", toggle_words, found != active.end())) {
    std::vector<Intervention> changed = active;
    if (found == active.end()) {
      changed.push_back(off);
    } else {
      changed.erase(changed.begin() + (found - active.begin()));
    }
    commands.edit(SetInterventions{std::move(changed)});
  }
  ImGui::SameLine(0, em() * 0.6F);
  if (toggle("##copy", copy, false)) ImGui::SetClipboardText(copy.tooltip.c_str());
  ImGui::PopID();
}

}  // namespace

void draw_attention_note(const ShownAttention& shown, Commands& commands) {
  const bool narrow = is_narrow();
  const bool experiment = has_experiment(shown);
  const ScopedFont small(fonts().body, 0.85F);
  const std::vector<Intervention>& active = shown.frame.document.interventions;
  const Intervention off = head_off(shown);
  const auto found = std::find(active.begin(), active.end(), off);
  const std::int64_t layer = shown.layer, head = shown.head;
  const Segment toggle_words{
      format_text(found == active.end() ? "attention.switch_off" : "attention.switch_on",
                  fmt::arg("layer", layer), fmt::arg("head", head)),
      text("attention.switch_off_tip")};
  const Segment copy{text("attention.copy_command"), ablation_command(shown)};
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  const float buttons = experiment ? toggle_width(toggle_words) + toggle_width(copy) + em() * 1.6F : 0.0F;
  std::string words = text(experiment ? "attention.not_explanation" : "attention.rollout_no_explanation");
  ImU32 color = palette().muted;
  if (!active.empty()) {
    words = text("attention.modified_model") + " " + intervention_text(active.front());
    if (active.size() > 1) words += fmt::format(" (+{})", active.size() - 1);
    color = palette().warning;
  }
  const float words_room = narrow ? room : room - buttons;
  const float height = narrow ? em() * 1.2F : em() * 1.75F;
  if (active.empty() && experiment && ImGui::CalcTextSize(words.c_str()).x > words_room)
    words = text("attention.not_explanation_short");
  const std::string fitted = fitted_text(words, std::max(em() * 2, words_room));
  ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x, corner.y + (height - em()) * 0.5F), color,
                                      fitted.c_str());
  ImGui::Dummy(ImVec2(ImGui::CalcTextSize(fitted.c_str()).x, height));
  if (fitted != words) ImGui::SetItemTooltip("%s", words.c_str());
  if (!experiment) return;
  if (!narrow) ImGui::SameLine(0, em());
  draw_buttons(shown, commands, toggle_words, copy);
}

}  // namespace headlight
