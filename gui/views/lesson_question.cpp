// The four kinds of questions, drawn as a card under the step's text.
#include "gui/views/lesson_question.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/lesson_marks.h"
#include "gui/widgets/muted_text.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

LessonWorld world_of(const Frame& frame) {
  LessonWorld world;
  world.trace = frame.trace();
  world.text = frame.document.text;
  world.tokens = frame.tokens;
  world.tokenizer = frame.model ? frame.model->tokenizer.get() : nullptr;
  world.layer = frame.layer();
  world.head = frame.head();
  return world;
}

// An answer that needs no model is decided at once; the others as soon as the model is done.
void decide(const Question& question, QuestionState& state, const Frame& frame) {
  if (!state.waiting) return;
  const auto* choice = std::get_if<ChoiceQuestion>(&question.kind);
  const bool needs_model = !choice || choice->correct != ChoiceQuestion::Correct::fixed;
  if (needs_model && !model_is_ready(frame)) return;
  state.check = check_answer(question, *state.waiting, world_of(frame));
  state.given = state.waiting;
  state.waiting.reset();
}

void give(QuestionState& state, GivenAnswer answer) {
  state.waiting = std::move(answer);
  state.solution_shown = false;
}

// What the model would have said, whatever the learner thinks.
void show_solution(const Question& question, QuestionState& state, Commands& commands) {
  state.solution_shown = true;
  if (std::holds_alternative<ChoiceQuestion>(question.kind)) {
    state.waiting = ChosenOption{0};
  } else if (std::holds_alternative<NumberQuestion>(question.kind)) {
    state.waiting = EnteredNumber{0.0};
  } else if (const auto* head = std::get_if<FindHeadQuestion>(&question.kind)) {
    commands.edit(SelectHead{head->solution_layer, head->solution_head});
    state.waiting = ChosenHead{head->solution_layer, head->solution_head};
  } else if (const auto* change = std::get_if<ChangeTextQuestion>(&question.kind)) {
    commands.edit(SetText{change->solution});
    state.waiting = ChangedText{change->solution};
  }
}

// A row that is as high as its words; the whole of it can be clicked.
bool draw_option(int index, const std::string& words, bool chosen, OptionMark mark, Markdown& markdown) {
  ImGui::PushID(index);
  const ImVec2 start = ImGui::GetCursorPos();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGuiStorage* storage = ImGui::GetStateStorage();
  const ImGuiID height_id = ImGui::GetID("height");
  const float height = storage->GetFloat(height_id, em() * 2.2F);
  const bool clicked = ImGui::InvisibleButton("###option", ImVec2(width, height), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner.x + width, corner.y + height);
  if (hovered || chosen)
    list->AddRectFilled(corner, opposite, with_alpha(palette().query, hovered ? 0.16F : 0.10F), em() * 0.4F);
  draw_option_mark(*list, ImVec2(corner.x + em() * 0.9F, corner.y + em() * 1.0F), em() * 0.46F, chosen, mark);
  ImGui::SetCursorPos(ImVec2(start.x + em() * 1.8F, start.y + em() * 0.38F));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  if (ImGui::BeginChild("##words", ImVec2(width - em() * 2.2F, 0), ImGuiChildFlags_AutoResizeY,
                        ImGuiWindowFlags_NoInputs | ImGuiWindowFlags_NoScrollbar))
    markdown.draw(words);
  ImGui::EndChild();
  ImGui::PopStyleVar();
  const float bottom = ImGui::GetItemRectMax().y + em() * 0.38F;
  storage->SetFloat(height_id, std::max(em() * 2.2F, bottom - corner.y));
  ImGui::SetCursorPos(ImVec2(start.x, start.y + height));
  ImGui::PopID();
  return clicked;
}

void draw_choice(const ChoiceQuestion& choice, QuestionState& state, const Frame& frame, Markdown& markdown) {
  const bool revealed = state.check && state.check->decided;
  std::optional<std::size_t> chosen;
  if (const auto* given = state.given ? std::get_if<ChosenOption>(&*state.given) : nullptr)
    chosen = given->option;
  if (const auto* given = state.waiting ? std::get_if<ChosenOption>(&*state.waiting) : nullptr)
    chosen = given->option;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, em() * 0.15F));
  for (std::size_t i = 0; i < choice.options.size(); ++i) {
    OptionMark mark = OptionMark::none;
    const bool is_chosen = chosen == i && !state.solution_shown;
    if (revealed && is_chosen && !state.waiting)
      mark = state.check->correct ? OptionMark::right : OptionMark::wrong;
    if (draw_option(static_cast<int>(i), in_language(choice.options[i].text, frame), is_chosen, mark,
                    markdown))
      give(state, ChosenOption{i});
  }
  ImGui::PopStyleVar();
}

void draw_number(const NumberQuestion& number, QuestionState& state) {
  ImGui::SetNextItemWidth(std::min(ImGui::GetContentRegionAvail().x * 0.5F, em() * 8));
  bool check = ImGui::InputTextWithHint("###number", text("lesson.number_hint").c_str(), &state.typed,
                                        ImGuiInputTextFlags_EnterReturnsTrue);
  if (number.percent) {
    ImGui::SameLine(0, em() * 0.4F);
    ImGui::TextUnformatted("%");
  }
  ImGui::SameLine();
  check = ImGui::Button((text("lesson.check") + "###check").c_str()) || check;
  if (check) {
    const std::optional<double> value = read_number(state.typed);
    state.no_number = !value;
    if (value) give(state, EnteredNumber{*value});
  }
  if (state.no_number) muted_text(text("lesson.no_number"));
}

void draw_find_head(QuestionState& state, const Frame& frame) {
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(text("lesson.your_head").c_str());
  ImGui::SameLine(0, em() * 0.5F);
  {
    const ScopedFont strong(fonts().strong);
    ImGui::TextUnformatted(fmt::format("L{} H{}", frame.layer(), frame.head()).c_str());
  }
  ImGui::SameLine();
  if (ImGui::Button((text("lesson.check") + "###check").c_str()))
    give(state, ChosenHead{frame.layer(), frame.head()});
}

void draw_change_text(QuestionState& state, const Frame& frame, Commands& commands) {
  if (ImGui::Button((text("lesson.to_prompt") + "###prompt").c_str())) commands.act(FocusPrompt{});
  ImGui::SameLine();
  if (ImGui::Button((text("lesson.check") + "###check").c_str()))
    give(state, ChangedText{frame.document.text});
}

// A solved task or an answered prediction shows everything; an attempt that failed only what it came to.
void draw_reply(const Question& question, const QuestionState& state, const Frame& frame,
                Markdown& markdown) {
  if (state.waiting) {
    muted_text(text("lesson.working"));
    return;
  }
  if (!state.check) return;
  const AnswerCheck& check = *state.check;
  if (!check.decided) {
    muted_text(in_language(check.model_says, frame));
    return;
  }
  const bool is_task = std::holds_alternative<FindHeadQuestion>(question.kind) ||
                       std::holds_alternative<ChangeTextQuestion>(question.kind);
  ImGui::Dummy(ImVec2(0, em() * 0.1F));
  if (state.solution_shown) {
    draw_verdict(ReplyKind::solution, text("lesson.solution"));
  } else {
    draw_verdict(check.correct ? ReplyKind::right : ReplyKind::wrong, text(check.correct ? "lesson.right"
                                                                           : is_task     ? "lesson.not_yet"
                                                                                         : "lesson.wrong"));
  }
  const std::string& says = in_language(check.model_says, frame);
  if (!says.empty()) markdown.draw(format_text("lesson.model_says", fmt::arg("answer", says)));
  if (!is_task || check.correct || state.solution_shown) markdown.draw(in_language(check.explanation, frame));
}

}  // namespace

std::optional<double> read_number(std::string_view typed) {
  std::string plain;
  for (std::size_t i = 0; i < typed.size(); ++i) {
    if (typed.compare(i, 3, "\xE2\x88\x92") == 0) {  // the typographic minus
      plain += '-';
      i += 2;
    } else if (typed[i] == ',') {
      plain += '.';
    } else if (typed[i] != ' ' && typed[i] != '%' && !(typed[i] == '+' && plain.empty())) {
      plain += typed[i];
    }
  }
  double value = 0.0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error != std::errc() || end != plain.data() + plain.size() || !std::isfinite(value)) return {};
  return value;
}

bool model_is_ready(const Frame& frame) {
  const Trace* trace = frame.trace();
  if (!trace || !frame.model || !trace->complete() || &trace->model() != frame.model) return false;
  if (frame.model->name != frame.document.model) return false;
  return trace->tokens() == runnable_tokens(*frame.model, frame.tokens);
}

const std::string& in_language(const Bilingual& words, const Frame& frame) {
  return frame.settings.language == "ko" ? words.ko : words.en;
}

void draw_question(const Question& question, QuestionState& state, const Frame& frame, Commands& commands,
                   Markdown& markdown) {
  decide(question, state, frame);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, mix(palette().panel, palette().raised, 0.55F));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em() * 0.9F, em() * 0.8F));
  const bool visible = ImGui::BeginChild(
      "##question", ImVec2(0, 0),
      ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysUseWindowPadding | ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  if (visible) {
    draw_caps(text("lesson.question"));
    markdown.draw(in_language(question.prompt, frame));
    ImGui::Dummy(ImVec2(0, em() * 0.1F));
    if (const auto* choice = std::get_if<ChoiceQuestion>(&question.kind))
      draw_choice(*choice, state, frame, markdown);
    if (const auto* number = std::get_if<NumberQuestion>(&question.kind)) draw_number(*number, state);
    if (std::holds_alternative<FindHeadQuestion>(question.kind)) draw_find_head(state, frame);
    if (std::holds_alternative<ChangeTextQuestion>(question.kind)) draw_change_text(state, frame, commands);
    draw_reply(question, state, frame, markdown);
    const bool is_task = std::holds_alternative<FindHeadQuestion>(question.kind) ||
                         std::holds_alternative<ChangeTextQuestion>(question.kind);
    const bool revealed = state.check && state.check->decided && (!is_task || state.check->correct);
    if (!revealed && !state.solution_shown) {
      ImGui::Dummy(ImVec2(0, em() * 0.1F));
      if (draw_link("###solution", text("lesson.show_solution"))) show_solution(question, state, commands);
    }
  }
  ImGui::EndChild();
}

}  // namespace headlight
