// The inspector: what it shows, what clicks open, the way back, and nasty traces.
#include "gui/views/inspector_view.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "gui/strings.h"
#include "gui/widgets/significant_text.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

TEST(SignificantText, KeepsFourDigitsAndARealMinus) {
  EXPECT_EQ(significant_text(0.42134), "0.4213");
  EXPECT_EQ(significant_text(-12.3456), "−12.35");
  EXPECT_EQ(significant_text(9.99996), "10.00");
  EXPECT_EQ(significant_text(0.0001), "0.0001000");
  EXPECT_EQ(significant_text(0.0000123456), "1.235e−5");
  EXPECT_EQ(significant_text(-123456.0), "−1.235e5");
  EXPECT_EQ(significant_text(0.0), "0");
  EXPECT_EQ(significant_text(-std::numeric_limits<double>::infinity()), "−∞");
  EXPECT_EQ(significant_text(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(InspectorView, EveryHookHasItsSentenceInBothLanguages) {
  load_strings(assets_folder() / "strings");
  for (const Language each : {Language::english, Language::korean}) {
    set_language(each);
    for (const HookInfo& info : all_hooks()) {
      EXPECT_NE(text(info.sentence), info.sentence) << "no words for " << info.sentence;
    }
  }
  set_language(Language::english);
}

TEST(InspectorView, ClicksOpenOperandsAndTheTrailGoesBack) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 400, 700);
  SyntheticWorld world(SyntheticShape{});
  const ValueReference weight{Hook::pattern, 1, {2, 4, 1}};
  world.document.value = weight;
  InspectorView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.SetRef("view");
    ctx.ItemClick("inspector/$$0/##value");  // the score of the strongest key
    IM_CHECK(world.document.value.has_value());
    const ValueReference score = *world.document.value;
    IM_CHECK(score.hook == Hook::attn_scores);
    IM_CHECK_EQ(score.index[0], 2);
    IM_CHECK_EQ(score.index[1], 4);
    ctx.Yield(2);
    ctx.MouseMove("inspector/$$0/##factor");
    ctx.Yield(2);
    IM_CHECK(world.hover.value && world.hover.value->hook == Hook::rot_k);  // other views point at it
    IM_CHECK(*world.document.value == score);                               // while this one stays
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.value->hook == Hook::rot_k);
    IM_CHECK_EQ(world.document.value->index[1], 1);  // heads 2 and 3 share key/value head 1
    ctx.ItemClick("inspector/$$0/##back");
    IM_CHECK(*world.document.value == weight);
    ctx.Yield(2);
    IM_CHECK(!ctx.ItemExists("inspector/$$0/##back"));  // nothing to go back to
    ctx.ItemClick("inspector/##value");
    IM_CHECK(!world.document.value.has_value());
    for (const Command& edit : world.edits) IM_CHECK(std::holds_alternative<SelectValue>(edit));
  }));
}

// Another view's hover is shown while the mouse is there; inside the inspector it must not replace what is
// open.
TEST(InspectorView, ShowsWhatIsHoveredElsewhere) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 400, 700);
  SyntheticWorld world(SyntheticShape{});
  InspectorView view;
  std::optional<ValueReference> pointed = ValueReference{Hook::attn_scores, 1, {2, 4, 1}};
  const auto draw = [&] {
    world.hover.value = pointed;
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImVec2(400, 500));
    ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    Commands commands;
    view.draw(world.frame(), commands);
    ImGui::End();
    for (const Command& edit : commands.edits()) world.edits.push_back(edit);
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.MouseTeleportToPos(ImVec2(200, 650));
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("inspector/$$0/##factor"));  // q and k of a score
    IM_CHECK(!ctx.ItemExists("inspector/$$0/##weight"));
    ctx.MouseTeleportToPos(ImVec2(395, 495));
    ctx.Yield(3);
    pointed = ValueReference{Hook::pattern, 1, {2, 4, 1}};  // one of its own operands
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("inspector/$$0/##factor"));  // it stays what it was
    IM_CHECK(!ctx.ItemExists("inspector/$$0/##weight"));
    ctx.MouseTeleportToPos(ImVec2(200, 650));
    ctx.Yield(3);
    IM_CHECK(!ctx.ItemExists("inspector/$$0/##factor"));
    IM_CHECK(ctx.ItemExists("inspector/$$0/##weight"));
    pointed.reset();
    world.document.value = ValueReference{Hook::attn_scores, 1, {2, 4, 1}};
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("inspector/$$0/##factor"));  // what was kept
    world.document.value.reset();
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("inspector/$$0/##weight"));  // the current head's weight
    IM_CHECK(world.edits.empty());
  }));
}

// As large as below its title in a window of 1280 × 720.
TEST(InspectorView, ShowsFormulaAndFirstOperandsInALowPanel) {
  load_strings(assets_folder() / "strings");
  for (const Language language : {Language::english, Language::korean}) {
    set_language(language);
    ScriptedGui gui(ScriptedGui::Renderer::none, 371, 178);
    SyntheticWorld world(SyntheticShape{});
    world.document.value = ValueReference{Hook::pattern, 1, {2, 4, 1}};
    InspectorView view;
    EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
      ctx.Yield(3);
      ctx.SetRef("view");
      for (const char* operand : {"inspector/$$0/##value", "inspector/$$1/##value"})
        IM_CHECK_LE(ctx.ItemInfo(operand).RectFull.Max.y, 178.0F);
    }));
  }
  set_language(Language::english);
}

TEST(InspectorView, DrawsEveryHookOfNastyTraces) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 300, 400);
  InspectorView view;
  SyntheticWorld nothing;
  gui.draw_frames(nothing.drawn_by(view));
  SyntheticShape shapes[] = {{.positions = 1},
                             {.positions = 300, .layers = 1, .maps = false},
                             {.not_a_number = true},
                             {.layers = 1, .heads = 1, .kv_heads = 1},
                             {.positions = 2, .layers = 200},
                             {.layers_done = 1}};
  for (const SyntheticShape& shape : shapes) {
    SyntheticWorld world(shape);
    gui.draw_frames(world.drawn_by(view), 1);
    for (const HookInfo& info : all_hooks()) {
      // The last layer and position, and one that the trace does not have.
      const std::int64_t layer = info.in_block ? shape.layers - 1 : 0;
      for (const std::int64_t position : {std::int64_t{0}, shape.positions - 1, shape.positions}) {
        world.document.value = ValueReference{info.hook, layer, {0, 0, 0}};
        for (int axis = 0; axis < info.axis_count; ++axis) {
          if (info.axes[axis] == Axis::position || info.axes[axis] == Axis::query) {
            world.document.value->index[static_cast<std::size_t>(axis)] = position;
          }
        }
        gui.draw_frames(world.drawn_by(view), 1);
      }
    }
    EXPECT_TRUE(world.edits.empty());
  }
}

}  // namespace
}  // namespace headlight
