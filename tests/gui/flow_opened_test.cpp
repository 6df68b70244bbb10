// Attention opened in place, the keys that open parts, and the light on what a value was computed from.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/analysis/operands.h"
#include "gui/strings.h"
#include "gui/views/flow_view.h"
#include "gui/views/inspector_view.h"
#include "gui/widgets/lit_cells.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

using Step = FlowAttention::Step;

// The panel takes the keyboard with its first click; this one changes nothing.
void focus(ImGuiTestContext& ctx, const FlowView& view) {
  ctx.MouseMoveToPos(view.layout().footer.center());
  ctx.Yield(2);
  ctx.MouseClick(0);
  ctx.Yield(2);
}

TEST(FlowOpened, AttentionShowsEveryStepOfAPair) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  world.settings.reduced_motion = true;
  world.document.layer = 1;
  world.document.head = 3;
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.MouseMoveToPos(view.layout().map_cell(3, 1).center());
    ctx.Yield(2);
    ctx.MouseClick(0);
    ctx.Yield(3);
    IM_CHECK(view.detail().hook() == Hook::pattern);
    IM_CHECK(world.document.query == 3);
    const auto point_at = [&](Step step, std::int64_t query, std::int64_t key) {
      ctx.MouseTeleportToPos(view.detail().attention().cell(step, query, key)->center());
      ctx.Yield(2);
    };
    point_at(Step::dot, 3, 2);
    IM_CHECK(world.hover.value == (ValueReference{Hook::attn_scores, 1, {3, 3, 2}}));
    point_at(Step::score, 2, 1);
    IM_CHECK(world.hover.value == (ValueReference{Hook::attn_scores, 1, {3, 2, 1}}));
    point_at(Step::weight, 4, 0);
    IM_CHECK(world.hover.value == (ValueReference{Hook::pattern, 1, {3, 4, 0}}));
    IM_CHECK(world.hover.query == 4);
    IM_CHECK(world.hover.key == 0);
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.value == (ValueReference{Hook::pattern, 1, {3, 4, 0}}));
    point_at(Step::mix, 1, 0);
    IM_CHECK(world.hover.value && world.hover.value->hook == Hook::z);
    IM_CHECK(world.hover.value->index[0] == 1);
    // Walking goes on while it is open; a click outside closes it.
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.Yield(3);
    IM_CHECK_EQ(world.document.layer, 2);
    IM_CHECK(view.detail().is_open());
    ctx.MouseTeleportToPos(ImVec2(view.layout().corner.x + 2, view.layout().corner.y + 2));
    ctx.Yield(2);
    ctx.MouseClick(0);
    ctx.Yield(3);
    IM_CHECK(!view.detail().is_open());
  }));
}

TEST(FlowOpened, EveryPartIsReachedWithKeysAlone) {
  load_strings(assets_folder() / "strings");
  for (const SyntheticKind kind : synthetic_kinds) {
    ScriptedGui gui;
    SyntheticWorld world(SyntheticShape{.kind = kind});
    world.settings.reduced_motion = true;
    FlowView view;
    EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
      ctx.Yield(2);
      focus(ctx, view);
      ctx.KeyPress(ImGuiKey_Enter);
      ctx.Yield(3);
      IM_CHECK(view.detail().hook() == Hook::pattern);
      std::set<Hook> seen;
      for (std::size_t i = 0; i <= view.layout().columns.size() + 1; ++i) {
        seen.insert(*view.detail().hook());
        ctx.KeyPress(ImGuiMod_Shift | ImGuiKey_DownArrow);
        ctx.Yield(3);
        IM_CHECK(view.detail().is_open());
      }
      for (const FlowColumn& column : view.layout().columns) IM_CHECK(seen.contains(column.hook));
      const std::optional<Hook> last = view.detail().hook();
      ctx.KeyPress(ImGuiMod_Shift | ImGuiKey_UpArrow);
      ctx.Yield(3);
      IM_CHECK(view.detail().hook() != last);
      ctx.KeyPress(ImGuiKey_Escape);
      ctx.Yield(3);
      IM_CHECK(!view.detail().is_open());
    }));
  }
}

// Tab comes to the picture, Enter opens what the arrows have gone to and chooses a number of it, Esc leads
// back.
TEST(FlowOpened, NumbersAreChosenWithKeysAlone) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  world.settings.reduced_motion = true;
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ImGui::SetWindowFocus("view");
    ctx.Yield(2);
    ctx.KeyPress(ImGuiKey_Tab);
    ctx.Yield(2);
    for (int i = 0; i < 60 && !view.detail().is_open(); ++i) {  // down and to the left, until something opens
      ctx.KeyPress(i % 2 == 0 ? ImGuiKey_Enter : i < 8 ? ImGuiKey_DownArrow : ImGuiKey_LeftArrow);
      ctx.Yield(3);
    }
    IM_CHECK(view.detail().is_open());
    const ImGuiID picture = ImGui::GetCurrentContext()->NavId;
    const Hook opened = *view.detail().hook();
    std::set<std::string> chosen;
    for (int i = 0; i < 3; ++i) {
      ctx.KeyPress(ImGuiKey_Enter);
      ctx.Yield(2);
      IM_CHECK(world.document.value.has_value());
      chosen.insert(fmt::format("{} {}", world.document.value->index[1], world.document.value->index[2]));
      ctx.KeyPress(ImGuiKey_RightArrow);
      ctx.Yield(2);
    }
    IM_CHECK_EQ(chosen.size(), 3U);
    IM_CHECK(view.detail().hook() == opened);
    ctx.KeyPress(ImGuiKey_Tab);  // how they are ordered, and the cross that closes
    IM_CHECK(ImGui::GetCurrentContext()->NavId != picture);
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.Yield(3);
    IM_CHECK(!view.detail().is_open());
    const std::int64_t layer = world.document.layer;
    ctx.KeyPress(ImGuiKey_LeftArrow);
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.Yield(2);
    IM_CHECK_EQ(world.document.layer, layer);  // they walk over the picture again, not through the layers
    IM_CHECK(ImGui::GetCurrentContext()->NavCursorVisible);
  }));
}

TEST(FlowOpened, AttentionOfNastyTraces) {
  load_strings(assets_folder() / "strings");
  const std::array<SyntheticShape, 8> shapes = {{{.positions = 1, .layers = 1, .heads = 1, .kv_heads = 1},
                                                 {.positions = 300, .layers = 1},
                                                 {.positions = 300, .layers = 1, .maps = false},
                                                 {.layers = 200, .heads = 1, .kv_heads = 1},
                                                 {.layers_done = 0},
                                                 {.not_a_number = true},
                                                 {.positions = 40, .kind = SyntheticKind::gemma},
                                                 {.positions = 7, .kind = SyntheticKind::bert}}};
  for (const SyntheticShape& shape : shapes) {
    ScriptedGui gui(ScriptedGui::Renderer::none, 700, 420);
    SyntheticWorld world(shape);
    world.settings.reduced_motion = true;
    FlowView view;
    EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
      ctx.Yield(2);
      focus(ctx, view);
      ctx.KeyPress(ImGuiKey_Enter);
      ctx.Yield(3);
      IM_CHECK(view.detail().hook() == Hook::pattern);
      if (shape.layers_done == 0) return;
      IM_CHECK(view.detail().attention().cell(Step::weight, world.frame().locked_query(), 0).has_value());
    }));
  }
}

// How far the numbers of the opened part are scrolled; -1 while there are none.
float scroll_of_numbers() {
  for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
    if (window->WasActive && std::string_view(window->Name).find("##numbers") != std::string_view::npos)
      return window->Scroll.y;
  }
  return -1;
}

// Sorted by value: the largest stands at the top, the smallest at the end of what scrolls.
TEST(FlowOpened, TheChosenNumberComesIntoSight) {
  load_strings(assets_folder() / "strings");
  for (const bool largest : {true, false}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, 700, 240);
    SyntheticWorld world(SyntheticShape{});
    world.settings.reduced_motion = true;
    const std::span<const float> logits = world.result.trace->row(Hook::logits, 0, 4);
    const auto at = largest ? std::max_element(logits.begin(), logits.end())
                            : std::min_element(logits.begin(), logits.end());
    world.document.value = ValueReference{Hook::logits, 0, {4, at - logits.begin(), 0}};
    FlowView view;
    view.open_part(Hook::logits);
    EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
      ctx.Yield(6);
      IM_CHECK(view.detail().is_open());
      IM_CHECK_EQ(scroll_of_numbers() > 0, !largest);
      IM_CHECK_GE(scroll_of_numbers(), 0.0F);
    }));
  }
}

// The picture changes where the operands of the chosen value are, and only a value with operands there does
// it.
TEST(FlowOpened, OperandsOfTheChosenValueAreLit) {
  const auto picture_with = [](const std::optional<ValueReference>& value) {
    ScriptedGui gui(ScriptedGui::Renderer::opengl, 900, 500);
    SyntheticWorld world(SyntheticShape{});
    world.document.value = value;
    FlowView view;
    gui.draw_frames(world.drawn_by(view));
    return gui.picture();
  };
  const Picture plain = picture_with(std::nullopt);
  EXPECT_GT(pixels_that_differ(plain, picture_with(ValueReference{Hook::z, 0, {3, 0, 1}})), 100);
  EXPECT_EQ(pixels_that_differ(plain, picture_with(ValueReference{Hook::rot_q, 1, {3, 0, 1}})), 0)
      << "of a layer that is not shown";
}

TEST(LitSpan, IsThePartOfOneRow) {
  const std::vector<LitRange> lit = {{Hook::v, 1, {0, 1, 3}, {5, 2, 4}}};
  EXPECT_FALSE(lit_span(lit, {Hook::v, 0, {2, 1, 0}}, 2));
  EXPECT_FALSE(lit_span(lit, {Hook::v, 1, {5, 1, 0}}, 2));
  EXPECT_FALSE(lit_span(lit, {Hook::v, 1, {2, 0, 0}}, 2));
  const auto span = lit_span(lit, {Hook::v, 1, {4, 1, 0}}, 2);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->first, 3);
  EXPECT_EQ(span->last, 4);
  EXPECT_TRUE(is_lit(lit, {Hook::v, 1, {0, 1, 3}}));
  EXPECT_FALSE(is_lit(lit, {Hook::v, 1, {0, 1, 2}}));
}

TEST(OperandWalk, KeysGoDownToTheWeightsAndBack) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 420, 760);
  SyntheticWorld world(SyntheticShape{});
  const ValueReference start{Hook::pattern, 1, {0, 4, 2}};
  world.document.value = start;
  InspectorView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(400, 740));
    ctx.Yield(2);
    ctx.MouseClick(0);
    ctx.Yield(2);
    ctx.KeyPress(ImGuiKey_DownArrow);
    ctx.Yield(3);
    const auto operands = operands_of(*world.result.trace, start);
    // Every view points at the operand that the keyboard stands on.
    IM_CHECK(world.hover.value == operands->operands[0].reference);
    ctx.KeyPress(ImGuiKey_DownArrow);
    ctx.Yield(3);
    IM_CHECK(world.hover.value == operands->operands[1].reference);
    ctx.KeyPress(ImGuiKey_UpArrow);
    ctx.Yield(3);
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.Yield(3);
    const ValueReference score = *operands->operands[0].reference;
    IM_CHECK(world.document.value == score);
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.Yield(3);
    IM_CHECK(world.document.value && world.document.value->hook == Hook::rot_q);
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.Yield(3);
    IM_CHECK(world.document.value && world.document.value->hook == Hook::q);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    ctx.Yield(3);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    ctx.Yield(3);
    IM_CHECK(world.document.value == score);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    ctx.Yield(3);
    IM_CHECK(world.document.value == start);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    ctx.Yield(3);
    IM_CHECK(world.document.value == start);
  }));
}

}  // namespace
}  // namespace headlight
