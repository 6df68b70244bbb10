#include "gui/views/learning_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/session/learning_pace.h"
#include "core/session/learning_task.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/learning_words.h"
#include "gui/widgets/lesson_marks.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/text_field.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// A small heading above what is chosen.
void heading(const char* key) {
  ImGui::Dummy(ImVec2(0.0F, em() * 0.35F));
  draw_caps(text(key));
  ImGui::Dummy(ImVec2(0.0F, em() * 0.05F));
}

bool text_is_right(const LearningChoices& choices) {
  const auto bytes = static_cast<std::int64_t>(choices.text.size());
  return choices.task == LearningTask::letters ||
         (bytes >= least_learning_text && bytes <= most_learning_text);
}

std::string words_of(const LearningPlan& plan) {
  return format_text(plan.inner > 0 ? "learning.plan" : "learning.plan_attention",
                     fmt::arg("layers", plan.layers), fmt::arg("heads", plan.heads),
                     fmt::arg("width", plan.width), fmt::arg("parameters", grouped_text(plan.parameters)),
                     fmt::arg("vocabulary", grouped_text(plan.vocabulary)));
}

// What is missing before it can start: a key of its words; null: nothing.
const char* missing(const LearningChoices& choices) {
  if (choices.start != LearningStart::random && !learnt_plan(choices.from)) return "learning.no_model_tip";
  if (!text_is_right(choices)) return "learning.no_text_tip";
  const bool wishes = choices.start == LearningStart::preferred;
  if (wishes && (choices.wish.empty() || choices.wish.size() > most_wish)) return "learning.no_wish_tip";
  return nullptr;
}

}  // namespace

// Only where something was learnt before: else all begins with random numbers.
void LearningSetup::draw_beginning(const Frame& frame, Commands& commands) {
  const LearningChoices& choices = frame.document.learning;
  if (choices.from.empty()) return;
  heading("learning.begin");
  const std::array<Segment, 4> starts = {
      {{text("learning.begin_random"), text("learning.begin_random_tip")},
       {text("learning.begin_learnt"), text("learning.begin_learnt_tip")},
       {text("learning.begin_taught"), text("learning.begin_taught_tip")},
       {text("learning.begin_preferred"), text("learning.begin_preferred_tip")}}};
  if (const auto chosen = segmented("begin", starts, static_cast<std::size_t>(choices.start))) {
    commands.edit(SetChoices{begun_with(choices, static_cast<LearningStart>(*chosen))});
  }
  if (choices.start == LearningStart::random) return;
  const std::string name = choices.from.substr(choices.from.find_last_of('/') + 1);
  if (const auto plan = learnt_plan(choices.from)) {
    small_muted_text(name + ": " + words_of(*plan));
  } else {
    ImGui::PushStyleColor(ImGuiCol_Text, palette().warning);
    ImGui::TextWrapped("%s", format_text("learning.gone", fmt::arg("folder", choices.from)).c_str());
    ImGui::PopStyleColor();
  }
}

void LearningSetup::draw_wish(const Frame& frame, Commands& commands) {
  LearningChoices choices = frame.document.learning;
  if (choices.start != LearningStart::preferred) return;
  heading("learning.wish");
  ImGui::SetNextItemWidth(em() * 9.0F);
  if (ImGui::InputTextWithHint("###wish", text("learning.wish_hint").c_str(), &choices.wish)) {
    commands.edit(SetChoices{choices});
  }
  small_muted_text(text("learning.wish_about"));
}

void LearningSetup::draw_task(const Frame& frame, Commands& commands, float width) {
  LearningChoices choices = frame.document.learning;
  heading("learning.task");
  const std::array<Segment, 2> tasks = {{{text("learning.letters"), text("learning.letters_tip")},
                                         {text("learning.text"), text("learning.text_tip")}}};
  if (const auto chosen = segmented("task", tasks, static_cast<std::size_t>(choices.task))) {
    choices.task = static_cast<LearningTask>(*chosen);
    commands.edit(SetChoices{choices});
  }
  if (choices.task == LearningTask::letters) {
    small_muted_text(text("learning.letters_about"));
    const ScopedFont mono(fonts().mono, 0.95F);
    ImGui::TextUnformatted(shortened(learning_example(), width).c_str());
    ImGui::SetItemTooltip("%s", text("learning.example_tip").c_str());
    return;
  }
  const bool changed = text_ != choices.text;  // by undo, or a session
  if (changed) text_ = choices.text;
  keep_field_in_step(ImGui::GetID("###text"), text_, changed);
  if (ImGui::InputTextMultiline("###text", &text_, ImVec2(width, em() * 7.0F),
                                ImGuiInputTextFlags_WordWrap | ImGuiInputTextFlags_NoUndoRedo)) {
    choices.text = text_;
    commands.edit(SetChoices{choices});
  }
  if (text_.empty() && !ImGui::IsItemActive()) {
    const ImVec2 at = ImGui::GetItemRectMin(), pad = ImGui::GetStyle().FramePadding;
    ImGui::GetWindowDrawList()->AddText(nullptr, 0.0F, ImVec2(at.x + pad.x, at.y + pad.y), palette().muted,
                                        text("learning.paste").c_str(), nullptr, width - pad.x * 2.0F);
  }
  const std::string words = format_text(
      "learning.text_size", fmt::arg("bytes", grouped_text(static_cast<std::int64_t>(choices.text.size()))),
      fmt::arg("least", grouped_text(least_learning_text)),
      fmt::arg("most", grouped_text(most_learning_text)));
  if (text_is_right(choices)) {
    small_muted_text(words);
  } else {
    const ScopedFont small(fonts().body, 0.88F);
    ImGui::PushStyleColor(ImGuiCol_Text, choices.text.empty() ? palette().muted : palette().warning);
    ImGui::TextWrapped("%s", words.c_str());
    ImGui::PopStyleColor();
  }
}

// How large it is, and what learns beside it; a model that goes on has its size, and nothing beside it.
void LearningSetup::draw_size(const Frame& frame, Commands& commands) {
  LearningChoices choices = frame.document.learning;
  if (goes_on(choices)) return;
  const bool taught = choices.start == LearningStart::taught;
  const std::array<Segment, 3> sizes = {{{text("learning.small"), text("learning.size_tip")},
                                         {text("learning.medium"), text("learning.size_tip")},
                                         {text("learning.large"), text("learning.size_tip")}}};
  const std::array<Segment, 2> beside = {
      {{text("learning.beside_nothing"), text("learning.beside_nothing_tip")},
       {text(taught ? "learning.beside_untaught" : "learning.beside_gru"),
        text(taught ? "learning.beside_untaught_tip" : "learning.beside_gru_tip")}}};
  ImGui::BeginGroup();
  heading("learning.size");
  if (const auto chosen = segmented("size", sizes, static_cast<std::size_t>(choices.size))) {
    choices.size = static_cast<LearningSize>(*chosen);
    commands.edit(SetChoices{choices});
  }
  ImGui::EndGroup();
  next_in_line(segmented_width(beside), em() * 2.0F);
  ImGui::BeginGroup();
  heading("learning.beside");
  if (const auto chosen = segmented("beside", beside, choices.rival ? 1 : 0)) {
    choices.rival = *chosen == 1;
    commands.edit(SetChoices{choices});
  }
  ImGui::EndGroup();
  small_muted_text(words_of(learning_plan(choices)));
}

void LearningSetup::draw_numbers(const Frame& frame, Commands& commands) {
  LearningChoices choices = frame.document.learning;
  heading("learning.how");
  bool changed = false;
  const auto field = [&](const char* key, const char* tip, float width, const auto& input) {
    ImGui::BeginGroup();
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(text(key).c_str());
    ImGui::PopStyleColor();
    ImGui::SetItemTooltip("%s", text(tip).c_str());
    ImGui::SameLine(0.0F, em() * 0.5F);
    ImGui::SetNextItemWidth(width);
    {
      const ScopedFont mono(fonts().mono, 0.95F);
      changed = input() || changed;
    }
    ImGui::SetItemTooltip("%s", text(tip).c_str());
    ImGui::EndGroup();
  };
  const auto width_of = [](const char* key, float width) {
    return ImGui::CalcTextSize(text(key).c_str()).x + em() * 0.5F + width;
  };
  const float number = em() * 4.5F, gap = em() * 1.4F;
  field("learning.steps", "learning.steps_tip", number,
        [&] { return ImGui::InputScalar("###steps", ImGuiDataType_S64, &choices.steps); });
  next_in_line(width_of("learning.rate", number), gap);
  field("learning.rate", "learning.rate_tip", number,
        [&] { return ImGui::InputDouble("###rate", &choices.learning_rate, 0.0, 0.0, "%.4g"); });
  next_in_line(width_of("learning.seed", number * 0.7F), gap);
  field("learning.seed", "learning.seed_tip", number * 0.7F,
        [&] { return ImGui::InputScalar("###seed", ImGuiDataType_S64, &choices.seed); });
  if (!changed) return;
  choices.steps = std::clamp<std::int64_t>(choices.steps, 1, most_learning_steps);
  choices.seed = std::max<std::int64_t>(choices.seed, 0);
  const bool is_a_rate = choices.learning_rate > 0.0 && choices.learning_rate <= most_learning_rate;
  if (!is_a_rate) choices.learning_rate = frame.document.learning.learning_rate;
  commands.edit(SetChoices{choices});
}

bool LearningSetup::draw_start(const Frame& frame) const {
  const LearningChoices& choices = frame.document.learning;
  ImGui::Dummy(ImVec2(0.0F, em() * 0.5F));
  const std::string label = text("learning.start") + "###start";
  const char* const lacks = missing(choices);
  const bool ready = lacks == nullptr;
  if (!ready) ImGui::PushStyleVar(ImGuiStyleVar_Alpha, 0.45F);
  ImGui::PushStyleColor(ImGuiCol_Button, mix(palette().raised, palette().attention, 0.45F));
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, mix(palette().raised, palette().attention, 0.6F));
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, mix(palette().raised, palette().attention, 0.75F));
  bool start = false;
  {
    const ScopedFont strong(fonts().strong, 1.1F);
    start = ImGui::Button(label.c_str(), ImVec2(em() * 11.0F, em() * 2.3F));
  }
  ImGui::PopStyleColor(3);
  if (!ready) ImGui::PopStyleVar();
  ImGui::SetItemTooltip("%s", text(ready ? "learning.start_tip" : lacks).c_str());
  ImGui::SameLine(0.0F, em());
  ImGui::SetCursorPosY(ImGui::GetCursorPosY() + em() * 0.55F);
  const double seconds = learning_plan(choices).seconds;
  muted_text(format_text(pace_ > 0.0 ? "learning.about_measured" : "learning.about",
                         fmt::arg("time", time_words(pace_ > 0.0 ? seconds * pace_ : seconds))));
  return start && ready;
}

// In a column of readable width in the middle. The button stays in sight when the rest has to scroll.
bool LearningSetup::draw(const Frame& frame, Commands& commands) {
  const int now = ImGui::GetFrameCount();
  if (now > drawn_at_ + 1) pace_ = remembered_learning_pace();  // it comes into sight
  drawn_at_ = now;
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float width = std::min(room.x, em() * 44.0F), button = em() * 4.4F;
  const float most = std::max(em() * 6.0F, room.y - button);
  const float left = ImGui::GetCursorPosX() + std::floor((room.x - width) * 0.5F);
  const float height = height_ > 0.0F ? std::min(height_, most) : most;
  const float above = height_ > 0.0F ? std::floor((most - height) * 0.35F) : 0.0F;
  ImGui::SetCursorPos(ImVec2(left, ImGui::GetCursorPosY() + above));
  if (ImGui::BeginChild("###setup", ImVec2(width, height), ImGuiChildFlags_NavFlattened)) {
    const float inner = ImGui::GetContentRegionAvail().x, top = ImGui::GetCursorPosY();
    muted_text(text("learning.about_view"));
    draw_beginning(frame, commands);
    draw_task(frame, commands, inner);
    draw_wish(frame, commands);
    draw_size(frame, commands);
    draw_numbers(frame, commands);
    height_ = ImGui::GetCursorPosY() - top;
  }
  ImGui::EndChild();
  ImGui::SetCursorPosX(left);
  ImGui::BeginGroup();
  const bool start = draw_start(frame);
  ImGui::EndGroup();
  return start;
}

}  // namespace headlight
