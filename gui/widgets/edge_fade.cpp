// Drawn over what the window holds, beside its scroll bar.
#include "gui/widgets/edge_fade.h"

#include <algorithm>
#include <cmath>

#include "gui/theme.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr float default_reach = 1.6F;  // ems
constexpr float gone_share = 0.22F;    // of the reach, where nothing is seen any more

// From `edge` inwards: `reach` is negative at a lower edge.
void fade(ImDrawList& list, const ImRect& room, float edge, float reach) {
  const float gone = edge + std::round(reach * gone_share), end = edge + reach;  // no seam between the two
  const ImU32 full = ImGui::GetColorU32(ImGuiCol_WindowBg), clear = with_alpha(full, 0);
  list.AddRectFilled(ImVec2(room.Min.x, std::min(edge, gone)), ImVec2(room.Max.x, std::max(edge, gone)),
                     full);
  const ImU32 upper = reach > 0 ? full : clear, lower = reach > 0 ? clear : full;
  list.AddRectFilledMultiColor(ImVec2(room.Min.x, std::min(gone, end)),
                               ImVec2(room.Max.x, std::max(gone, end)), upper, upper, lower, lower);
}

}  // namespace

void fade_edges_of(ImVec2 corner, ImVec2 opposite, float above, float below, float reach) {
  const ImRect room(corner.x, std::floor(corner.y), opposite.x, std::ceil(opposite.y));  // no sliver is left
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float most = std::min(reach, room.GetHeight() / 3);
  const auto strength = [](float hidden) {  // the last pixels of the way uncover it
    return std::min(1.0F, hidden / ImGui::GetFontSize());
  };
  list.PushClipRect(room.Min, room.Max, true);
  if (above >= 1) fade(list, room, room.Min.y, most * strength(above));
  if (below >= 1) fade(list, room, room.Max.y, -most * strength(below));
  list.PopClipRect();
}

void fade_edges(float row_height) {
  const float reach = ImGui::GetFontSize() * default_reach;
  const ImGuiWindow* window = ImGui::GetCurrentWindow();
  for (float row = row_height; window; row = 0, window = window->ParentWindow) {
    float above = window->Scroll.y, below = window->ScrollMax.y - above;
    if (row > 0) {  // how much of a row is hidden, or how much is left of it
      const float beyond = std::fmod(above, row), cut = std::min(beyond, row - beyond);
      above = std::min(above, cut);
      below = std::min(below, cut);
    }
    fade_edges_of(window->InnerRect.Min, window->InnerRect.Max, above, below, reach);
    if (window == window->RootWindow) break;  // not what it is docked in: that says to scroll as it does
  }
}

}  // namespace headlight
