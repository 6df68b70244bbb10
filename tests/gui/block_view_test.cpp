// The Block view with nasty traces, and what clicks and keys emit.
#include "gui/views/block_view.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gui/strings.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

TEST(BlockHooks, StandInTheOrderOfTheWiring) {
  const auto of = [](SyntheticKind kind) {
    return block_hooks(synthetic_trace({.positions = 1, .kind = kind})->model().architecture);
  };
  EXPECT_EQ(of(SyntheticKind::llama),
            (std::vector<Hook>{Hook::resid_pre, Hook::ln1_normalized, Hook::attn_out, Hook::resid_mid,
                               Hook::ln2_normalized, Hook::mlp_pre, Hook::mlp_post, Hook::mlp_out,
                               Hook::resid_post}));
  EXPECT_EQ(of(SyntheticKind::bert).back(), Hook::ln2_normalized);
  for (const Hook hook : of(SyntheticKind::neox)) EXPECT_NE(hook, Hook::resid_mid);
}

TEST(BlockView, SurvivesNastyTraces) {
  load_strings(assets_folder() / "strings");
  std::vector<SyntheticShape> shapes = {SyntheticShape{},
                                        SyntheticShape{.weights = true},
                                        SyntheticShape{.positions = 1, .weights = true},
                                        SyntheticShape{.positions = 300, .layers = 1, .weights = true},
                                        SyntheticShape{.layers = 200, .weights = true},
                                        SyntheticShape{.not_a_number = true, .weights = true},
                                        SyntheticShape{.layers_done = 1, .weights = true},
                                        SyntheticShape{.layers_done = 0},
                                        SyntheticShape{.maps = false}};
  for (const SyntheticKind kind : synthetic_kinds) shapes.push_back({.kind = kind, .weights = true});
  for (const SyntheticShape& shape : shapes) {
    for (const int width : {300, 1280}) {
      ScriptedGui gui(ScriptedGui::Renderer::none, width, 700);
      SyntheticWorld world(shape);
      BlockView view;
      for (const std::int64_t layer : {std::int64_t{0}, std::int64_t{1000}}) {
        world.document.layer = layer;
        world.document.query = layer == 0 ? std::nullopt : std::optional<std::int64_t>(1000);
        world.document.value = ValueReference{Hook::mlp_post, layer, {0, 5, 0}};
        gui.draw_frames(world.drawn_by(view), 2);
        std::this_thread::sleep_for(std::chrono::milliseconds(4));  // the workers are quick with 40 tokens
        gui.draw_frames(world.drawn_by(view), 2);
      }
      EXPECT_TRUE(world.edits.empty());
    }
  }
  ScriptedGui gui;
  SyntheticWorld nothing;
  BlockView view;
  gui.draw_frames(nothing.drawn_by(view), 2);
  EXPECT_TRUE(nothing.edits.empty());
}

bool wait_for(ImGuiTestContext& ctx, const std::function<bool()>& there) {
  for (int i = 0; i < 20000 && !there(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the engine's own clock runs faster
    ctx.Yield();
  }
  return there();
}

TEST(BlockView, RowsAndNeuronsOpenTheirNumbersAndTheChartChoosesTheLayer) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 1280, 1000);
  SyntheticWorld world(SyntheticShape{.positions = 6, .weights = true});
  BlockView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.WindowFocus("");
    IM_CHECK(wait_for(ctx, [&] { return ctx.ItemExists("##lengths"); }));
    const ImRect chart = ctx.ItemInfo("##lengths").RectFull;
    ctx.MouseMoveToPos(ImVec2(chart.Min.x + chart.GetWidth() * 0.9F, chart.GetCenter().y));
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK_EQ(world.document.layer, 2);
    ctx.KeyPress(ImGuiKey_DownArrow);
    IM_CHECK_EQ(world.document.layer, 1);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    IM_CHECK(world.document.query == 4);
    const std::string row = "$$" + std::to_string(static_cast<int>(Hook::attn_out)) + "/##row";
    ctx.ItemClick(row.c_str());
    IM_CHECK(world.document.value.has_value());
    IM_CHECK(world.document.value->hook == Hook::attn_out && world.document.value->layer == 1);
    IM_CHECK_EQ(world.document.value->index[0], 4);
    // The neuron with the largest |activation| is the first of the list.
    const std::span<const float> neurons = world.result.trace->row(Hook::mlp_post, 1, 4);
    std::size_t largest = 0;
    for (std::size_t i = 1; i < neurons.size(); ++i) {
      if (std::abs(neurons[i]) > std::abs(neurons[largest])) largest = i;
    }
    const std::string neuron = "$$" + std::to_string(largest) + "/##neuron";
    IM_CHECK(wait_for(ctx, [&] { return ctx.ItemExists(neuron.c_str()); }));
    ctx.MouseMoveToPos(ImVec2(5, 5));
    ctx.Yield(2);
    const ValueReference activation{Hook::mlp_post, 1, {4, static_cast<std::int64_t>(largest), 0}};
    // While the list of the layer before is still there, or the words come in, a click may miss.
    for (int tries = 0; tries < 50 && world.document.value != activation; ++tries) {
      ctx.ItemClick(neuron.c_str());
      ctx.Yield(2);
    }
    IM_CHECK(world.document.value == activation);
    ctx.Yield(2);
    ctx.ItemClick(neuron.c_str());
    IM_CHECK(!world.document.value);
  }));
}

}  // namespace
}  // namespace headlight
