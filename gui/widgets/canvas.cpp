// Built on ImGui's keyboard navigation: a canvas owns the arrow keys while the keyboard is on it.
#include "gui/widgets/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gui/theme.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr std::array walking_keys = {ImGuiKey_LeftArrow, ImGuiKey_RightArrow, ImGuiKey_UpArrow,
                                     ImGuiKey_DownArrow, ImGuiKey_Home,       ImGuiKey_End};

struct Steps {
  int x = 0, y = 0;
  bool first = false, last = false;
  bool any() const { return x != 0 || y != 0 || first || last; }
};

// Takes the keys from the way between items, and from the panel.
Steps walking_steps(ImGuiID owner) {
  const auto pressed = [owner](ImGuiKey key) {
    return ImGui::IsKeyPressed(key, ImGuiInputFlags_Repeat, owner);
  };
  for (const ImGuiKey key : walking_keys) ImGui::SetKeyOwner(key, owner, ImGuiInputFlags_LockThisFrame);
  Steps steps;
  const ImGuiIO& io = ImGui::GetIO();
  if (io.KeyShift || io.KeyCtrl || io.KeyAlt) return steps;  // these are others'
  steps.x = (pressed(ImGuiKey_RightArrow) ? 1 : 0) - (pressed(ImGuiKey_LeftArrow) ? 1 : 0);
  steps.y = (pressed(ImGuiKey_DownArrow) ? 1 : 0) - (pressed(ImGuiKey_UpArrow) ? 1 : 0);
  steps.first = pressed(ImGuiKey_Home);
  steps.last = pressed(ImGuiKey_End);
  return steps;
}

// What a canvas remembers while the keyboard is elsewhere.
int& remembered(ImGuiID canvas, const char* name, int first) {
  return *ImGui::GetStateStorage()->GetIntRef(ImHashStr(name, 0, canvas), first);
}

struct Item {
  ImGuiID id = 0;
  ImRect box;
  Hand hand;
};

Item begin(const char* id, ImVec2 size) {
  Item item;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 least(std::max(1.0F, size.x), std::max(1.0F, size.y));
  item.hand.clicked = ImGui::InvisibleButton(id, least, ImGuiButtonFlags_EnableNav);
  item.id = ImGui::GetItemID();
  item.box = ImRect(corner, ImVec2(corner.x + least.x, corner.y + least.y));
  item.hand.inside = ImGui::IsItemHovered();
  item.hand.by_keys = ImGui::IsItemFocused() && keyboard_is_on_an_item();
  item.hand.at = ImGui::GetMousePos();
  return item;
}

// Rings what the keyboard points at, brings it into sight, and lets tooltips appear beside it.
void show(const Item& item, const ImRect& ring, bool moved) {
  ImGuiWindow* window = ImGui::GetCurrentWindow();
  window->NavRectRel[window->DC.NavLayerCurrent] = ImGui::WindowRectAbsToRel(window, ring);
  if (moved)
    ImGui::ScrollToRect(window, ring, ImGuiScrollFlags_KeepVisibleEdgeX | ImGuiScrollFlags_KeepVisibleEdgeY);
  ImDrawList* list = ImGui::GetForegroundDrawList();
  const float line = std::max(1.5F, ImGui::GetFontSize() * 0.12F);
  ImRect seen = window->ClipRect;
  seen.ClipWith(item.box);
  seen.Expand(line);
  list->PushClipRect(seen.Min, seen.Max, true);
  list->AddRect(ring.Min, ring.Max, ImGui::GetColorU32(ImGuiCol_NavCursor), line, line);
  list->PopClipRect();
}

// The cells that lie in a box: [first, last] on one axis.
std::pair<int, int> range(float from, float to, float corner, float size) {
  const int first = static_cast<int>(std::floor((from - corner) / size + 0.01F));
  const int last = static_cast<int>(std::ceil((to - corner) / size - 0.01F)) - 1;
  return {first, std::max(first, last)};
}

}  // namespace

Hand canvas(const char* id, ImVec2 size, const Cells& cells) {
  Item item = begin(id, size);
  if (!item.hand.by_keys) return item.hand;
  const ImVec2 cell(std::max(1.0F, cells.size.x), std::max(1.0F, cells.size.y));
  const auto across = range(item.box.Min.x, item.box.Max.x, cells.corner.x, cell.x);
  const auto down = range(item.box.Min.y, item.box.Max.y, cells.corner.y, cell.y);
  const auto centre = [&](int column, int row) {
    const ImVec2 at(cells.corner.x + cell.x * (static_cast<float>(column) + 0.5F),
                    cells.corner.y + cell.y * (static_cast<float>(row) + 0.5F));
    return ImVec2(std::clamp(at.x, item.box.Min.x, item.box.Max.x - 1.0F),
                  std::clamp(at.y, item.box.Min.y, item.box.Max.y - 1.0F));
  };
  const auto thing = [&](int column, int row) { return cells.thing ? cells.thing(centre(column, row)) : 1; };
  int& column = remembered(item.id, "column", across.first);
  int& row = remembered(item.id, "row", down.first);
  int& shown = remembered(item.id, "shown", -2);
  const bool arrived = shown + 1 < ImGui::GetFrameCount();
  shown = ImGui::GetFrameCount();
  column = std::clamp(column, across.first, across.second);
  row = std::clamp(row, down.first, down.second);
  const ImRect seen = ImGui::GetCurrentWindow()->ClipRect;
  if (arrived && !seen.Contains(centre(column, row))) {  // begin with what is in sight
    const int in_sight = range(seen.Min.x, seen.Max.x, cells.corner.x, cell.x).first;
    column = std::clamp(in_sight, across.first, across.second);
    row = std::clamp(range(seen.Min.y, seen.Max.y, cells.corner.y, cell.y).first, down.first, down.second);
  }
  if (arrived && thing(column, row) == 0) {  // the first thing in the order of reading
    bool found = false;
    for (int y = down.first; y <= down.second && !found; ++y) {
      for (int x = across.first; x <= across.second && !found; ++x) {
        found = thing(x, y) != 0;
        if (found) column = x, row = y;
      }
    }
  }
  const Steps steps = walking_steps(item.id);
  if (steps.first || steps.last) column = steps.first ? across.first : across.second;
  if (steps.x != 0 || steps.y != 0) {
    const std::size_t here = thing(column, row);
    const auto is_next = [&](int x, int y) {
      return !cells.thing || (thing(x, y) != 0 && thing(x, y) != here);
    };
    // Straight on, else what is nearest in that direction.
    int best = std::numeric_limits<int>::max(), best_x = column, best_y = row;
    for (int y = down.first; y <= down.second; ++y) {
      for (int x = across.first; x <= across.second; ++x) {
        const int along = (x - column) * steps.x + (y - row) * steps.y;
        const int aside = std::abs(x - column) * std::abs(steps.y) + std::abs(y - row) * std::abs(steps.x);
        if (along <= 0 || (!cells.thing && aside > 0)) continue;
        const int away = aside == 0 ? along : along + 4 * aside + across.second + down.second;
        if (away >= best || !is_next(x, y)) continue;
        best = away;
        best_x = x;
        best_y = y;
      }
    }
    column = best_x;
    row = best_y;
  }
  item.hand.at = centre(column, row);
  const float least = ImGui::GetFontSize() * 0.6F;  // of a ring: cells may be a pixel high
  const ImVec2 half(std::max(least, cells.thing ? 0.0F : cell.x) * 0.5F,
                    std::max(least, cells.thing ? 0.0F : cell.y) * 0.5F);
  show(item,
       ImRect(item.hand.at.x - half.x, item.hand.at.y - half.y, item.hand.at.x + half.x,
              item.hand.at.y + half.y),
       steps.any());
  return item.hand;
}

Hand canvas(const char* id, ImVec2 size, std::size_t places,
            const std::function<ImVec2(std::size_t)>& place) {
  Item item = begin(id, size);
  if (!item.hand.by_keys) return item.hand;
  const Steps steps = walking_steps(item.id);
  if (places == 0) {
    item.hand.inside = item.hand.clicked = false;
    return item.hand;
  }
  int& at = remembered(item.id, "place", 0);
  const int last = static_cast<int>(places) - 1;
  at = std::clamp(at + steps.x + steps.y, 0, last);
  if (steps.first || steps.last) at = steps.first ? 0 : last;
  item.hand.place = static_cast<std::size_t>(at);
  const ImVec2 wanted = place(item.hand.place);
  item.hand.at = std::isfinite(wanted.x) && std::isfinite(wanted.y) ? wanted : item.box.GetCenter();
  const float half = ImGui::GetFontSize() * 0.55F;
  show(item,
       ImRect(item.hand.at.x - half, item.hand.at.y - half, item.hand.at.x + half, item.hand.at.y + half),
       steps.any());
  return item.hand;
}

bool pressed_at(const char* id, ImVec2 from, ImVec2 to) {
  ImGuiWindow* window = ImGui::GetCurrentWindow();
  if (window->SkipItems) return false;
  const ImRect box(from, ImVec2(std::max(to.x, from.x + 1.0F), std::max(to.y, from.y + 1.0F)));
  const ImGuiID item = window->GetID(id);
  if (!ImGui::ItemAdd(box, item)) return false;
  bool hovered = false, held = false;
  const bool pressed = ImGui::ButtonBehavior(box, item, &hovered, &held);
  ImGui::RenderNavCursor(box, item);
  return pressed;
}

bool keyboard_is_on_an_item() {
  const ImGuiContext& g = *ImGui::GetCurrentContext();
  return g.NavCursorVisible && g.NavHighlightItemUnderNav && g.NavId != 0;
}

void let_tab_begin_anew() {
  ImGuiContext& g = *ImGui::GetCurrentContext();
  // ImGui looks for the item behind the one that has the ring, and finds none.
  if (g.NavId == 0 && g.ActiveId == 0) g.NavCursorVisible = false;
}

void move_keyboard_here() {
  ImGuiContext& g = *ImGui::GetCurrentContext();
  const bool rings = keyboard_is_on_an_item();
  ImGui::SetFocusID(ImGui::GetItemID(), ImGui::GetCurrentWindow());
  g.NavCursorVisible = g.NavHighlightItemUnderNav = rings;
}

bool panel_has_keys() {
  if (!ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) || ImGui::GetIO().WantTextInput)
    return false;
  if (keyboard_is_on_an_item() || ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup)) return false;
  const ImGuiID owner = ImGui::GetID("##panel_keys");
  for (const ImGuiKey key : walking_keys) ImGui::SetKeyOwner(key, owner);
  return true;
}

}  // namespace headlight
