// Errors on a logarithmic bar, from 1e-9 to the allowed 1e-3.
#include "gui/views/model_check_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/lesson_marks.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

void wrapped(const std::string& words, ImU32 color) {
  ImGui::PushStyleColor(ImGuiCol_Text, color);
  ImGui::TextWrapped("%s", words.c_str());
  ImGui::PopStyleColor();
}

void draw_line(const HookDifference& hook, float width, float line) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float type = std::clamp(line / em() * 0.55F, smallest_mono, 1.15F);  // larger where lines are higher
  const float words_y = corner.y + (line - em() * type) * 0.5F;
  ImGui::Dummy(ImVec2(width, line));
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("%s", format_text("check.line_tip", fmt::arg("values", grouped_text(hook.values)),
                                        fmt::arg("absolute", significant_text(hook.absolute, 3)),
                                        fmt::arg("relative", significant_text(hook.relative, 3)),
                                        fmt::arg("layer", hook.layer))
                                .c_str());
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont mono(fonts().mono, type);
  const float number = em() * 5.5F, bar = std::min(em() * 12.0F, width * 0.3F);
  list->AddText(ImVec2(corner.x, words_y), palette().text,
                shortened(hook.name, width - number - bar - em() * 2.0F).c_str());
  const float left = corner.x + width - number - bar - em();
  const float y = corner.y + line * 0.5F;
  const double power = hook.relative > 0.0 ? std::log10(hook.relative) : -9.0;
  const auto part = static_cast<float>(std::clamp((power + 9.0) / 6.0, 0.0, 1.0));
  list->AddRectFilled(ImVec2(left, y - em() * 0.15F), ImVec2(left + bar, y + em() * 0.15F), palette().raised,
                      em() * 0.15F);
  list->AddRectFilled(ImVec2(left, y - em() * 0.15F),
                      ImVec2(left + std::max(2.0F, bar * part), y + em() * 0.15F),
                      hook.relative <= self_check_allowed ? palette().value : palette().error, em() * 0.15F);
  const std::string words = significant_text(hook.relative, 2);
  list->AddText(ImVec2(corner.x + width - ImGui::CalcTextSize(words.c_str()).x, words_y), palette().muted,
                words.c_str());
}

// What will be done, a little above the middle, until there is a result; the cursor then stands at the left
// edge of what belongs beneath it.
void draw_note_in_the_middle() {
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float width = std::min(room.x, em() * 32.0F);
  const ImVec2 cursor = ImGui::GetCursorPos();
  const float words = ImGui::CalcTextSize(text("check.note").c_str(), nullptr, false, width).y;
  const float left = cursor.x + std::floor((room.x - width) * 0.5F);
  ImGui::SetCursorPos(ImVec2(left, cursor.y + std::max(0.0F, (room.y - words - em() * 3.0F) * 0.38F)));
  ImGui::PushTextWrapPos(left + width);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(text("check.note").c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
  ImGui::SetCursorPos(ImVec2(left, ImGui::GetCursorPosY() + em() * 0.6F));
}

}  // namespace

ModelCheckPanel::ModelCheckPanel() : worker_(make_model_check_worker()) {}

void ModelCheckPanel::draw_result(const ModelCheck& check) const {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 centre(corner.x + em() * 0.7F, corner.y + em() * 0.7F);
  list->AddCircleFilled(centre, em() * 0.65F, check.passed() ? palette().value : palette().error);
  if (check.passed()) {
    draw_tick(*list, centre, em() * 0.65F, palette().background);
  } else {
    draw_cross(*list, centre, em() * 0.65F, palette().background);
  }
  ImGui::SetCursorScreenPos(ImVec2(corner.x + em() * 1.9F, corner.y));
  wrapped(format_text(check.passed() ? "check.passed" : "check.failed",
                      fmt::arg("error", significant_text(check.worst, 2)), fmt::arg("hook", check.worst_hook),
                      fmt::arg("tokens", check.tokens),
                      fmt::arg("allowed", significant_text(self_check_allowed, 1))),
          palette().text);
  ImGui::Dummy(ImVec2(0.0F, em() * 0.3F));
  if (ImGui::BeginChild("##hooks")) {
    const float width = ImGui::GetContentRegionAvail().x;
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, 0.0F));
    // They share the height that is there, as far as they stay one list.
    const float room = ImGui::GetContentRegionAvail().y;
    const auto lines = static_cast<float>(std::max<std::size_t>(1, check.hooks.size()));
    const float line = std::clamp(std::floor(room / lines), em() * 1.5F, em() * 2.2F);
    for (const HookDifference& hook : check.hooks) draw_line(hook, width, line);
    ImGui::PopStyleVar();
  }
  ImGui::EndChild();
}

void ModelCheckPanel::draw(const Frame& frame, Commands& commands) {
  if (!frame.trace() || frame.trace()->shared_model().get() != frame.model || !frame.model->tokenizer) {
    return wrapped(text("tensors.no_text"), palette().muted);
  }
  const std::shared_ptr<const Model>& model = frame.trace()->shared_model();
  const auto done = worker_->done();
  const bool known = done && done->key == model && (done->value || !done->error.empty());
  const bool working = asked_ == model && worker_->pending();
  if (known && !working) {
    wrapped(text("check.note"), palette().muted);
    if (done->value) return draw_result(*done->value);
    return wrapped(in_language(done->error), palette().error);
  }
  const ScopedFont large(fonts().body, 1.25F);  // all that the dialog says
  draw_note_in_the_middle();
  if (!working) {
    if (ImGui::Button((text("check.start") + "###start").c_str())) {
      worker_->again();
      asked_ = model;
      worker_->want(model);
      commands.pending();
    }
    return;
  }
  commands.progress(text("check.name"), worker_->fraction());
  ImGui::ProgressBar(worker_->fraction(), ImVec2(em() * 16.0F, em() * 0.5F), "");
  ImGui::SameLine(0.0F, em());
  if (ImGui::Button((text("load.cancel") + "###cancel").c_str())) {
    worker_->cancel();
    asked_.reset();
  }
}

}  // namespace headlight
