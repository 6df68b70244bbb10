// What scrolls fades at the edges beyond which it goes on, and at no other.
#include "gui/widgets/edge_fade.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/attention_view.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr float line = 20, room = 200;

struct Drawn {
  bool above = false, below = false;
  std::vector<ImU32> colors;
};

// What fade_edges() adds to the current window, whose list scrolls between `top` and `bottom`.
Drawn drawn_by_fade(float top, float bottom, float row_height) {
  const ImDrawList& list = *ImGui::GetWindowDrawList();
  const int before = list.VtxBuffer.Size;
  fade_edges(row_height);
  Drawn drawn;
  for (int i = before; i < list.VtxBuffer.Size; ++i) {
    const ImDrawVert& corner = list.VtxBuffer[i];
    drawn.above = drawn.above || corner.pos.y <= top;
    drawn.below = drawn.below || corner.pos.y >= bottom;
    drawn.colors.push_back(corner.col);
  }
  return drawn;
}

// A list of some lines in a room of ten, scrolled to a place; within a window of its own when `nested`.
Drawn drawn_list(ScriptedGui& gui, int lines, float scroll, bool nested = false, float row_height = 0) {
  Drawn drawn;
  gui.draw_frames([&] {
    ImGui::SetNextWindowSize(ImVec2(400, 400));
    ImGui::Begin("dialog");
    ImGui::BeginChild("list", ImVec2(300, room));
    ImGui::SetScrollY(scroll);
    const ImRect edges = ImGui::GetCurrentWindow()->InnerRect;
    if (nested) ImGui::BeginChild("column", ImVec2(200, 0), ImGuiChildFlags_AutoResizeY);
    ImGui::Dummy(ImVec2(100, line * static_cast<float>(lines)));
    drawn = drawn_by_fade(edges.Min.y, edges.Max.y, row_height);
    if (nested) ImGui::EndChild();
    ImGui::EndChild();
    ImGui::End();
  });
  return drawn;
}

TEST(EdgeFade, IsWhereTheContentGoesOn) {
  ScriptedGui gui;
  ImGui::GetStyle().ItemSpacing = ImVec2(0, 0);
  for (const bool nested : {false, true}) {
    EXPECT_TRUE(drawn_list(gui, 10, 0, nested).colors.empty());
    const Drawn top = drawn_list(gui, 30, 0, nested);
    EXPECT_FALSE(top.above);
    EXPECT_TRUE(top.below);
    const Drawn middle = drawn_list(gui, 30, 100, nested);
    EXPECT_TRUE(middle.above);
    EXPECT_TRUE(middle.below);
    const Drawn end = drawn_list(gui, 30, 400, nested);
    EXPECT_TRUE(end.above);
    EXPECT_FALSE(end.below);
  }
}

TEST(EdgeFade, LeavesWholeRows) {
  ScriptedGui gui;
  ImGui::GetStyle().ItemSpacing = ImVec2(0, 0);
  for (const float scroll : {0.0F, 100.0F, 400.0F})
    EXPECT_TRUE(drawn_list(gui, 30, scroll, false, line).colors.empty()) << scroll;
  const Drawn cut = drawn_list(gui, 30, 110, false, line);
  EXPECT_TRUE(cut.above);
  EXPECT_TRUE(cut.below);
}

TEST(EdgeFade, HasTheColourOfTheGround) {
  ScriptedGui gui;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    apply_theme(theme, 1.0F);
    const std::vector<ImU32> colors = drawn_list(gui, 30, 100).colors;
    ASSERT_FALSE(colors.empty());
    for (const ImU32 color : colors) EXPECT_EQ(color | IM_COL32_A_MASK, palette().panel);
    EXPECT_NE(std::find(colors.begin(), colors.end(), palette().panel), colors.end());
    EXPECT_NE(std::find(colors.begin(), colors.end(), with_alpha(palette().panel, 0)), colors.end());
  }
  apply_theme(Theme::dark, 1.0F);
}

// The room that the center leaves for a view in a window of 1280 × 720.
TEST(AttentionLists, ArcsOf14TokensAreAllSeen) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 1007, 449);
  SyntheticWorld world(SyntheticShape{.positions = 14});
  AttentionView view;
  world.document.attention_mode = AttentionMode::arcs;
  gui.draw_frames(world.drawn_by(view), 60);
  const ImGuiWindow* arcs = nullptr;
  for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
    if (window->WasActive && std::string_view(window->Name).find("##arcs") != std::string_view::npos)
      arcs = window;
  }
  ASSERT_NE(arcs, nullptr);
  EXPECT_LE(arcs->ScrollMax.y, 1.0F);
}

}  // namespace
}  // namespace headlight
