#include "gui/views/learning_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

constexpr std::int64_t letters_to_read = 72;   // of a text that is learnt
constexpr std::int64_t longest_in_texts = 10;  // letters of a group: see repeated_letters()

float em() { return ImGui::GetFontSize(); }

// A line of the table; a third number where there is a teacher.
struct Row {
  std::string label, left, right, third, tip;
  bool ring = false;  // as on the curve
};

bool is_before_and_now(const LearningSnapshot& learning) { return !learning.rival; }

// The newest state that was measured, up to the one that is shown.
const LearningState& measured(const LearningSnapshot& learning, const LearningState& state) {
  const auto& kept = learning.checkpoints;
  for (auto it = kept.rbegin(); it != kept.rend(); ++it) {
    if ((*it)->step <= state.step) return **it;
  }
  return state;
}

std::string loss_text(double loss) { return std::isfinite(loss) ? fmt::format("{:.3f}", loss) : "–"; }

// The mean over the periods up to, or beyond, what the texts have.
std::string copied_text(const std::vector<double>& copied, bool beyond) {
  double sum = 0.0;
  int count = 0;
  for (std::size_t i = 0; i < copied.size(); ++i) {
    const std::int64_t period = first_copied_period + static_cast<std::int64_t>(i) * copied_period_step;
    if ((period > longest_in_texts) != beyond) continue;
    sum += copied[i];
    ++count;
  }
  return count > 0 ? percent_text(sum / count) : "–";
}

std::string name_of_run(const LearningSnapshot& learning) {
  if (is_before_and_now(learning)) return text("learning.before");
  return text(learning.rival->is_recurrent ? "learning.transformer" : "learning.student");
}

std::string name_of_other(const LearningSnapshot& learning, const LearningState& at) {
  if (is_before_and_now(learning))
    return format_text("learning.step", fmt::arg("step", grouped_text(at.step)));
  return text(learning.rival->is_recurrent ? "learning.gru" : "learning.untaught");
}

std::vector<Row> rows_of(const LearningSnapshot& learning, const LearningState& at) {
  const bool alone = is_before_and_now(learning);
  const LearningMeasures& left = alone ? learning.checkpoints.front()->measures : at.measures;
  const LearningMeasures& right = alone ? at.measures : at.rival;
  std::vector<Row> rows;
  if (std::isfinite(left.held_out)) {
    rows.push_back({text("learning.held_out"), loss_text(left.held_out), loss_text(right.held_out),
                    std::isfinite(learning.teacher) ? loss_text(learning.teacher) : "",
                    text("learning.held_out_tip"), has_rings(learning)});
  }
  if (std::isfinite(left.wished)) {
    rows.push_back({format_text("learning.wished", fmt::arg("wish", learning.choices.wish)),
                    fmt::format("{:.2f}", left.wished), fmt::format("{:.2f}", right.wished), "",
                    text("learning.wished_tip")});
  }
  if (!left.copied.empty()) {
    rows.push_back({text("learning.copied_near"), copied_text(left.copied, false),
                    copied_text(right.copied, false), "", text("learning.copied_tip")});
    rows.push_back({text("learning.copied_far"), copied_text(left.copied, true),
                    copied_text(right.copied, true), "", text("learning.copied_far_tip")});
  }
  if (alone) return rows;
  const LearningRival& rival = *learning.rival;
  if (rival.is_recurrent) {
    rows.push_back({format_text("learning.rounds", fmt::arg("letters", letters_to_read)),
                    grouped_text(learning.plan.layers), grouped_text(letters_to_read + rival.layers - 1), "",
                    text("learning.rounds_tip")});
    rows.push_back({text("learning.tokens_a_second"),
                    grouped_text(static_cast<std::int64_t>(learning.tokens_a_second)),
                    grouped_text(static_cast<std::int64_t>(rival.tokens_a_second)), "",
                    text("learning.tokens_a_second_tip")});
  }
  rows.push_back({text("learning.parameters"), grouped_text(learning.plan.parameters),
                  grouped_text(rival.parameters), "", ""});
  return rows;
}

// A short line in the colour of the model's curves, and its name, ending at `right`.
void draw_name(ImVec2 right, ImU32 color, const std::string& name) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float width = label_width(fonts().strong, smallest_words, name), y = right.y + em() * 0.5F;
  add_label(*list, fonts().strong, smallest_words, right, 1.0F, palette().text, name);
  list->AddLine(ImVec2(right.x - width - em() * 1.1F, y), ImVec2(right.x - width - em() * 0.35F, y), color,
                std::max(2.0F, em() * 0.17F));
}

}  // namespace

ImU32 learner_color() { return palette().probability; }
ImU32 rival_color() { return palette().query; }

bool compares(const LearningSnapshot& learning) {
  return learning.rival || learning.choices.start == LearningStart::learnt ||
         learning.choices.start == LearningStart::preferred;
}

bool is_taught(const LearningSnapshot& learning) { return learning.choices.start == LearningStart::taught; }
bool has_rings(const LearningSnapshot& learning) { return is_taught(learning) || !learning.rival; }

std::vector<LearningWords> learning_words(const LearningSnapshot& learning, const LearningState& state) {
  const bool letters = learning.choices.task == LearningTask::letters;
  const std::string usual = text(letters ? "learning.sample_letters" : "learning.sample");
  if (!compares(learning) || learning.checkpoints.empty()) return {{usual, state.sample}};
  const std::string name = name_of_run(learning);
  const std::string first =
      letters ? format_text("learning.sample_letters_of", fmt::arg("model", name)) : name;
  const std::string second = name_of_other(learning, state);
  if (is_before_and_now(learning)) {
    return {{first, learning.checkpoints.front()->sample}, {second, state.sample}};
  }
  return {{first, state.sample}, {second, state.rival_sample}};
}

void draw_learning_comparison(const LearningSnapshot& learning, const LearningState& state, float width) {
  if (!compares(learning) || learning.checkpoints.empty()) return;
  const LearningState& at = measured(learning, state);
  const std::vector<Row> rows = rows_of(learning, at);
  const bool has_third = std::isfinite(learning.teacher);
  const float line = em() * 1.25F, column = em() * (has_third ? 6.6F : 7.2F);
  const float last = width - (has_third ? em() * 4.6F : 0.0F);
  ImVec2 corner = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const bool alone = is_before_and_now(learning);
  draw_name(ImVec2(corner.x + last - column, corner.y), alone ? palette().muted : learner_color(),
            name_of_run(learning));
  draw_name(ImVec2(corner.x + last, corner.y), alone ? learner_color() : rival_color(),
            name_of_other(learning, at));
  if (has_third) {
    draw_name(ImVec2(corner.x + width, corner.y), palette().value, text("learning.teacher"));
  }
  ImGui::Dummy(ImVec2(width, line));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0.0F, 0.0F));
  for (const Row& row : rows) {
    corner = ImGui::GetCursorScreenPos();
    ImGui::Dummy(ImVec2(width, line));
    if (ImGui::IsItemHovered() && !row.tip.empty()) ImGui::SetTooltip("%s", row.tip.c_str());
    const float name = add_label(*list, fonts().body, 0.86F, corner, 0.0F, palette().muted, row.label);
    if (row.ring) {
      list->AddCircle(ImVec2(corner.x + name + em() * 0.6F, corner.y + em() * 0.5F), em() * 0.2F,
                      palette().muted, 0, std::max(1.0F, em() * 0.09F));
    }
    add_label(*list, fonts().mono, smallest_mono, ImVec2(corner.x + last - column, corner.y), 1.0F,
              palette().text, row.left);
    add_label(*list, fonts().mono, smallest_mono, ImVec2(corner.x + last, corner.y), 1.0F, palette().text,
              row.right);
    if (!row.third.empty()) {
      add_label(*list, fonts().mono, smallest_mono, ImVec2(corner.x + width, corner.y), 1.0F, palette().text,
                row.third);
    }
  }
  ImGui::PopStyleVar();
  ImGui::Dummy(ImVec2(0.0F, em() * 0.35F));
  if (learning.rival && !learning.rival->error.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
    ImGui::TextWrapped("%s: %s", name_of_other(learning, at).c_str(),
                       in_language(learning.rival->error).c_str());
    ImGui::PopStyleColor();
  }
}

bool has_copied(const LearningSnapshot& learning) {
  return !learning.checkpoints.empty() && !learning.checkpoints.front()->measures.copied.empty();
}

void draw_learning_copied(const LearningSnapshot& learning, const LearningState& state, ImVec2 size) {
  const LearningState& at = measured(learning, state);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float left = em() * 3.0F, below = em() * 1.3F, top = em() * 0.4F;
  const ImVec2 from(corner.x + left, corner.y + top),
      to(corner.x + size.x - em() * 0.6F, corner.y + size.y - below);
  ImGui::Dummy(size);
  const bool hovered = ImGui::IsItemHovered();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto most = static_cast<float>(first_copied_period + (copied_periods - 1) * copied_period_step);
  const auto x = [&](std::int64_t period) {
    return from.x + (to.x - from.x) * static_cast<float>(period) / most;
  };
  const auto y = [&](double share) { return to.y - (to.y - from.y) * static_cast<float>(share); };
  for (int half = 0; half <= 2; ++half) {
    const double share = 0.5 * half;
    const float level = std::floor(y(share)) + 0.5F;
    list->AddLine(ImVec2(from.x, level), ImVec2(to.x, level), with_alpha(palette().grid, 0.7F), 1.0F);
    add_label(*list, fonts().mono, smallest_mono, ImVec2(from.x - em() * 0.4F, level - em() * 0.45F), 1.0F,
              palette().muted, fmt::format("{:.0f}%", share * 100.0));
  }
  for (std::int64_t period = 0; period <= static_cast<std::int64_t>(most); period += 5) {
    add_label(*list, fonts().mono, smallest_mono, ImVec2(x(period), to.y + em() * 0.2F), 0.5F,
              palette().muted, grouped_text(period));
  }
  // Beyond this the texts have nothing to copy.
  const float end = x(longest_in_texts);
  list->AddRectFilled(ImVec2(end, from.y), to, with_alpha(palette().grid, 0.35F));
  add_label(*list, fonts().body, smallest_words, ImVec2(to.x, corner.y - em() * 1.15F), 1.0F, palette().muted,
            text("learning.copied_beyond"));
  const auto draw = [&](const std::vector<double>& copied, ImU32 color) {
    std::vector<ImVec2> points;
    for (std::size_t i = 0; i < copied.size(); ++i) {
      points.push_back(
          ImVec2(x(first_copied_period + static_cast<std::int64_t>(i) * copied_period_step), y(copied[i])));
    }
    list->AddPolyline(points.data(), static_cast<int>(points.size()), color, std::max(1.5F, em() * 0.13F));
    for (const ImVec2& point : points) list->AddCircleFilled(point, std::max(2.0F, em() * 0.16F), color);
  };
  draw(at.rival.copied, rival_color());
  draw(at.measures.copied, learner_color());
  if (!hovered || at.measures.copied.empty()) return;
  const auto place = static_cast<std::int64_t>(
      std::round(((ImGui::GetMousePos().x - from.x) / (to.x - from.x) * most - first_copied_period) /
                 copied_period_step));
  const auto period = static_cast<std::size_t>(std::clamp<std::int64_t>(place, 0, copied_periods - 1));
  const auto share = [&](const std::vector<double>& copied) {
    return period < copied.size() ? percent_text(copied[period]) : "–";
  };
  facts_tooltip(format_text("learning.copied_at",
                            fmt::arg("letters", first_copied_period +
                                                    static_cast<std::int64_t>(period) * copied_period_step)),
                {{name_of_run(learning), share(at.measures.copied)},
                 {name_of_other(learning, at), share(at.rival.copied)}},
                text("learning.copied_tip"));
}

}  // namespace headlight
