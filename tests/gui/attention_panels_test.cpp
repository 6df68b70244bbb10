// Arcs, coloured text, dimensions and rollout: nasty traces, what they emit, and what they cost.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <ctime>

#include "core/session/document_names.h"
#include "gui/strings.h"
#include "gui/views/arc_strokes.h"
#include "gui/views/attention_note.h"
#include "gui/views/attention_view.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr std::array new_modes = {AttentionMode::arcs, AttentionMode::heat, AttentionMode::neuron,
                                  AttentionMode::rollout};

template <typename Kind>
const Kind* last_of(const std::vector<Command>& edits) {
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (const Kind* found = std::get_if<Kind>(&*edit)) return found;
  }
  return nullptr;
}

TEST(AttentionPanels, DrawNastyTraces) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  std::vector<SyntheticWorld> worlds(1);  // the first: nothing at all
  for (const SyntheticShape& shape :
       {SyntheticShape{.positions = 1}, SyntheticShape{.positions = 300, .layers = 2},
        SyntheticShape{.not_a_number = true}, SyntheticShape{.layers = 1, .heads = 1, .kv_heads = 1},
        SyntheticShape{.layers = 200}, SyntheticShape{.layers_done = 1}, SyntheticShape{.layers_done = 0},
        SyntheticShape{.positions = 90, .maps = false}, SyntheticShape{.kind = SyntheticKind::bert}}) {
    worlds.emplace_back(shape);
  }
  for (SyntheticWorld& world : worlds) {
    AttentionView view;
    for (const AttentionMode mode : new_modes) {
      for (const TokenFold fold : {TokenFold::tokens, TokenFold::graphemes, TokenFold::words}) {
        for (const bool odd : {false, true}) {
          world.document.attention_mode = mode;
          world.document.attention.fold = fold;
          world.document.attention.heat_to = odd;
          world.document.attention.merge = odd ? HeadMerge::largest : HeadMerge::one;
          world.document.attention.arc_heads =
              odd ? std::vector<std::int64_t>{1, 99, -1} : std::vector<std::int64_t>{};
          world.document.layer = odd ? 2 : 0;
          world.document.hide_sink = odd;
          world.document.map_scale = odd ? MapScale::per_row : MapScale::square_root;
          world.document.query = odd ? std::optional<std::int64_t>(1000) : std::nullopt;  // beyond the text
          world.document.key = world.document.query;
          gui.draw_frames(world.drawn_by(view), 2);
        }
      }
    }
    EXPECT_TRUE(world.edits.empty());
  }
}

TEST(AttentionPanels, DrawEveryPartOfAnEncoderDecoder) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  for (const bool maps : {true, false}) {
    SyntheticWorld world(SyntheticShape{.positions = 9, .maps = maps, .kind = SyntheticKind::t5});
    AttentionView view;
    for (const AttentionPart part : {AttentionPart::self, AttentionPart::cross, AttentionPart::encoder}) {
      for (const AttentionMode mode : new_modes) {
        for (const bool toward : {false, true}) {
          world.document.attention_part = part;
          world.document.attention_mode = mode;
          world.document.attention.heat_to = toward;
          EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) { ctx.Yield(3); }));
        }
      }
    }
  }
}

TEST(AttentionPanels, AWordOfTheArcsLocksAndHeadsAreToggled) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 8});
  world.document.attention_mode = AttentionMode::arcs;
  world.document.head = 1;
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.ItemClick("**/heads/$$3/##head");
    IM_CHECK(world.document.attention.arc_heads == std::vector<std::int64_t>{3});
    ctx.SleepNoSkip(1.0F, 0.1F);
    ctx.ItemClick("**/heads/$$1/##head");  // the current one goes: the other takes its place
    IM_CHECK_EQ(world.document.head, 3);
    IM_CHECK(world.document.attention.arc_heads.empty());
    ctx.SleepNoSkip(1.0F, 0.1F);
    ctx.ItemDoubleClick("**/heads/$$3/##head");  // alone: all
    IM_CHECK_EQ(world.document.attention.arc_heads.size(), 3U);
    ctx.SleepNoSkip(1.0F, 0.1F);
    ctx.ItemDoubleClick("**/heads/$$0/##head");
    IM_CHECK_EQ(world.document.head, 0);
    IM_CHECK(world.document.attention.arc_heads.empty());
    ctx.ItemClick("**/##queries");
    IM_CHECK(world.document.query.has_value());
    ctx.ItemClick("**/fold/$$2/##pill");
    IM_CHECK(world.document.attention.fold == TokenFold::words);
  }));
}

TEST(AttentionPanels, ArcsThatDoNotFitShowTheChosenQueryInWholeRows) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 90});
  world.document.attention_mode = AttentionMode::arcs;
  AttentionView view;
  const std::function<void()> draw = world.drawn_by(view);
  float type = 0;  // height of the view's, pixels
  const auto draw_measured = [&] {
    type = ImGui::GetFontSize();
    draw();
  };
  EXPECT_TRUE(gui.run(draw_measured, [&](ImGuiTestContext& ctx) {
    ctx.Yield(3);
    const ImGuiTestItemInfo column = ctx.ItemInfo("**/##queries");
    const ImGuiWindow& window = *column.Window;
    IM_CHECK(window.ScrollMax.y > 0.0F);
    IM_CHECK_EQ(window.Scroll.y, window.ScrollMax.y);  // without a choice: the last
    // What is seen and what is not are whole rows of one height, in which words can be read.
    const float height = column.RectFull.GetHeight();
    const float rows = 90.0F * height / (height + window.ScrollMax.y);
    IM_CHECK(std::abs(rows - std::round(rows)) < 0.01F);
    IM_CHECK(height / rows >= type);
    world.document.query = 3;
    ctx.Yield(3);
    IM_CHECK(window.Scroll.y <= 3.0F * height / rows);
    ctx.MouseMoveToPos(ImVec2(column.RectFull.GetCenter().x, column.RectFull.Max.y - 2.0F));
    ctx.Yield(2);
    IM_CHECK(world.hover.query == static_cast<std::int64_t>(std::lround(rows)) - 1);
  }));
}

TEST(AttentionPanels, ATokenOfTheTextIsChosenAndLocked) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 8});
  world.document.attention_mode = AttentionMode::heat;
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    const ImGuiTestItemInfo text_item = ctx.ItemInfo("**/queries/##text");
    ctx.MouseMoveToPos(ImVec2(text_item.RectFull.Min.x + 12, text_item.RectFull.Min.y + 24));
    ctx.Yield(2);
    IM_CHECK(world.hover.query == 0);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.query == 0);
    ctx.ItemClick("**/direction/$$1/##pill");
    IM_CHECK(world.document.attention.heat_to);
    ctx.MouseMoveToPos(ImVec2(text_item.RectFull.Min.x + 12, text_item.RectFull.Min.y + 24));
    ctx.Yield(2);
    IM_CHECK(world.hover.key == 0);
    ctx.ItemClick("**/merge/$$1/##pill");
    IM_CHECK(world.document.attention.merge == HeadMerge::mean);
  }));
}

TEST(AttentionPanels, NumbersOpenAndKeysWalk) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 8});
  world.document.attention_mode = AttentionMode::neuron;
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.ItemClick("**/##sums");
    const SelectValue* selected = last_of<SelectValue>(world.edits);
    IM_CHECK(selected != nullptr && selected->value.has_value());
    IM_CHECK(selected->value->hook == Hook::attn_scores);
    IM_CHECK_EQ(selected->value->index[1], 7);
    ctx.KeyPress(ImGuiKey_UpArrow);
    IM_CHECK(world.document.key.has_value());
    ctx.KeyPress(ImGuiKey_LeftArrow);
    IM_CHECK(world.document.query == 6);
    world.document.attention_mode = AttentionMode::rollout;
    ctx.Yield(2);
    ctx.ItemClick("**/##cells");
    IM_CHECK(world.document.query.has_value());
    IM_CHECK(world.document.query != 6);
  }));
}

TEST(AttentionPanels, TheExperimentSwitchesTheHeadOffAndOn) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  world.document.layer = 2;
  world.document.head = 1;
  world.document.text = "it's";
  world.document.model = "small";
  world.document.attention_mode = AttentionMode::arcs;
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.ItemClick("**/experiment/##off");
    IM_CHECK_EQ(world.document.interventions.size(), 1U);
    IM_CHECK_STR_EQ(intervention_text(world.document.interventions.front()).c_str(), "L2 H1 attn.hook_z × 0");
    ctx.ItemClick("**/experiment/##copy");
    IM_CHECK_STR_EQ(
        ImGui::GetClipboardText(),
        "headlight ablate --model 'small' --text 'it'\\''s' --hook blocks.2.attn.hook_z --head 1");
    ctx.ItemClick("**/experiment/##off");
    IM_CHECK(world.document.interventions.empty());
  }));
}

// In a narrow panel the last modes are behind a word that opens a menu.
TEST(AttentionPanels, EveryModeIsReachedInANarrowPanel) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 340, 700);
  SyntheticWorld world(SyntheticShape{});
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.SetRef("view");
    ctx.ItemClick("attention/mode_rest/##more");
    ctx.SetRef("//$FOCUSED");
    ctx.ItemClick(text("attention.mode_rollout").c_str());
    IM_CHECK(world.document.attention_mode == AttentionMode::rollout);
  }));
}

TEST(ArcStrokes, LeaveAndArriveHorizontally) {
  EXPECT_FLOAT_EQ(arc_height(ImVec2(0, 10), ImVec2(100, 50), 0), 10);
  EXPECT_FLOAT_EQ(arc_height(ImVec2(0, 10), ImVec2(100, 50), 50), 30);
  EXPECT_FLOAT_EQ(arc_height(ImVec2(0, 10), ImVec2(100, 50), 100), 50);
  EXPECT_LT(arc_height(ImVec2(0, 10), ImVec2(100, 50), 5), 10.5F);
}

double thread_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

TEST(AttentionPanels, ArcsOf512TokensAreDrawnInFourMilliseconds) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 512, .layers = 1});
  world.document.attention_mode = AttentionMode::arcs;
  world.document.attention.arc_threshold = 0.002;  // far below the slider: more lines than are drawn
  world.document.attention.arc_heads = {1};
  AttentionView view;
  const std::function<void()> draw = world.drawn_by(view);
  double least = 1e9;
  gui.draw_frames(draw, 5);
  gui.draw_frames(
      [&] {
        const double start = thread_milliseconds();
        draw();
        least = std::min(least, thread_milliseconds() - start);
      },
      20);
  RecordProperty("milliseconds", std::to_string(least));
  std::printf("arcs of 512 tokens, two heads: %.2f ms\n", least);
  EXPECT_GT(ImGui::GetDrawData()->TotalVtxCount, 50'000);  // there is something to draw
  EXPECT_LT(least, 4.0);  // the budget of the view; least of twenty, as the machine may be busy
}

}  // namespace
}  // namespace headlight
