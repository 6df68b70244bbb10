#include "gui/views/learning_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/session/learning_task.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/learning_words.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

struct Columns {
  float label = 0, bar = 0, number = 0;
};

void draw_bar(ImDrawList& list, ImVec2 at, float width, double share, ImU32 color) {
  const float height = em() * 0.5F, filled = width * static_cast<float>(std::clamp(share, 0.0, 1.0));
  list.AddRectFilled(at, ImVec2(at.x + width, at.y + height), with_alpha(palette().grid, 0.5F),
                     height * 0.3F);
  if (filled >= 1.0F) list.AddRectFilled(at, ImVec2(at.x + filled, at.y + height), color, height * 0.3F);
}

void draw_part(const LearningPart& part, const Columns& columns, double most) {
  const float line = em() * 1.2F;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::Dummy(ImVec2(columns.label + columns.bar + columns.number * 2.0F, line));
  const double moved = part.weights > 0.0 ? part.update / part.weights : NAN;
  if (ImGui::IsItemHovered()) {
    facts_tooltip(part_words(part),
                  {{text("learning.gradient"), significant_text(part.gradient)},
                   {text("learning.part_weights"), significant_text(part.weights)},
                   {text("learning.part_update"), significant_text(part.update)},
                   {text("learning.part_moved"), percent_text(moved)}},
                  text("learning.part_tip"));
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float y = corner.y + em() * 0.12F;
  add_label(*list, fonts().body, 0.86F, ImVec2(corner.x, y), 0.0F, palette().text, part_words(part));
  draw_bar(*list, ImVec2(corner.x + columns.label, corner.y + em() * 0.35F), columns.bar,
           most > 0.0 ? part.gradient / most : 0.0, part_color(part.kind));
  const float right = corner.x + columns.label + columns.bar + columns.number;
  add_label(*list, fonts().mono, smallest_mono, ImVec2(right, y), 1.0F, palette().text,
            significant_text(part.gradient, 2));
  add_label(*list, fonts().mono, smallest_mono, ImVec2(right + columns.number, y), 1.0F, palette().muted,
            std::isfinite(moved) ? percent_text(moved) : "–");
}

void draw_numbered(int number, const std::string& title, const std::string& words) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, em() * 0.1F));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 centre(corner.x + em() * 0.7F, corner.y + em() * 0.62F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddCircleFilled(centre, em() * 0.62F, with_alpha(palette().attention, 0.35F));
  add_label(*list, fonts().strong, 0.82F, ImVec2(centre.x, centre.y - em() * 0.45F), 0.5F, palette().text,
            fmt::format("{}", number));
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + em() * 1.7F);
  {
    const ScopedFont strong(fonts().strong, 0.92F);
    ImGui::TextUnformatted(title.c_str());
  }
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + em() * 1.7F);
  small_muted_text(words, 0.9F);
  ImGui::PopStyleVar();
}

// Line breaks as signs.
std::string in_one_line(const std::string& words) {
  std::string line;
  for (const char letter : words) {
    if (letter == '\n') line += "⏎ ";
    if (letter != '\n' && letter != '\r') line += letter;
  }
  return line;
}

}  // namespace

float learning_sample_height(const LearningSnapshot& learning, const std::string& sample, float width) {
  const float caption = em() * 1.5F,
              line = em() * (learning.choices.task == LearningTask::text ? 1.2F : 1.5F);
  const ScopedFont mono(fonts().mono, 0.95F);
  if (learning.choices.task == LearningTask::text) {
    const float lines = ImGui::CalcTextSize(in_one_line(sample).c_str(), nullptr, false, width).y;
    return caption + line + std::max(line, lines);
  }
  const float letters =
      ImGui::CalcTextSize("m").x * static_cast<float>(learning.prompt.size() + sample.size());
  return caption + line * std::ceil(letters / std::max(em(), width));
}

void draw_learning_parts(const LearningSnapshot& learning, float width) {
  if (learning.parts.empty()) return;
  double most = 0.0;
  Columns columns;
  columns.number = em() * 4.2F;
  for (const LearningPart& part : learning.parts) {
    if (std::isfinite(part.gradient)) most = std::max(most, part.gradient);
    columns.label = std::max(columns.label, label_width(fonts().body, 0.86F, part_words(part)) + em() * 0.8F);
  }
  columns.bar = std::max(em() * 2.0F, width - columns.label - columns.number * 2.0F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float right = corner.x + columns.label + columns.bar + columns.number;
  add_label(*list, fonts().body, smallest_words, corner, 0.0F, palette().muted,
            format_text("learning.of_update", fmt::arg("step", grouped_text(learning.parts_step))));
  add_label(*list, fonts().body, smallest_words, ImVec2(right, corner.y), 1.0F, palette().muted,
            text("learning.gradient"));
  add_label(*list, fonts().body, smallest_words, ImVec2(right + columns.number, corner.y), 1.0F,
            palette().muted, text("learning.part_moved"));
  ImGui::Dummy(ImVec2(width, em() * 1.1F));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, 0.0F));
  for (const LearningPart& part : learning.parts) draw_part(part, columns, most);
  ImGui::PopStyleVar();
}

void draw_learning_update(const LearningUpdate& update) {
  draw_numbered(1, text("learning.forward"),
                format_text("learning.forward_words", fmt::arg("texts", update.texts),
                            fmt::arg("tokens", grouped_text(update.tokens)),
                            fmt::arg("example", shortened(update.example, em() * 16.0F))));
  draw_numbered(
      2, text("learning.loss"),
      format_text("learning.loss_words", fmt::arg("loss", fmt::format("{:.4f}", update.loss_before)),
                  fmt::arg("probability", percent_text(std::exp(-update.loss_before))),
                  fmt::arg("scored", grouped_text(update.scored))));
  draw_numbered(3, text("learning.gradient_title"),
                format_text(update.cut < 1.0 ? "learning.gradient_cut" : "learning.gradient_whole",
                            fmt::arg("length", significant_text(update.gradient_length)),
                            fmt::arg("cut", significant_text(update.cut, 3))));
  draw_numbered(
      4, text("learning.update"),
      format_text("learning.update_words", fmt::arg("rate", significant_text(update.learning_rate, 3)),
                  fmt::arg("loss", fmt::format("{:.4f}", update.loss_after)),
                  fmt::arg("right", percent_text(update.right_after))));
}

void draw_learning_sample(const LearningSnapshot& learning, const LearningWords& words, float width) {
  small_muted_text(words.caption);
  const ScopedFont mono(fonts().mono, 0.95F);
  if (learning.choices.task == LearningTask::text) {
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, em() * 0.1F));
    ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted((learning.prompt + " …").c_str());
    ImGui::PopStyleColor();
    ImGui::TextUnformatted(words.sample.empty() ? "–" : in_one_line(words.sample).c_str());
    ImGui::PopTextWrapPos();
    ImGui::PopStyleVar();
    return;
  }
  const std::string whole = learning.prompt + words.sample;
  const float letter = ImGui::CalcTextSize("m").x, line = em() * 1.5F;
  const auto across = static_cast<std::size_t>(std::max(8.0F, width / letter));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  std::size_t drawn = 0, length = 1;
  for (std::size_t i = 0; i < whole.size(); i += length, ++drawn) {
    length = 1;  // bytes: what a new model writes is no letter of the alphabet yet
    while (i + length < whole.size() && (static_cast<unsigned char>(whole[i + length]) & 0xC0U) == 0x80U) {
      ++length;
    }
    const ImVec2 at(corner.x + letter * static_cast<float>(drawn % across),
                    corner.y + line * static_cast<float>(drawn / across));
    const bool given = i < learning.prompt.size(), follows = !given && follows_from_before(whole, i);
    list->AddText(at,
                  given     ? palette().muted
                  : follows ? palette().value
                            : palette().text,
                  &whole[i], &whole[i] + length);
    if (!follows) continue;
    const float y = at.y + em() * 1.2F;
    list->AddLine(ImVec2(at.x, y), ImVec2(at.x + letter, y), palette().value, std::max(1.0F, em() * 0.1F));
  }
  ImGui::Dummy(ImVec2(width, line * static_cast<float>((drawn + across - 1) / across)));
  if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", text("learning.sample_tip").c_str());
}

}  // namespace headlight
