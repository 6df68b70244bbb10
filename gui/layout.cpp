// Docking, panel headers, tabs and dialogs; nothing here knows what a view shows.
#include "gui/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/session/document_names.h"
#include "gui/fonts.h"
#include "gui/load_panel.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/edge_fade.h"
#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr const char* center_window = "##center";
constexpr ImGuiWindowFlags panel_flags =
    ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoMove;

// Begins a docked window whose node has no tab bar at all: no corner mark to unhide one.
bool begin_docked(const char* id, ImGuiWindowFlags flags) {
  ImGuiWindowClass quiet;
  quiet.DockNodeFlagsOverrideSet = ImGuiDockNodeFlags_NoTabBar;
  ImGui::SetNextWindowClass(&quiet);
  return ImGui::Begin(id, nullptr, flags);
}

std::string window_id(const View& view) { return "##panel." + std::string(view.name()); }

std::string name_of(const View& view) { return text("name." + std::string(view.name())); }

// What a panel is called and how it is explained may depend on what the model puts out: "name.next.masked".
const std::string& text_for_output(const std::string& key, const Frame& frame) {
  if (!frame.model || frame.model->architecture.head == OutputHead::language_model) return text(key);
  const OutputHead head = frame.model->architecture.head;
  const std::string variant = key + (head == OutputHead::masked_lm    ? ".masked"
                                     : head == OutputHead::classifier ? ".classes"
                                                                      : ".vectors");
  const std::string& words = text(variant);
  return words == variant ? text(key) : words;
}

// The first layout; the user's own sizes replace it.
void build_layout(ImGuiID dock, ImVec2 size) {
  ImGui::DockBuilderRemoveNode(dock);
  ImGui::DockBuilderAddNode(dock, ImGuiDockNodeFlags_DockSpace);
  ImGui::DockBuilderSetNodeSize(dock, size);
  ImGuiID rest = dock;
  const ImGuiID lesson = ImGui::DockBuilderSplitNode(rest, ImGuiDir_Left, 0.27F, nullptr, &rest);
  ImGuiID right = ImGui::DockBuilderSplitNode(rest, ImGuiDir_Right, 0.29F, nullptr, &rest);
  ImGuiID next = 0;
  // The list of candidates needs its rows; the inspector a value, its formula and its first operands.
  const bool is_low = size.y < ImGui::GetFontSize() * 52.0F;
  const ImGuiID inspector =
      ImGui::DockBuilderSplitNode(right, ImGuiDir_Down, is_low ? 0.4F : 0.42F, nullptr, &next);
  const ImGuiID drawer = ImGui::DockBuilderSplitNode(rest, ImGuiDir_Down, 0.37F, nullptr, &rest);
  ImGui::DockBuilderDockWindow("##panel.lesson", lesson);
  ImGui::DockBuilderDockWindow("##panel.tree", drawer);
  ImGui::DockBuilderDockWindow("##panel.next", next);
  ImGui::DockBuilderDockWindow("##panel.inspector", inspector);
  ImGui::DockBuilderDockWindow(center_window, rest);
  ImGui::DockBuilderFinish(dock);
}

// A round "?" at the right end of the line; hovering it explains the panel.
void explanation_mark(const View& view, const Frame& frame) {
  const float size = ImGui::GetFontSize() * 1.1F;
  const ImVec2 corner(
      ImGui::GetWindowPos().x + ImGui::GetWindowWidth() - ImGui::GetStyle().WindowPadding.x - size,
      ImGui::GetCursorScreenPos().y);
  ImGui::SetCursorScreenPos(corner);
  ImGui::PushID("explain");
  ImGui::InvisibleButton("##mark", ImVec2(size, size), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 centre(corner.x + size * 0.5F, corner.y + size * 0.5F);
  const ImU32 color = hovered ? palette().text : palette().muted;
  list->AddCircle(centre, size * 0.5F, color, 0, std::max(1.0F, size * 0.06F));
  const ScopedFont small(fonts().strong, 0.78F);
  const ImVec2 mark = ImGui::CalcTextSize("?");
  list->AddText(ImVec2(centre.x - mark.x * 0.5F, centre.y - mark.y * 0.5F), color, "?");
  ImGui::PopID();
  if (hovered && ImGui::BeginTooltip()) {
    ImGui::PushTextWrapPos(ImGui::GetFontSize() * 26.0F);
    {
      const ScopedFont strong(fonts().strong);
      ImGui::TextUnformatted(text_for_output("name." + std::string(view.name()), frame).c_str());
    }
    ImGui::TextUnformatted(text_for_output(std::string(view.explanation()), frame).c_str());
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }
}

// A lesson points at this panel: a quiet frame in the accent of locks.
void draw_highlight() {
  const ImVec2 corner = ImGui::GetWindowPos();
  const ImVec2 size = ImGui::GetWindowSize();
  const float line = ImGui::GetFontSize() * 0.14F;
  ImGui::GetForegroundDrawList()->AddRect(ImVec2(corner.x + line, corner.y + line),
                                          ImVec2(corner.x + size.x - line, corner.y + size.y - line),
                                          palette().lock, ImGui::GetFontSize() * 0.4F, line);
}

// The lesson's names for the parts of a view.
bool points_at(const View& view, const Frame& frame) {
  const std::string name(view.name());
  if (frame.highlighted(name)) return true;
  if (name == "prompt") return frame.highlighted("chips");
  if (name == "attention")
    return frame.highlighted("wall") || frame.highlighted("matrix") || frame.highlighted("row");
  return false;
}

// A tab's view is called as its choice in the document.
CenterView choice_of(const View& view) {
  return find_named(center_views, view.name()).value_or(CenterView::flow);
}

// As wide as there is room for, beside the "?" mark behind the words.
float tab_gap(const std::vector<View*>& tabs) {
  const float font = ImGui::GetFontSize();
  float words = font * 2.6F;
  const ScopedFont strong(fonts().strong);
  for (const View* view : tabs) words += ImGui::CalcTextSize(name_of(*view).c_str()).x;
  const auto gaps = static_cast<float>(std::max<std::size_t>(1, tabs.size() - 1));
  return std::clamp((ImGui::GetContentRegionAvail().x - words) / gaps, font * 0.45F, font * 1.6F);
}

// Words with a line under the chosen one. Returns the chosen view.
View* draw_tabs(const std::vector<View*>& tabs, const Frame& frame, Commands& commands) {
  View* chosen = tabs.empty() ? nullptr : tabs.front();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float gap = tab_gap(tabs);
  const float height = ImGui::GetFontSize() * 1.7F;
  for (std::size_t i = 0; i < tabs.size(); ++i) {
    View& view = *tabs[i];
    const bool is_chosen = choice_of(view) == frame.document.view;
    if (is_chosen) chosen = &view;
    const ScopedFont font(is_chosen ? fonts().strong : fonts().body);
    const std::string name = name_of(view);
    const ImVec2 size = ImGui::CalcTextSize(name.c_str());
    if (i > 0) ImGui::SameLine(0.0F, gap);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton(name.c_str(), ImVec2(size.x, height), ImGuiButtonFlags_EnableNav))
      commands.edit(ShowView{choice_of(view)});
    const bool hovered = ImGui::IsItemHovered();
    ImGui::SetItemTooltip("Ctrl+%d", static_cast<int>(i) + 1);
    ImGui::PopID();
    list->AddText(corner, is_chosen || hovered ? palette().text : palette().muted, name.c_str());
    if (is_chosen) {
      const float line = ImGui::GetFontSize() * 0.14F;
      const float y = corner.y + ImGui::GetFontSize() * 1.5F;
      list->AddRectFilled(ImVec2(corner.x, y), ImVec2(corner.x + size.x, y + line), palette().attention,
                          line);
    }
  }
  return chosen;
}

}  // namespace

void draw_dock_space(const LayoutRequest& request) {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const ImGuiID dock = ImHashStr("headlight.dock.2");
  // One frame later the strips above and below have their height, and the panels their place.
  if (ImGui::DockBuilderGetNode(dock) == nullptr || request.reset) build_layout(dock, viewport->WorkSize);
  ImGui::PushStyleColor(ImGuiCol_DockingEmptyBg, palette().background);
  ImGui::DockSpaceOverViewport(dock, viewport,
                               ImGuiDockNodeFlags_AutoHideTabBar | ImGuiDockNodeFlags_NoUndocking |
                                   ImGuiDockNodeFlags_NoWindowMenuButton | ImGuiDockNodeFlags_NoCloseButton);
  ImGui::PopStyleColor();
}

void draw_panel(View& view, const Frame& frame, Commands& commands) {
  if (begin_docked(window_id(view).c_str(), panel_flags)) {
    {
      const ScopedFont strong(fonts().strong);
      ImGui::TextUnformatted(text_for_output("name." + std::string(view.name()), frame).c_str());
    }
    ImGui::SameLine();
    explanation_mark(view, frame);
    ImGui::Dummy(ImVec2(0.0F, ImGui::GetFontSize() * 0.1F));
    view.draw(frame, commands);
    if (points_at(view, frame)) draw_highlight();
  }
  ImGui::End();
}

void draw_center_panel(View* above, const std::vector<View*>& tabs, const Frame& frame, Commands& commands) {
  if (begin_docked(center_window,
                   panel_flags | ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse)) {
    if (above && frame.model) above->draw(frame, commands);
    if (!frame.model) {
      draw_load_panel(frame, commands);
    } else if (View* chosen = draw_tabs(tabs, frame, commands)) {
      ImGui::SameLine();
      explanation_mark(*chosen, frame);
      ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetFontSize() * 0.6F);
      if (ImGui::BeginChild(chosen->name().data(), ImVec2(0.0F, 0.0F), ImGuiChildFlags_NavFlattened)) {
        chosen->draw(frame, commands);
        fade_edges();
      }
      ImGui::EndChild();
      if (points_at(*chosen, frame)) draw_highlight();
    }
  }
  ImGui::End();
}

void draw_prompt_strip(View& view, const Frame& frame, Commands& commands, float& height) {
  const float largest = ImGui::GetMainViewport()->Size.y * 0.7F;
  const float wanted = std::clamp(height, ImGui::GetFontSize() * 5.0F, largest);
  const ImGuiWindowFlags flags = ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoScrollbar;
  if (ImGui::BeginViewportSideBar("##strip.prompt", nullptr, ImGuiDir_Up, wanted, flags)) {
    view.draw(frame, commands);
    height = ImGui::GetCursorPosY() + ImGui::GetStyle().WindowPadding.y;
    if (points_at(view, frame)) draw_highlight();
  }
  ImGui::End();
}

namespace {

// A soft edge around the current window, so that what floats is seen to float.
void draw_shadow() {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetWindowPos();
  const ImVec2 size = ImGui::GetWindowSize();
  const float step = std::max(1.0F, ImGui::GetFontSize() * 0.09F);
  constexpr int rings = 9;
  list->PushClipRectFullScreen();
  for (int ring = 0; ring < rings; ++ring) {
    const float out = (static_cast<float>(ring) + 0.5F) * step;
    const float strength = 1.0F - static_cast<float>(ring) / rings;
    list->AddRect(ImVec2(corner.x - out, corner.y - out),
                  ImVec2(corner.x + size.x + out, corner.y + size.y + out),
                  with_alpha(IM_COL32_BLACK, 0.28F * strength * strength),
                  ImGui::GetStyle().WindowRounding + out, step);
  }
  list->PopClipRect();
}

// What lies between a corner of a rounded window and its arc.
void fill_behind_corner(ImDrawList& list, ImVec2 corner, ImVec2 middle, float radius, float from,
                        ImU32 color) {
  constexpr int pieces = 8;
  std::array<ImVec2, pieces + 2> outline = {corner};
  for (int i = 0; i <= pieces; ++i) {
    const float angle = (from + static_cast<float>(i) / (2.0F * pieces)) * 3.14159265F;
    outline[static_cast<std::size_t>(pieces - i) + 1] =  // clockwise
        ImVec2(middle.x + std::cos(angle) * radius, middle.y + std::sin(angle) * radius);
  }
  list.AddConcavePolyFilled(outline.data(), static_cast<int>(outline.size()), color);
}

// What is not the current window goes dark.
void dim_the_rest() {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const ImVec2 first = viewport->Pos;
  const ImVec2 last(first.x + viewport->Size.x, first.y + viewport->Size.y);
  const ImVec2 from = ImGui::GetWindowPos();
  const ImVec2 to(from.x + ImGui::GetWindowSize().x, from.y + ImGui::GetWindowSize().y);
  const bool dark = current_theme() == Theme::dark;
  const ImU32 color = with_alpha(dark ? palette().background : palette().text, dark ? 0.66F : 0.42F);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRectFullScreen();
  list.AddRectFilled(first, ImVec2(last.x, from.y), color);
  list.AddRectFilled(ImVec2(first.x, to.y), last, color);
  list.AddRectFilled(ImVec2(first.x, from.y), ImVec2(from.x, to.y), color);
  list.AddRectFilled(ImVec2(to.x, from.y), ImVec2(last.x, to.y), color);
  const float r = ImGui::GetStyle().WindowRounding;
  fill_behind_corner(list, from, ImVec2(from.x + r, from.y + r), r, 1.0F, color);
  fill_behind_corner(list, ImVec2(to.x, from.y), ImVec2(to.x - r, from.y + r), r, 1.5F, color);
  fill_behind_corner(list, to, ImVec2(to.x - r, to.y - r), r, 0.0F, color);
  fill_behind_corner(list, ImVec2(from.x, to.y), ImVec2(from.x + r, to.y - r), r, 0.5F, color);
  list.PopClipRect();
}

}  // namespace

bool draw_dialog_window(View& view, const Frame& frame, Commands& commands) {
  bool open = true;
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const float font = ImGui::GetFontSize();
  ImGui::SetNextWindowPos(viewport->GetCenter(), ImGuiCond_Appearing, ImVec2(0.5F, 0.5F));
  ImGui::SetNextWindowSize(ImVec2(std::min(viewport->Size.x * 0.92F, font * 52.0F),
                                  std::min(viewport->Size.y * 0.94F, font * 64.0F)),
                           ImGuiCond_Appearing);
  const std::string title = name_of(view) + "###dialog." + std::string(view.name());
  const ImGuiWindowFlags flags =
      ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoSavedSettings;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, std::max(1.0F, font * 0.06F));
  // The title stands above the content's left edge, in the panel's own colour.
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ImGui::GetStyle().WindowPadding.x, font * 0.6F));
  ImGui::PushStyleColor(ImGuiCol_TitleBgActive, palette().panel);
  ImGui::PushStyleColor(ImGuiCol_TitleBg, palette().panel);
  bool visible = false;
  {
    const ScopedFont strong(fonts().strong, 1.1F);
    visible = ImGui::Begin(title.c_str(), &open, flags);
  }
  ImGui::PopStyleColor(2);
  ImGui::PopStyleVar();
  if (visible) {
    dim_the_rest();
    draw_shadow();
    view.draw(frame, commands);
  }
  ImGui::PopStyleVar();
  // The prompt keeps the keyboard at the start, and what has it would lie above; menus still do.
  if (!ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopup))
    ImGui::BringWindowToDisplayFront(ImGui::GetCurrentWindow());
  ImGui::End();
  return open;
}

}  // namespace headlight
