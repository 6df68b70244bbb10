// The next token: rows that append, a search over the vocabulary, settings, keys, and nasty distributions.
#include "gui/views/next_token_view.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "gui/strings.h"
#include "gui/widgets/number_text.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

void renew(SyntheticWorld& world) {
  const Tensor logits = world.result.trace->at(Hook::logits);
  const float* last = logits.data() + world.result.next_position * logits.axis(1);
  world.result.next = std::make_shared<Distribution>(
      distribution({last, static_cast<std::size_t>(logits.axis(1))}, world.document.sampling));
}

template <typename Kind>
int count_of(const std::vector<Command>& edits) {
  int count = 0;
  for (const Command& edit : edits) count += std::holds_alternative<Kind>(edit) ? 1 : 0;
  return count;
}

std::string row_of(const SyntheticWorld& world, std::size_t rank) {
  return "$$" + std::to_string(world.result.next->ranked[rank].id) + "/##candidate";
}

TEST(NextTokenView, AClickAppendsTheCandidate) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  NextTokenView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.SetRef(ctx.WindowInfo("//view/##rows").ID);
    const TokenId id = world.result.next->ranked[2].id;
    ctx.MouseMove(row_of(world, 2).c_str());
    ctx.Yield(2);
    IM_CHECK(world.hover.candidate == id);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK_EQ(world.edits.size(), 1U);
    const auto* append = std::get_if<AppendText>(&world.edits.front());
    IM_CHECK(append != nullptr);
    IM_CHECK(append->bytes == world.model->tokenizer->bytes(id));
    ctx.MouseClick(1);
    ctx.Yield(2);
    ctx.ItemClick("//$FOCUSED/###mark");
    ctx.Yield();
    IM_CHECK(world.document.candidate == id);
  }));
}

TEST(NextTokenView, WithTheTreeOpenAClickBranches) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  world.document.next.tree = true;
  NextTokenView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.SetRef(ctx.WindowInfo("//view/##rows").ID);
    const std::string before = world.document.text;
    ctx.ItemClick(row_of(world, 1).c_str());
    ctx.ItemClick(row_of(world, 0).c_str());
    ctx.Yield();
    const std::vector<std::vector<TokenId>> expected = {{world.result.next->ranked[1].id},
                                                        {world.result.next->ranked[0].id}};
    IM_CHECK(world.document.next.branches == expected);
    IM_CHECK(world.document.next.root == before);
    IM_CHECK(world.document.text == before);
    ctx.KeyDown(ImGuiMod_Shift);
    ctx.ItemClick(row_of(world, 0).c_str());
    ctx.KeyUp(ImGuiMod_Shift);
    ctx.Yield();
    IM_CHECK_GT(world.document.text.size(), before.size());
  }));
}

TEST(NextTokenView, TheTransportGoesBackPausesAndKeepsASpeed) {
  load_strings(assets_folder() / "strings");  // the slider has room beside its name, not beside a key's
  ScriptedGui gui(ScriptedGui::Renderer::none, 400, 700);
  SyntheticWorld world(SyntheticShape{});
  NextTokenView view;
  std::vector<Action> actions;
  bool generating = false, paused = false;
  float width = 380.0F;
  const auto draw = [&] {
    ImGui::SetNextWindowSize(ImVec2(width, 680.0F));
    ImGui::Begin("view");
    Commands commands;
    Frame frame = world.frame();
    frame.generating = generating;
    frame.paused = paused;
    view.draw(frame, commands);
    ImGui::End();
    for (const Action& action : commands.actions()) actions.push_back(action);
    for (const Command& edit : commands.edits()) world.document = apply(world.document, edit);
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.SetRef("view");
    const std::string before = world.document.text;
    ctx.ItemClick("###back");
    ctx.Yield();
    IM_CHECK(world.document.text == before.substr(0, world.tokens.back().begin));
    ctx.ItemInputValue("##speed", 5.0F);
    IM_CHECK_EQ(world.document.next.speed, 5.0);
    width = 220.0F;  // no room for a slider: each press takes the next speed
    ctx.Yield(2);
    ctx.ItemClick("###speed_button");
    IM_CHECK_EQ(world.document.next.speed, 10.0);
    ctx.ItemClick("###speed_button");
    IM_CHECK_EQ(world.document.next.speed, 0.0);
    actions.clear();
    generating = true;
    ctx.Yield(2);
    ctx.ItemClick("###many");
    IM_CHECK_EQ(actions.size(), 1U);
    IM_CHECK(std::get<PauseGenerating>(actions[0]).pause);
    paused = true;
    ctx.Yield(2);
    ctx.ItemClick("###many");
    IM_CHECK(!std::get<PauseGenerating>(actions[1]).pause);
    ctx.ItemClick("###stop");
    IM_CHECK(std::holds_alternative<StopGenerating>(actions[2]));
  }));
}

// Hovering a token shows what follows it: every number from that row of logits.
TEST(NextTokenView, ShowsTheDistributionOfTheHoveredToken) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  NextTokenView view;
  const auto draw = world.drawn_by(view);
  bool hovering = false;
  const auto hovered = [&] {
    if (hovering) world.hover.query = 1;
    draw();
  };
  const Distribution expected = distribution(world.result.trace->row(Hook::logits, 0, 1), {});
  EXPECT_TRUE(gui.run(hovered, [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    hovering = true;
    for (int i = 0; i < 200; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ctx.Yield();
    }
    ctx.SetRef(ctx.WindowInfo("//view/##rows").ID);
    const auto y = [&](TokenId id) {
      return ctx.ItemInfo(("$$" + std::to_string(id) + "/##candidate").c_str()).RectFull.Min.y;
    };
    IM_CHECK_LT(y(expected.ranked[0].id), y(expected.ranked[1].id));
    IM_CHECK_LT(y(expected.ranked[1].id), y(expected.ranked[2].id));
  }));
}

TEST(NextTokenView, TheSearchShowsTheRankOfAnyToken) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  NextTokenView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.ItemClick("//view/##find");
    ctx.KeyChars(" c");  // the vocabulary has " c" (id 2) and " c2" (id 28)
    ctx.Yield(2);
    ctx.SetRef(ctx.WindowInfo("//view/##rows").ID);
    IM_CHECK(ctx.ItemExists("$$2/##candidate"));
    IM_CHECK(ctx.ItemExists("$$28/##candidate"));
    IM_CHECK(!ctx.ItemExists("$$3/##candidate"));
  }));
}

TEST(NextTokenView, SlidersSetSamplingAndResetTakesItBack) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 500, 900);
  SyntheticWorld world(SyntheticShape{});
  NextTokenView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.SetRef("view");
    ctx.ItemInputValue("##top_k", 5);
    IM_CHECK_EQ(world.document.sampling.top_k, 5);
    renew(world);
    ctx.Yield(2);
    ctx.ItemClick(ctx.ItemExists("Reset") ? "Reset" : "next.reset");
    IM_CHECK(world.document.sampling == SamplingSettings{});
    IM_CHECK_GE(count_of<SetSampling>(world.edits), 2);
  }));
}

TEST(NextTokenView, CtrlEnterGeneratesOneToken) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  NextTokenView view;
  std::int64_t asked = 0;
  const auto draw = [&] {
    ImGui::Begin("view");
    Commands commands;
    view.draw(world.frame(), commands);
    ImGui::End();
    for (const Action& action : commands.actions()) {
      if (const auto* generate = std::get_if<Generate>(&action)) asked += generate->tokens;
    }
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Enter);
    ctx.Yield(2);
    IM_CHECK_EQ(asked, 1);
    ctx.ItemClick("view/###many");
    IM_CHECK_EQ(asked, 21);
  }));
}

TEST(NextTokenView, DrawsNastyDistributions) {
  for (const auto& [width, height] : {std::pair(1280, 800), std::pair(300, 200)}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
    std::vector<SyntheticWorld> worlds(1);
    for (const SyntheticShape& shape :
         {SyntheticShape{.positions = 1}, SyntheticShape{.positions = 300, .layers = 1},
          SyntheticShape{.not_a_number = true}, SyntheticShape{.layers_done = 0}}) {
      worlds.emplace_back(shape);
    }
    for (SyntheticWorld& world : worlds) {
      NextTokenView view;
      for (const SamplingSettings& settings :
           {SamplingSettings{}, SamplingSettings{0.0, 0, 1.0, 0.0}, SamplingSettings{2.0, 3, 0.5, 0.9}}) {
        world.document.sampling = settings;
        if (world.result.next) renew(world);
        gui.draw_frames(world.drawn_by(view), 2);
      }
      const auto kept = world.result.next;
      world.result.next.reset();  // a pass is running: the old list stays
      gui.draw_frames(world.drawn_by(view), 2);
      world.document.text.clear();
      world.tokens.clear();
      gui.draw_frames(world.drawn_by(view), 2);
      EXPECT_TRUE(world.edits.empty());
    }
  }
}

// Less than the picture's edge stands for is not drawn on it.
TEST(RankCurve, EndsWhereItGoesBelowItsFloor) {
  std::vector<Candidate> ranked(1000);
  for (std::size_t i = 0; i < ranked.size(); ++i)
    ranked[i].probability = std::pow(10.0, -0.1 * static_cast<double>(i));
  const std::vector<RankPoint> points = rank_curve(ranked, -9.0);
  ASSERT_GE(points.size(), 3U);
  EXPECT_EQ(points.front().rank, 1.0);
  EXPECT_EQ(points.back().power, -9.0);
  EXPECT_GT(points[points.size() - 2].power, -9.0);
  EXPECT_NEAR(points.back().rank, 91.0, 1.0);
  for (Candidate& candidate : ranked) candidate.probability = std::max(candidate.probability, 1e-8);
  EXPECT_EQ(rank_curve(ranked, -9.0).back().rank, 1000.0);
  for (Candidate& candidate : ranked) candidate.probability = std::nan("");
  EXPECT_TRUE(rank_curve(ranked, -9.0).empty());
  EXPECT_TRUE(rank_curve({}, -9.0).empty());
}

TEST(NumberText, PrintsProbabilitiesOfEverySize) {
  EXPECT_EQ(percent_text(1.0), "100.00%");
  EXPECT_EQ(percent_text(0.6123), "61.23%");
  EXPECT_EQ(percent_text(0.0459), "4.59%");
  EXPECT_EQ(percent_text(0.00003), "0.003%");
  EXPECT_EQ(percent_text(4.28e-6), "0.0004%");
  EXPECT_EQ(percent_text(3e-7), "3e−5%");
  EXPECT_EQ(percent_text(9.96e-9), "1e−6%");
  EXPECT_EQ(percent_text(0.0), "0%");
  EXPECT_EQ(percent_text(std::nan("")), "NaN");
  EXPECT_EQ(grouped_text(49152), "49,152");
  EXPECT_EQ(grouped_text(999), "999");
  EXPECT_EQ(grouped_text(-1234567), "−1,234,567");
}

}  // namespace
}  // namespace headlight
