// The embedding view: its labels, its cells, nasty traces, and what it emits.
#include "gui/views/embeddings_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/strings.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// What the worker would add for the document's layer.
void project(SyntheticWorld& world) {
  const std::int64_t layer = world.document.embedding_layer;
  const Hook hook = layer == 0 ? Hook::embed : Hook::resid_post;
  const std::int64_t last = world.model ? world.model->architecture.layers - 1 : 0;
  const std::int64_t at = std::clamp<std::int64_t>(layer - 1, 0, last);
  world.result.projection.reset();
  world.result.similarity.reset();
  if (!world.result.trace || !world.result.trace->has(hook, at)) return;
  const Tensor stream = world.result.trace->at(hook, at);
  world.result.projection =
      std::make_shared<const Projection>(project_stream(stream, world.document.embedding_without_first));
  world.result.projection_layer = layer;
  world.result.projection_without_first = world.document.embedding_without_first;
  world.result.similarity = std::make_shared<const Similarity>(cosine_similarity(stream));
}

TEST(PlaceLabels, NoLabelMeetsAnotherOrAPoint) {
  std::vector<ImVec2> points;
  for (int i = 0; i < 30; ++i)
    points.emplace_back(static_cast<float>((i * 37) % 101) * 4.0F - 200.0F,
                        static_cast<float>((i * 53) % 67) * 4.0F - 130.0F);
  points.emplace_back(0.0F, 0.0F);
  points.emplace_back(0.5F, 0.0F);  // nearly the same place
  points.emplace_back(std::numeric_limits<float>::quiet_NaN(), 0.0F);
  const std::vector<LabelSize> sizes(points.size(), {50.0F, 18.0F});
  const std::vector<ImVec2> offsets = place_labels(points, sizes, ImVec2(300, 180), 6.0F);
  ASSERT_EQ(offsets.size(), points.size());
  EXPECT_TRUE(std::isnan(offsets.back().x));
  int placed = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (std::isnan(offsets[i].x)) continue;
    ++placed;
    const ImVec2 one(points[i].x + offsets[i].x, points[i].y + offsets[i].y);
    EXPECT_LE(std::abs(one.x) + 25.0F, 300.0F);
    EXPECT_LE(std::abs(one.y) + 9.0F, 180.0F);
    for (std::size_t j = 0; j < points.size(); ++j) {
      EXPECT_FALSE(std::abs(one.x - points[j].x) < 25.0F && std::abs(one.y - points[j].y) < 9.0F)
          << i << " on " << j;
      if (j <= i || std::isnan(offsets[j].x)) continue;
      const ImVec2 other(points[j].x + offsets[j].x, points[j].y + offsets[j].y);
      EXPECT_FALSE(std::abs(one.x - other.x) < 50.0F && std::abs(one.y - other.y) < 18.0F)
          << i << " on " << j;
    }
  }
  EXPECT_GE(placed, 31);  // there is room for all but the one that is nowhere
}

TEST(SpotNames, OnlyRepeatedTokensCarryTheirPosition) {
  const auto trace =
      synthetic_trace({.positions = 41});  // the 40 tokens of the vocabulary, then the first again
  const std::vector<SpotName> names = spot_names(*trace);
  EXPECT_EQ(names[0].token, "·a");
  EXPECT_EQ(names[0].subscript, "0");
  EXPECT_EQ(names[40].subscript, "40");
  EXPECT_EQ(names[1].subscript, "");
}

TEST(SimilarityCells, KeepTheStrongestAndMarkTheBroken) {
  std::vector<float> values(25, 0.1F);
  values[1] = -0.9F;  // row 0, column 1: the same cell as (0, 0) when two positions share one
  values[24] = std::numeric_limits<float>::quiet_NaN();
  const Tensor cosines({5, 5}, values);
  const SimilarityCells all = similarity_cells(cosines, 64);
  EXPECT_EQ(all.side, 5);
  EXPECT_EQ(all.step, 1);
  EXPECT_EQ(all.values[1], -0.9F);
  const SimilarityCells pooled = similarity_cells(cosines, 3);
  EXPECT_EQ(pooled.side, 3);
  EXPECT_EQ(pooled.step, 2);
  EXPECT_EQ(pooled.values[0], -0.9F);
  EXPECT_EQ(pooled.values[1], 0.1F);
  EXPECT_TRUE(std::isnan(pooled.values[8]));
}

TEST(EmbeddingsView, SurvivesNastyTraces) {
  load_strings(assets_folder() / "strings");
  for (const SyntheticShape& shape :
       {SyntheticShape{}, SyntheticShape{.positions = 1}, SyntheticShape{.positions = 2},
        SyntheticShape{.positions = 300, .layers = 1}, SyntheticShape{.layers = 200},
        SyntheticShape{.not_a_number = true}, SyntheticShape{.layers_done = 1},
        SyntheticShape{.maps = false}}) {
    for (const int width : {300, 1280}) {
      ScriptedGui gui(ScriptedGui::Renderer::none, width, 700);
      SyntheticWorld world(shape);
      EmbeddingsView view;
      for (const std::int64_t layer : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1000}}) {
        for (const bool without : {false, true}) {
          world.document.embedding_layer = layer;
          world.document.embedding_without_first = without;
          world.document.query = layer == 1 ? std::optional<std::int64_t>(1000) : std::nullopt;
          project(world);
          gui.draw_frames(world.drawn_by(view), 2);
        }
      }
      EXPECT_TRUE(world.edits.empty());
    }
  }
  ScriptedGui gui;
  SyntheticWorld nothing;
  EmbeddingsView view;
  gui.draw_frames(nothing.drawn_by(view), 2);
  EXPECT_TRUE(nothing.edits.empty());
}

TEST(EmbeddingsView, ALayerIsChosenByKeyAndSliderAndATokenByItsPoint) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6});
  project(world);
  EmbeddingsView view;
  const auto draw = [&, drawn = world.drawn_by(view)] {
    if (world.result.projection_layer != world.document.embedding_layer ||
        world.result.projection_without_first != world.document.embedding_without_first)
      project(world);
    drawn();
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.WindowFocus("");
    ctx.KeyPress(ImGuiKey_RightArrow);
    IM_CHECK_EQ(world.document.embedding_layer, 1);
    ctx.KeyPress(ImGuiKey_RightArrow, 5);
    IM_CHECK_EQ(world.document.embedding_layer, 3);  // the last block
    ctx.KeyPress(ImGuiKey_LeftArrow);
    IM_CHECK_EQ(world.document.embedding_layer, 2);
    ctx.ItemClick("##without");
    IM_CHECK(world.document.embedding_without_first);
    ctx.ItemClick("##without");
    IM_CHECK(!world.document.embedding_without_first);
    ctx.ItemClick("##layer");  // its middle: between layers 1 and 2 of 3
    IM_CHECK(world.document.embedding_layer == 1 || world.document.embedding_layer == 2);
    // Walk over the plot until a point is hovered, then lock and release it.
    const ImRect plot = ctx.ItemInfo("##scatter").RectFull;
    bool found = false;
    for (float y = plot.Min.y + 10; y < plot.Max.y && !found; y += 12) {
      for (float x = plot.Min.x + 10; x < plot.Max.x && !found; x += 12) {
        ctx.MouseMoveToPos(ImVec2(x, y));
        ctx.Yield();
        found = world.hover.query.has_value();
      }
    }
    IM_CHECK(found);
    const std::int64_t token = *world.hover.query;
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.query == token);
    ctx.SleepNoSkip(1.0F, 0.1F);  // or the two clicks are a double click
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(!world.document.query);
    const ImRect cells = ctx.ItemInfo("##similarity").RectFull;
    ctx.MouseMoveToPos(ImVec2(cells.Min.x + cells.GetWidth() * 0.9F, cells.Min.y + cells.GetHeight() * 0.1F));
    ctx.Yield(2);
    IM_CHECK(world.hover.query == 0);
    IM_CHECK(world.hover.key == 5);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.query == 0);
    IM_CHECK(world.document.key == 5);
  }));
}

TEST(EmbeddingsView, TheWalkEndsAtTheLastLayer) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  EmbeddingsView view;
  double seconds = 0.0;
  const auto draw = [&] {
    if (!world.result.projection || world.result.projection_layer != world.document.embedding_layer)
      project(world);
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration);
    Commands commands;
    Frame frame = world.frame();
    frame.seconds = seconds += 0.1;
    view.draw(frame, commands);
    ImGui::End();
    for (const Command& edit : commands.edits()) world.document = apply(world.document, edit);
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.ItemClick("view/##play");
    ctx.Yield(60);
    IM_CHECK_EQ(world.document.embedding_layer, 3);
    const double before = seconds;
    ctx.Yield(10);
    IM_CHECK(seconds > before);
    IM_CHECK_EQ(world.document.embedding_layer, 3);
    ctx.ItemClick("view/##play");  // from the start again
    ctx.Yield(2);
    IM_CHECK(world.document.embedding_layer < 3);
  }));
}

}  // namespace
}  // namespace headlight
