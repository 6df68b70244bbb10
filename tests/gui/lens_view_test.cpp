// The Lens view: every part with nasty traces, and what clicks and keys emit.
#include "gui/views/lens_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "gui/strings.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr std::array parts = {LensPart::grid, LensPart::ranks, LensPart::attribution, LensPart::loss};
constexpr std::array numbers = {LensNumber::probability, LensNumber::rank, LensNumber::entropy,
                                LensNumber::divergence};

// What the worker would add.
void score(SyntheticWorld& world) {
  if (world.result.trace && world.result.trace->complete()) {
    world.result.scores = token_scores(*world.result.trace, nullptr, [] { return false; });
  }
}

TEST(LensView, EveryPartSurvivesNastyTraces) {
  load_strings(assets_folder() / "strings");
  std::vector<SyntheticShape> shapes = {SyntheticShape{},
                                        SyntheticShape{.weights = true},
                                        SyntheticShape{.positions = 1, .weights = true},
                                        SyntheticShape{.positions = 300, .layers = 1, .weights = true},
                                        SyntheticShape{.layers = 200, .weights = true},
                                        SyntheticShape{.not_a_number = true, .weights = true},
                                        SyntheticShape{.layers_done = 1, .weights = true},
                                        SyntheticShape{.maps = false, .weights = true}};
  for (const SyntheticKind kind : synthetic_kinds) shapes.push_back({.kind = kind, .weights = true});
  for (const SyntheticShape& shape : shapes) {
    for (const int width : {300, 1280}) {
      ScriptedGui gui(ScriptedGui::Renderer::none, width, 700);
      SyntheticWorld world(shape);
      score(world);
      LensView view;
      for (const LensPart part : parts) {
        for (const LensNumber number : numbers) {
          world.document.lens.part = part;
          world.document.lens.number = number;
          world.document.lens.target = number == LensNumber::rank ? std::optional<TokenId>(7) : std::nullopt;
          world.document.lens.distractor =
              number == LensNumber::entropy ? std::optional<TokenId>(9999) : std::nullopt;
          world.document.query =
              number == LensNumber::rank ? std::optional<std::int64_t>(1000) : std::nullopt;
          gui.draw_frames(world.drawn_by(view), 2);
          std::this_thread::sleep_for(std::chrono::milliseconds(4));  // the workers are quick with 40 tokens
          gui.draw_frames(world.drawn_by(view), 2);
        }
      }
      EXPECT_TRUE(world.edits.empty());
    }
  }
  ScriptedGui gui;
  SyntheticWorld nothing;
  LensView view;
  gui.draw_frames(nothing.drawn_by(view), 2);
  EXPECT_TRUE(nothing.edits.empty());
}

// Waits until the worker has made what `there` asks for.
bool wait_for(ImGuiTestContext& ctx, const std::function<bool()>& there) {
  for (int i = 0; i < 20000 && !there(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the engine's own clock runs faster
    ctx.Yield();
  }
  return there();
}

// In windows of all heights: no bar for a fraction of a pixel, and the last column, which is the chosen one,
// is in view.
TEST(LensView, AGridOfALongTextShowsItsLastColumn) {
  load_strings(assets_folder() / "strings");
  SyntheticWorld world(SyntheticShape{.positions = 400, .layers = 30, .weights = true});
  world.document.lens.part = LensPart::grid;
  for (int height = 500; height < 520; ++height) {
    ScriptedGui gui(ScriptedGui::Renderer::none, 1200, height);
    LensView view;
    gui.draw_frames(world.drawn_by(view), 6);
    const ImGuiWindow* cells = nullptr;
    for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
      if (window->WasActive && std::string_view(window->Name).find("##cells") != std::string_view::npos)
        cells = window;
    }
    ASSERT_NE(cells, nullptr);
    EXPECT_TRUE(cells->ScrollbarX) << height;
    EXPECT_FALSE(cells->ScrollbarY) << height;
    EXPECT_GE(cells->Scroll.x, cells->ScrollMax.x - 1.0F) << height;
  }
}

TEST(LensView, ACellLocksItsPositionAndTokenAndLetsGoAgain) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6, .weights = true});
  LensView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.WindowFocus("");
    // The top row of the third column: the model's own output. The picture takes its size when it is made.
    const auto move_there = [&] {
      const ImRect cells = ctx.ItemInfo("**/##lens").RectFull;
      ctx.MouseMoveToPos(
          ImVec2(cells.Min.x + cells.GetWidth() * 2.5F / 6.0F, cells.Min.y + cells.GetHeight() * 0.12F));
    };
    move_there();
    const std::span<const float> logits = world.result.trace->row(Hook::logits, 0, 2);
    const auto best = static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    // On its way the mouse passes other cells, and the columns come one after the other.
    IM_CHECK(wait_for(ctx, [&] {
      if (world.hover.query == 2 && world.hover.candidate == best) return true;
      move_there();
      return false;
    }));
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.query == 2);
    IM_CHECK(world.document.candidate == best);
    const ValueReference logit{Hook::logits, 0, {2, best, 0}};
    IM_CHECK(world.document.value == logit);
    ctx.SleepNoSkip(1.0F, 0.1F);  // or the two clicks are a double click
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(!world.document.query);
    IM_CHECK(!world.document.candidate);
    IM_CHECK(!world.document.value);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    IM_CHECK(world.document.query == 4);
    ctx.KeyPress(ImGuiKey_UpArrow);
    IM_CHECK_EQ(world.document.layer, 1);
    ctx.KeyPress(ImGuiKey_DownArrow, 3);
    IM_CHECK_EQ(world.document.layer, 0);
    ctx.KeyPress(ImGuiKey_RightArrow, 4);
    IM_CHECK(world.document.query == 5);
  }));
}

TEST(LensView, PartsNumbersAndTargetAreChosenAndASearchFindsATokenByItsLetters) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6, .weights = true});
  score(world);
  LensView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.ItemClick("number/$$2/##pill");
    IM_CHECK(world.document.lens.number == LensNumber::entropy);
    ctx.ItemClick("##target");
    ctx.Yield(2);
    ctx.KeyChars("·d2");
    ctx.Yield(2);
    ctx.KeyPress(ImGuiKey_Enter);
    ctx.Yield(2);
    IM_CHECK(world.document.lens.target == 29);  // " d2": the 26 letters come first
    ctx.ItemClick("part/$$1/##pill");
    IM_CHECK(world.document.lens.part == LensPart::ranks);
    ctx.ItemClick("##distractor");
    ctx.Yield(2);
    ctx.KeyChars("·e2");
    ctx.Yield(2);
    ctx.KeyPress(ImGuiKey_Enter);
    ctx.Yield(2);
    IM_CHECK(world.document.lens.distractor == 30);
    // A curve's end names its token; a click there follows it.
    IM_CHECK(wait_for(ctx, [&] { return ctx.ItemExists("##ranks"); }));
    const ImRect plot = ctx.ItemInfo("##ranks").RectFull;
    bool found = false;
    IM_CHECK(wait_for(ctx, [&] {
      for (float y = plot.Min.y + 8; y < plot.Max.y && !found; y += 20) {
        ctx.MouseMoveToPos(ImVec2(plot.Max.x - 30, y));
        ctx.Yield();
        found = world.hover.candidate.has_value();
      }
      return found;
    }));
    const TokenId token = *world.hover.candidate;
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.candidate == token);
    ctx.ItemClick("part/$$3/##pill");
    const ImRect bars = ctx.ItemInfo("**/##loss").RectFull;
    ctx.MouseMoveToPos(ImVec2(bars.Min.x + bars.GetWidth() * 0.5F, bars.GetCenter().y));
    ctx.Yield(2);
    IM_CHECK(world.hover.query == 3);
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.query == 3);
    IM_CHECK(world.document.value && world.document.value->index[0] == 2);  // what was said before it
  }));
}

TEST(LensView, AttributionChoosesAHeadAndTheTokensItReadFrom) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6, .weights = true});
  world.document.lens.part = LensPart::attribution;
  LensView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    const auto head_hovered = [&] {
      for (float y = 250; y < 700; y += 9) {
        ctx.MouseMoveToPos(ImVec2(200, y));
        ctx.Yield();
        if (world.hover.head && world.hover.head->second == 2) return true;
      }
      return false;
    };
    IM_CHECK(wait_for(ctx, head_hovered));
    const auto head = *world.hover.head;
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.layer == head.first && world.document.head == head.second);
    ctx.ItemClick("**/##key");  // the first token
    IM_CHECK(world.document.key == 0);
    const ValueReference weight{Hook::pattern, head.first, {head.second, 5, 0}};
    IM_CHECK(world.document.value == weight);
  }));
}

}  // namespace
}  // namespace headlight
