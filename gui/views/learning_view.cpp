// The controls above, the curve and the gradient on the left, heads and words on the right; beneath each
// other where it is narrow.
#include "gui/views/learning_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/learning_comparison.h"
#include "gui/views/learning_parts.h"
#include "gui/views/learning_words.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/icon_button.h"
#include "gui/widgets/lesson_marks.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/thin_slider.h"
#include "imgui.h"

namespace headlight {
namespace {

constexpr float two_columns_from = 46.0F;  // em
constexpr float wide_from = 75.0F;

float em() { return ImGui::GetFontSize(); }

bool can_go_on(const LearningSnapshot& learning) {
  return learning.phase == LearningPhase::running || learning.phase == LearningPhase::paused;
}

const char* phase_key(LearningPhase phase) {
  switch (phase) {
    case LearningPhase::preparing:
      return "learning.preparing";
    case LearningPhase::running:
      return "learning.running";
    case LearningPhase::paused:
      return "learning.paused";
    case LearningPhase::finished:
      return "learning.finished";
    case LearningPhase::stopped:
      return "learning.stopped";
    case LearningPhase::failed:
      return "learning.failed";
  }
  return "";
}

// How far it is, its loss, and how fast it is: as numbers.
std::string progress_words(const LearningSnapshot& learning) {
  std::string words = format_text("learning.step_of", fmt::arg("step", grouped_text(learning.step)),
                                  fmt::arg("steps", grouped_text(learning.choices.steps)));
  if (learning.step == 0) return words;
  const auto add = [&](const char* key, const auto& argument) {
    words += "   " + format_text(key, argument);
  };
  if (!learning.curve.empty()) {
    add(is_taught(learning) ? "learning.distance_now" : "learning.loss_now",
        fmt::arg("loss", fmt::format("{:.3f}", learning.curve.back().loss)));
  }
  add("learning.speed",
      fmt::arg("tokens", grouped_text(static_cast<std::int64_t>(learning.tokens_a_second))));
  const bool runs = learning.phase == LearningPhase::running;
  add(runs ? "learning.left" : "learning.took",
      fmt::arg("time", time_words(runs ? learning.seconds_left : learning.seconds)));
  return words;
}

void draw_progress_bar(float share, ImU32 color) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x, height = std::max(2.0F, em() * 0.22F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height), palette().grid, height);
  list->AddRectFilled(
      corner, ImVec2(corner.x + std::max(height, width * std::clamp(share, 0.0F, 1.0F)), corner.y + height),
      color, height);
  ImGui::Dummy(ImVec2(width, height));
}

void draw_error(const std::string& words) {
  ImGui::PushStyleColor(ImGuiCol_Text, palette().error);
  ImGui::TextWrapped("%s", words.c_str());
  ImGui::PopStyleColor();
}

}  // namespace

// A kept state stays chosen while more are kept; a new run begins with what it is now.
void LearningView::follow(const LearningSnapshot& learning) {
  if (learning.checkpoints.size() < kept_) scrubbed_ = -1;
  kept_ = learning.checkpoints.size();
  if (scrubbed_ >= static_cast<std::int64_t>(kept_)) scrubbed_ = -1;
}

const LearningState* LearningView::shown(const LearningSnapshot& learning) const {
  if (scrubbed_ >= 0) return learning.checkpoints[static_cast<std::size_t>(scrubbed_)].get();
  return learning.now.get();
}

void LearningView::draw_controls(const Frame& frame, Commands& commands) {
  const LearningSnapshot& learning = *frame.learning;
  const bool running = learning.phase == LearningPhase::running;
  const bool live = can_go_on(learning);
  if (icon_button("##go", running ? Icon::pause : Icon::play,
                  text(running ? "learning.pause_tip" : "learning.go_on_tip"), live)) {
    commands.act(Learn{running ? Learn::Order::pause : Learn::Order::go_on});
  }
  ImGui::SameLine(0.0F, em() * 0.3F);
  if (icon_button("##one", Icon::one, text("learning.one_tip"), live))
    commands.act(Learn{Learn::Order::one_update});
  ImGui::SameLine(0.0F, em() * 0.3F);
  if (icon_button("##stop", Icon::stop, text("learning.stop_tip"), !learning.is_over()))
    commands.act(Learn{Learn::Order::stop});
  const Segment again{text("learning.new"), text("learning.new_tip")};
  const Segment open{text("learning.open"), text("learning.open_tip")};
  const Segment learn_on{text("learning.learn_on"), text("learning.learn_on_tip")};
  next_in_line(toggle_width(again), em() * 0.8F);
  if (toggle("##new", again, false)) setting_up_ = true;
  if (learning.checkpoints.empty()) return;
  const LearningState* state = shown(learning);
  const std::int64_t step = scrubbed_ >= 0 && state ? state->step : -1;
  next_in_line(toggle_width(learn_on), em() * 0.4F);
  if (toggle("##learn_on", learn_on, false)) {
    commands.act(Learn{Learn::Order::learn_on, step});
    setting_up_ = true;
  }
  next_in_line(toggle_width(open), em() * 0.4F);
  if (toggle("##open", open, false)) commands.act(Learn{Learn::Order::open, step});
}

// What it does, and how far it is.
void LearningView::draw_progress(const LearningSnapshot& learning, Commands& commands) const {
  const bool preparing = learning.phase == LearningPhase::preparing;
  if (preparing) commands.animate();
  const std::string& phase = text(phase_key(learning.phase));
  const std::string words = preparing ? std::string() : progress_words(learning);
  next_in_line(ImGui::CalcTextSize((phase + "   " + words).c_str()).x, em() * 1.2F);
  ImGui::AlignTextToFramePadding();
  ImGui::TextDisabled("%s", phase.c_str());
  ImGui::SameLine(0.0F, em() * 0.8F);
  ImGui::TextUnformatted(words.c_str());
  ImGui::SetItemTooltip(
      "%s", format_text("learning.model_tip", fmt::arg("layers", learning.plan.layers),
                        fmt::arg("heads", learning.plan.heads), fmt::arg("width", learning.plan.width),
                        fmt::arg("parameters", grouped_text(learning.plan.parameters)),
                        fmt::arg("vocabulary", grouped_text(learning.plan.vocabulary)),
                        fmt::arg("seed", learning.choices.seed))
                .c_str());
  const float share = preparing ? learning.share
                                : static_cast<float>(learning.step) /
                                      static_cast<float>(std::max<std::int64_t>(1, learning.choices.steps));
  draw_progress_bar(share, learning.phase == LearningPhase::failed ? palette().error : palette().attention);
  if (!learning.error.empty()) draw_error(in_language(learning.error));
  if (!learning.device_note.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, ImGui::GetStyleColorVec4(ImGuiCol_TextDisabled));
    ImGui::TextWrapped("%s", in_language(learning.device_note).c_str());
    ImGui::PopStyleColor();
  }
}

void LearningView::draw_scrubber(const LearningSnapshot& learning) {
  if (learning.checkpoints.size() < 2) return;
  const auto last = static_cast<double>(learning.checkpoints.size());
  double place = scrubbed_ >= 0 ? static_cast<double>(scrubbed_) : last;
  const std::string words =
      scrubbed_ >= 0 ? grouped_text(learning.checkpoints[static_cast<std::size_t>(scrubbed_)]->step)
                     : text("learning.now");
  const float label = ImGui::CalcTextSize(text("learning.scrub").c_str()).x + em() * 0.8F;
  if (thin_slider("##scrub", text("learning.scrub"), words, text("learning.scrub_tip"), {0.0, last, "%.0f"},
                  label, place)) {
    scrubbed_ = place >= last ? -1 : static_cast<std::int64_t>(place);
  }
}

void LearningView::draw_left(const Frame& frame, ImVec2 room) {
  const LearningSnapshot& learning = *frame.learning;
  const LearningState* state = shown(learning);
  const float width = room.x;
  const float parts = em() * (1.5F + 1.2F * static_cast<float>(learning.parts.size()));
  const float update = learning.update ? em() * 12.0F : 0.0F;  // told in four steps
  const float table = compares(learning) ? em() * 10.5F : 0.0F;
  const float height = std::clamp(room.y - parts - update - table - em() * 3.2F, em() * 8.0F, em() * 34.0F);
  draw_caps(text(is_taught(learning)   ? "learning.held_out_title"
                 : has_rings(learning) ? "learning.loss_title"
                                       : "learning.key_training"));
  if (const auto chosen = curve_.draw(learning, state ? state->step : -1, ImVec2(width, height)))
    scrubbed_ = *chosen;
  if (state) draw_learning_comparison(learning, *state, width);
  if (learning.update) {
    draw_caps(format_text("learning.one_update", fmt::arg("step", grouped_text(learning.update->step))));
    draw_learning_update(*learning.update);
    ImGui::Dummy(ImVec2(0.0F, em() * 0.3F));
  }
  if (learning.parts.empty()) return;
  // A heading whose lines are all beneath the lower edge goes there as well.
  const float rest = ImGui::GetCursorStartPos().y + room.y - ImGui::GetCursorPosY();
  if (rest > 0.0F && rest < em() * 4.5F) ImGui::Dummy(ImVec2(0.0F, rest));
  draw_caps(text("learning.parts"));
  draw_learning_parts(learning, width);
}

void LearningView::draw_right(const Frame& frame, Commands& commands, ImVec2 room) {
  const LearningSnapshot& learning = *frame.learning;
  const LearningState* state = shown(learning);
  if (!state) return;
  const float width = room.x, end = ImGui::GetCursorPosY() + room.y;
  draw_scrubber(learning);
  const std::vector<LearningWords> words = learning_words(learning, *state);
  const auto draw_words = [&] {
    for (const LearningWords& one : words) {
      draw_learning_sample(learning, one, width);
      ImGui::Dummy(ImVec2(0.0F, em() * 0.25F));
    }
  };
  if (compares(learning)) draw_words();  // what differs comes first
  const bool copied = has_copied(learning);
  if (copied) {
    draw_caps(text("learning.copied_title"));
    draw_learning_copied(learning, *state, ImVec2(width, em() * 6.0F));
  }
  draw_caps(state->step == 0 && learning.choices.start == LearningStart::random
                ? text("learning.heads_untrained")
                : format_text("learning.heads", fmt::arg("step", grouped_text(state->step))));
  heads_.draw_scale(frame, *state);
  float below = em() * 1.9F;
  for (const LearningWords& one : words) below += learning_sample_height(learning, one.sample, width);
  if (compares(learning)) below = em();
  const float height = end - ImGui::GetCursorPosY() - below;
  heads_.draw(frame, commands, *state, ImVec2(width, std::max(height, em() * 10.0F)));
  ImGui::Dummy(ImVec2(0.0F, em() * 0.2F));
  if (!compares(learning)) draw_words();
}

// Space pauses and goes on; arrows go from one kept state to the next.
void LearningView::keys(const LearningSnapshot& learning, Commands& commands) {
  if (!panel_has_keys()) return;
  if (ImGui::IsKeyPressed(ImGuiKey_Space, false) && can_go_on(learning)) {
    const bool running = learning.phase == LearningPhase::running;
    commands.act(Learn{running ? Learn::Order::pause : Learn::Order::go_on});
  }
  const auto count = static_cast<std::int64_t>(learning.checkpoints.size());
  const std::int64_t place = scrubbed_ >= 0 ? scrubbed_ : count;
  if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) && place > 0) scrubbed_ = place - 1;
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow) && scrubbed_ >= 0)
    scrubbed_ = place + 1 < count ? place + 1 : -1;
}

void LearningView::draw_run(const Frame& frame, Commands& commands) {
  const LearningSnapshot& learning = *frame.learning;
  follow(learning);
  keys(learning, commands);
  draw_controls(frame, commands);
  draw_progress(learning, commands);
  if (!shown(learning)) return;
  ImGui::Dummy(ImVec2(0.0F, em() * 0.1F));
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const bool wide = room.x >= em() * two_columns_from;
  // The maps of heads are as high as they are wide: the wider the view, the more of it is theirs.
  const float part = room.x >= em() * wide_from ? 0.38F : 0.46F;
  const float gap = em() * 1.6F, left = std::floor((room.x - gap) * part);
  const ImGuiChildFlags flags = ImGuiChildFlags_NavFlattened;
  // One scroll bar for both columns, whose room is kept free so that nothing jumps when it comes.
  if (ImGui::BeginChild("##all", ImVec2(0.0F, 0.0F), flags)) {
    const float whole = room.x - ImGui::GetStyle().ScrollbarSize;
    if (!wide) {
      draw_right(frame, commands, ImVec2(whole, room.y));
      ImGui::Dummy(ImVec2(0.0F, em() * 0.6F));
      draw_left(frame, ImVec2(whole, room.y));
    } else {
      const ImGuiChildFlags column = flags | ImGuiChildFlags_AutoResizeY;
      if (ImGui::BeginChild("##left", ImVec2(left, 0.0F), column)) {
        draw_left(frame, ImVec2(left, room.y));
        fade_edges();
      }
      ImGui::EndChild();
      ImGui::SameLine(0.0F, gap);
      const float right = whole - left - gap;
      if (ImGui::BeginChild("##right", ImVec2(right, 0.0F), column)) {
        draw_right(frame, commands, ImVec2(right, room.y));
        fade_edges();
      }
      ImGui::EndChild();
    }
    fade_edges();
  }
  ImGui::EndChild();
}

void LearningView::draw(const Frame& frame, Commands& commands) {
  if (frame.learning && !setting_up_) return draw_run(frame, commands);
  if (frame.learning) {
    const Segment back{text("learning.back"), text("learning.back_tip")};
    if (toggle("##back", back, false)) setting_up_ = false;
  }
  if (setup_.draw(frame, commands)) {
    commands.act(Learn{Learn::Order::start});
    setting_up_ = false;
    scrubbed_ = -1;
  }
}

}  // namespace headlight
