// The stage, and what is drawn above it.
#include "gui/presenter.h"

#include <algorithm>
#include <string>

#include "core/session/document_names.h"
#include "gui/fonts.h"
#include "gui/layout.h"
#include "gui/load_panel.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/edge_fade.h"
#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr float lines_in_window = 33.0F;
constexpr double hint_seconds = 4.0;

constexpr ImGuiWindowFlags stage_flags =
    ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
    ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoFocusOnAppearing;

struct Area {
  ImVec2 corner;
  ImVec2 size;
};

void draw_in(const char* id, const Area& area, View& view, const Frame& frame, Commands& commands) {
  ImGui::SetNextWindowPos(area.corner);
  ImGui::SetNextWindowSize(area.size);
  if (ImGui::Begin(id, nullptr, stage_flags & ~ImGuiWindowFlags_NoScrollbar)) view.draw(frame, commands);
  ImGui::End();
}

// The center's view under what is open above it.
void draw_center(const Area& area, View* above, View& view, const Frame& frame, Commands& commands) {
  ImGui::SetNextWindowPos(area.corner);
  ImGui::SetNextWindowSize(area.size);
  if (ImGui::Begin("##stage.center", nullptr, stage_flags)) {
    if (above) above->draw(frame, commands);
    if (ImGui::BeginChild(view.name().data(), ImVec2(0.0F, 0.0F), ImGuiChildFlags_NavFlattened)) {
      view.draw(frame, commands);
      fade_edges();
    }
    ImGui::EndChild();
  }
  ImGui::End();
}

// A line at the bottom, for the keys: where it stays free of the views, and is read from the last row.
float hint_height() { return ImGui::GetFontSize() * 1.6F; }

bool stage_is_drawn = false;

struct OnStage {
  OnStage() { stage_is_drawn = true; }
  ~OnStage() { stage_is_drawn = false; }
  OnStage(const OnStage&) = delete;
  OnStage& operator=(const OnStage&) = delete;
};

// The flow itself ends in the next token; all heads together want the whole width.
bool has_next_token(const Frame& frame) {
  if (frame.document.view == CenterView::flow) return false;
  const bool wall =
      frame.document.view == CenterView::attention && frame.document.attention_mode == AttentionMode::wall;
  return !wall || frame.highlighted("next");
}

// The window that all of this lies in.
Area whole_window() {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  return {viewport->Pos, viewport->Size};
}

}  // namespace

bool on_stage() { return stage_is_drawn; }

float Presenter::enlargement(float window_height, float scale) {
  return window_height / (lines_in_window * 16.0F * scale);
}

void Presenter::toggle() {
  on_ = !on_;
  spotlight_ = pen_ = false;
  strokes_.clear();
  moved_at_ = ImGui::GetTime();
}

bool Presenter::escape() {
  if (pen_ || !strokes_.empty()) {
    pen_ = false;
    strokes_.clear();
    return true;
  }
  return std::exchange(spotlight_, false);
}

void Presenter::keys(const Frame& frame, Commands& commands) {
  const auto pressed = [](ImGuiKey key) {
    return ImGui::Shortcut(key, ImGuiInputFlags_RouteGlobal | ImGuiInputFlags_RouteOverActive);
  };
  if (pressed(ImGuiKey_F6)) spotlight_ = !spotlight_;
  if (pressed(ImGuiKey_F7)) pen_ = !pen_;
  if (pressed(ImGuiKey_F8)) strokes_.clear();
  if (frame.document.lesson || frame.examples.empty()) return;
  const bool on = pressed(ImGuiKey_PageDown);
  const bool back = pressed(ImGuiKey_PageUp);
  if (!on && !back) return;
  const auto here = std::find_if(frame.examples.begin(), frame.examples.end(),
                                 [&](const Example& example) { return example.text == frame.document.text; });
  const auto count = static_cast<std::int64_t>(frame.examples.size());
  std::int64_t next = 0;
  if (here != frame.examples.end()) next = (here - frame.examples.begin()) + (on ? 1 : count - 1);
  strokes_.clear();
  commands.edit(
      ReplaceDocument{with_example(frame.document, frame.examples[static_cast<std::size_t>(next % count)])});
}

void Presenter::draw(const std::vector<PlacedView>& views, const Frame& frame, Commands& commands,
                     float& prompt_height) {
  const OnStage scene;
  if (View* prompt = find_view(views, "prompt")) draw_prompt_strip(*prompt, frame, commands, prompt_height);
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const float em = ImGui::GetFontSize();
  Area rest{viewport->WorkPos,
            ImVec2(viewport->WorkSize.x, std::max(em, viewport->WorkSize.y - hint_height()))};
  View* lesson = find_view(views, "lesson");
  if (lesson && frame.document.lesson) {
    const float width = std::min(rest.size.x * 0.32F, em * 20.0F);
    draw_in("##stage.lesson", {rest.corner, ImVec2(width, rest.size.y)}, *lesson, frame, commands);
    rest.corner.x += width;
    rest.size.x -= width;
  }
  View* next = has_next_token(frame) ? find_view(views, "next") : nullptr;
  View* inspector = find_view(views, "inspector");
  const bool inspects = inspector && frame.document.value;
  const float width = next || inspects ? std::min(rest.size.x * 0.34F, em * 16.0F) : 0.0F;
  const Area side{ImVec2(rest.corner.x + rest.size.x - width, rest.corner.y), ImVec2(width, rest.size.y)};
  rest.size.x -= width;
  const float above = !inspects ? side.size.y : next ? side.size.y * 0.5F : 0.0F;
  if (next) draw_in("##stage.next", {side.corner, ImVec2(side.size.x, above)}, *next, frame, commands);
  if (inspects) {
    const Area below{ImVec2(side.corner.x, side.corner.y + above), ImVec2(side.size.x, side.size.y - above)};
    draw_in("##stage.inspector", below, *inspector, frame, commands);
  }
  View* center = find_view(views, name_in(center_views, frame.document.view));
  if (frame.model && center) {
    draw_center(rest, find_view(views, "prompt_detail"), *center, frame, commands);
  } else {
    ImGui::SetNextWindowPos(rest.corner);
    ImGui::SetNextWindowSize(rest.size);
    if (ImGui::Begin("##stage.load", nullptr, stage_flags)) draw_load_panel(frame, commands);
    ImGui::End();
  }
  if (pen_) draw_pen(commands);
  if (spotlight_) draw_spotlight(commands);
  const float thick = em * 0.22F;
  const Area window = whole_window();
  for (const std::vector<ImVec2>& stroke : strokes_) {
    std::vector<ImVec2> points;
    for (const ImVec2& point : stroke) {
      points.emplace_back(window.corner.x + point.x * window.size.x,
                          window.corner.y + point.y * window.size.y);
    }
    ImGui::GetForegroundDrawList()->AddPolyline(points.data(), static_cast<int>(points.size()), palette().key,
                                                thick);
  }
  draw_hint(frame, commands);
}

// Everything but a circle around the mouse goes dark. The wheel makes the circle larger.
void Presenter::draw_spotlight(Commands& commands) {
  const Area window = whole_window();
  const ImGuiIO& io = ImGui::GetIO();
  if (io.MouseWheel != 0.0F && io.KeyCtrl)
    radius_ = std::clamp(radius_ * (io.MouseWheel > 0 ? 1.1F : 1.0F / 1.1F), 0.05F, 0.6F);
  ImVec2 centre = io.MousePos;
  if (!ImGui::IsMousePosValid(&centre))
    centre = ImVec2(window.corner.x + window.size.x * 0.5F, window.corner.y + window.size.y * 0.5F);
  const float inner = radius_ * window.size.y;
  const float outer = 2.0F * (window.size.x + window.size.y);  // beyond every corner
  ImGui::GetForegroundDrawList()->AddCircle(centre, (inner + outer) * 0.5F, IM_COL32(0, 0, 0, 175), 128,
                                            outer - inner);
  commands.animate();
}

// A sheet of glass above everything that takes the mouse. The right button takes the last stroke back.
void Presenter::draw_pen(Commands& commands) {
  const Area window = whole_window();
  ImGui::SetNextWindowPos(window.corner);
  ImGui::SetNextWindowSize(window.size);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  const ImGuiWindowFlags flags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground |
                                 ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                                 ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoNav;
  if (ImGui::Begin("##stage.glass", nullptr, flags)) {
    ImGui::BringWindowToDisplayFront(ImGui::GetCurrentWindow());
    ImGui::InvisibleButton("##glass", window.size);
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    const ImVec2 point((mouse.x - window.corner.x) / window.size.x,
                       (mouse.y - window.corner.y) / window.size.y);
    if (ImGui::IsItemActivated()) strokes_.emplace_back();
    if (ImGui::IsItemActive() && !strokes_.empty()) {
      std::vector<ImVec2>& stroke = strokes_.back();
      if (stroke.empty() || stroke.back().x != point.x || stroke.back().y != point.y) stroke.push_back(point);
      commands.animate();
    }
    if (ImGui::IsItemClicked(ImGuiMouseButton_Right) && !strokes_.empty()) strokes_.pop_back();
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

// The keys, while the mouse moves: a room should not have to look at them.
void Presenter::draw_hint(const Frame& frame, Commands& commands) {
  const ImGuiIO& io = ImGui::GetIO();
  const double now = ImGui::GetTime();
  if (io.MouseDelta.x != 0.0F || io.MouseDelta.y != 0.0F) moved_at_ = now;
  if (now - moved_at_ > hint_seconds) return;
  commands.animate();  // until it goes
  const std::string words = text(frame.document.lesson ? "presenter.keys_lesson" : "presenter.keys");
  const float height = hint_height();
  const Area window = whole_window();
  const float most =
      (window.size.x - ImGui::GetFontSize() * 2) / std::max(1.0F, ImGui::CalcTextSize(words.c_str()).x);
  const ScopedFont font(fonts().body, std::min(1.0F, most));
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 corner(window.corner.x + (window.size.x - size.x) * 0.5F,
                      window.corner.y + window.size.y - (height + size.y) * 0.5F);
  ImGui::GetForegroundDrawList()->AddText(corner, palette().text, words.c_str());
}

}  // namespace headlight
