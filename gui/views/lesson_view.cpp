// Title and progress above, text and question in the middle, the buttons always in reach below.
#include "gui/views/lesson_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/lesson_marks.h"
#include "gui/widgets/muted_text.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// The lesson's title in as many lines as it needs, and the cross that ends the lesson.
void draw_title(const Lesson& lesson, const Frame& frame, Commands& commands) {
  const float width = ImGui::GetContentRegionAvail().x;
  const ImVec2 start = ImGui::GetCursorPos();
  {
    const ScopedFont strong(fonts().strong, 1.12F);
    ImGui::PushTextWrapPos(start.x + width - em() * 1.6F);
    ImGui::TextUnformatted(in_language(lesson.title, frame).c_str());
    ImGui::PopTextWrapPos();
  }
  const float below = ImGui::GetCursorPosY();
  ImGui::SetCursorPos(ImVec2(start.x + width - em() * 1.3F, start.y));
  if (draw_close("###close", text("lesson.close"))) commands.edit(SetLesson{std::nullopt});
  ImGui::SetCursorPos(ImVec2(start.x, below));
}

// One piece a step; a click goes there.
void draw_progress(const Lesson& lesson, std::int64_t step, bool finished, Commands& commands) {
  const auto count = static_cast<std::int64_t>(lesson.steps.size());
  const float gap = em() * 0.2F;
  const float width =
      (ImGui::GetContentRegionAvail().x - gap * static_cast<float>(count - 1)) / static_cast<float>(count);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = em() * 0.9F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::int64_t i = 0; i < count; ++i) {
    const float left = corner.x + static_cast<float>(i) * (width + gap);
    ImGui::SetCursorScreenPos(ImVec2(left, corner.y));
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton("###step", ImVec2(std::max(1.0F, width), height), ImGuiButtonFlags_EnableNav))
      commands.edit(SetLesson{LessonPlace{lesson.id, i}});
    ImGui::SetItemTooltip(
        "%s", format_text("lesson.step", fmt::arg("step", i + 1), fmt::arg("steps", count)).c_str());
    const bool hovered = ImGui::IsItemHovered();
    ImGui::PopID();
    const bool here = i == step && !finished;
    const float half = em() * (here || hovered ? 0.17F : 0.11F);
    const float y = corner.y + height * 0.5F;
    const ImU32 color = here ? palette().lock : i < step || finished ? palette().attention : palette().raised;
    list->AddRectFilled(ImVec2(left, y - half), ImVec2(left + width, y + half), color, half);
  }
  ImGui::SetCursorScreenPos(ImVec2(corner.x, corner.y + height));
  ImGui::Dummy(ImVec2(0, 0));
  small_muted_text(finished
                       ? text("lesson.all_steps")
                       : format_text("lesson.step", fmt::arg("step", step + 1), fmt::arg("steps", count)));
  ImGui::Dummy(ImVec2(0, em() * 0.1F));
}

const Lesson* lesson_after(const Lesson& lesson, const Frame& frame) {
  bool passed = false;
  for (const LessonOrError& entry : frame.lessons) {
    const auto* sound = std::get_if<Lesson>(&entry);
    if (sound && passed) return sound;
    if (sound && sound->id == lesson.id) passed = true;
  }
  return nullptr;
}

void draw_broken(const Frame& frame) {
  bool first = true;
  for (const LessonOrError& entry : frame.lessons) {
    const auto* broken = std::get_if<LessonError>(&entry);
    if (!broken) continue;
    if (first) {
      ImGui::Dummy(ImVec2(0, em() * 0.6F));
      draw_caps(text("lesson.broken"));
      first = false;
    }
    const ScopedFont mono(fonts().mono, 0.85F);
    ImGui::TextWrapped("%s: %s", place_of(*broken).c_str(), in_language(broken->reason, frame).c_str());
  }
}

// The lesson that the document names is not there: say so, and offer the others.
void draw_missing(const Frame& frame, Commands& commands) {
  ImGui::TextWrapped("%s",
                     format_text("lesson.missing", fmt::arg("lesson", frame.document.lesson->id)).c_str());
  for (const LessonOrError& entry : frame.lessons) {
    const auto* sound = std::get_if<Lesson>(&entry);
    if (sound && draw_link(("###open." + sound->id).c_str(), in_language(sound->title, frame)))
      commands.edit(SetLesson{LessonPlace{sound->id, 0}});
  }
  draw_broken(frame);
  if (ImGui::Button((text("lesson.close") + "###close").c_str())) commands.edit(SetLesson{std::nullopt});
}

bool wide_button(const char* id, const std::string& label, float width, bool strong) {
  const ImU32 color = strong ? mix(palette().raised, palette().attention, 0.42F) : palette().raised;
  ImGui::PushStyleColor(ImGuiCol_Button, color);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, mix(color, palette().attention, 0.25F));
  const bool clicked = ImGui::Button((label + id).c_str(), ImVec2(width, em() * 2.1F));
  ImGui::PopStyleColor(2);
  return clicked;
}

}  // namespace

void LessonView::follow(const LessonPlace& place) {
  if (place == shown_) return;
  shown_ = place;
  finished_ = false;
  to_top_ = true;
}

void LessonView::draw_step(const Lesson& lesson, std::int64_t step, const Frame& frame, Commands& commands) {
  const Step& shown = lesson.steps[static_cast<std::size_t>(step)];
  markdown_->draw(in_language(shown.text, frame));
  if (!shown.question) return;
  ImGui::Dummy(ImVec2(0, em() * 0.4F));
  ImGui::PushID(static_cast<int>(step));
  draw_question(*shown.question, questions_[{lesson.id, step}], frame, commands, *markdown_);
  ImGui::PopID();
}

void LessonView::draw_done(const Lesson& lesson, const Frame& frame, Commands& commands) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float radius = em() * 1.5F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 centre(corner.x + radius, corner.y + radius + em() * 0.5F);
  list->AddCircleFilled(centre, radius, palette().value);
  draw_tick(*list, centre, radius, palette().background);
  ImGui::Dummy(ImVec2(0, radius * 2 + em()));
  {
    const ScopedFont large(fonts().strong, 1.3F);
    ImGui::TextWrapped("%s", text("lesson.done").c_str());
  }
  int asked = 0;
  int right = 0;
  for (std::size_t i = 0; i < lesson.steps.size(); ++i) {
    if (!lesson.steps[i].question) continue;
    ++asked;
    const auto found = questions_.find({lesson.id, static_cast<std::int64_t>(i)});
    if (found != questions_.end() && found->second.right()) ++right;
  }
  if (asked > 0)
    ImGui::TextWrapped(
        "%s", format_text("lesson.score", fmt::arg("right", right), fmt::arg("asked", asked)).c_str());
  ImGui::Dummy(ImVec2(0, em() * 0.6F));
  if (const Lesson* next = lesson_after(lesson, frame)) {
    draw_caps(text("lesson.next_lesson"));
    if (draw_link("###next_lesson", in_language(next->title, frame)))
      commands.edit(SetLesson{LessonPlace{next->id, 0}});
  } else {
    ImGui::TextWrapped("%s", text("lesson.last_lesson").c_str());
  }
  ImGui::Dummy(ImVec2(0, em() * 0.4F));
  if (draw_link("###again", text("lesson.again"))) commands.edit(SetLesson{LessonPlace{lesson.id, 0}});
  draw_broken(frame);
}

void LessonView::draw_buttons(const Lesson& lesson, std::int64_t step, const Frame& frame,
                              Commands& commands) {
  const auto last = static_cast<std::int64_t>(lesson.steps.size()) - 1;
  const auto pressed = [](ImGuiKey key) { return ImGui::Shortcut(key, ImGuiInputFlags_RouteGlobal); };
  const float gap = em() * 0.6F;
  const float width = (ImGui::GetContentRegionAvail().x - gap) * 0.5F;
  ImGui::BeginDisabled(step == 0 && !finished_);
  bool back = wide_button("###back", text("lesson.back"), width, false);
  ImGui::SetItemTooltip("Page Up");
  ImGui::EndDisabled();
  back = pressed(ImGuiKey_PageUp) || back;
  ImGui::SameLine(0, gap);
  const Lesson* after = lesson_after(lesson, frame);
  const std::string& label = !finished_ && step < last ? text("lesson.next")
                             : !finished_              ? text("lesson.finish")
                             : after                   ? text("lesson.next_lesson")
                                                       : text("lesson.close");
  bool on = wide_button("###next", label, width, true);
  ImGui::SetItemTooltip("Page Down");
  on = pressed(ImGuiKey_PageDown) || on;
  if (back && finished_) {
    finished_ = false;
  } else if (back && step > 0) {
    commands.edit(SetLesson{LessonPlace{lesson.id, step - 1}});
  } else if (on && !finished_ && step < last) {
    commands.edit(SetLesson{LessonPlace{lesson.id, step + 1}});
  } else if (on && !finished_) {
    finished_ = true;
    to_top_ = true;
  } else if (on) {
    commands.edit(SetLesson{after ? std::optional<LessonPlace>(LessonPlace{after->id, 0}) : std::nullopt});
  }
}

void LessonView::draw(const Frame& frame, Commands& commands) {
  if (!frame.document.lesson) return;
  if (!markdown_) markdown_ = std::make_unique<Markdown>();
  follow(*frame.document.lesson);
  const Lesson* lesson = find_lesson(frame.lessons, frame.document.lesson->id);
  if (!lesson || lesson->steps.empty()) {
    draw_missing(frame, commands);
    return;
  }
  const std::int64_t step = std::clamp<std::int64_t>(frame.document.lesson->step, 0,
                                                     static_cast<std::int64_t>(lesson->steps.size()) - 1);
  ImGui::PushID("lesson");
  draw_title(*lesson, frame, commands);
  draw_progress(*lesson, step, finished_, commands);
  const float footer = em() * 2.1F + ImGui::GetStyle().ItemSpacing.y;
  if (ImGui::BeginChild("##body", ImVec2(0, std::max(em() * 4, ImGui::GetContentRegionAvail().y - footer)),
                        ImGuiChildFlags_NavFlattened)) {
    if (to_top_) ImGui::SetScrollY(0);
    to_top_ = false;
    if (finished_) {
      draw_done(*lesson, frame, commands);
    } else {
      draw_step(*lesson, step, frame, commands);
    }
  }
  ImGui::EndChild();
  draw_buttons(*lesson, step, frame, commands);
  ImGui::PopID();
}

}  // namespace headlight
