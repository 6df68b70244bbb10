// The embedding view: its labels, its cells, nasty traces, and what it emits.
#include "gui/views/embeddings_view.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "core/forward/derived_values.h"
#include "core/session/document_names.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/ink.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// The test engine's clock runs ahead of the workers': they need real time.
void give_workers_time(ImGuiTestContext& ctx) {
  for (int i = 0; i < 60; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ctx.Yield();
  }
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

TEST(PlaceLabels, NoLabelLiesOnWhatIsThereAlready) {
  const std::vector<ImVec2> points = {{0.0F, 0.0F}};
  const std::vector<LabelSize> sizes = {{50.0F, 18.0F}};
  const std::vector<ImVec2> alone = place_labels(points, sizes, ImVec2(300, 180), 6.0F);
  const LabelBox right{10.0F, -40.0F, 60.0F, 40.0F};
  EXPECT_GT(alone[0].x, 0.0F);
  EXPECT_TRUE(right.meets({alone[0].x - 25.0F, -9.0F, alone[0].x + 25.0F, 9.0F}));
  const std::vector<ImVec2> beside = place_labels(points, sizes, ImVec2(300, 180), 6.0F, {right});
  EXPECT_LT(beside[0].x, 0.0F);
}

// Crowded: what finds no place nearby is left out, and no two lines cross.
TEST(PlaceLabels, LinesAreShortAndCrossNothing) {
  std::vector<ImVec2> points;
  for (int i = 0; i < 40; ++i)
    points.emplace_back(static_cast<float>((i * 29) % 43) * 2.0F - 40.0F,
                        static_cast<float>((i * 17) % 41) * 2.0F - 40.0F);
  const std::vector<LabelSize> sizes(points.size(), {50.0F, 18.0F});
  const std::vector<ImVec2> offsets = place_labels(points, sizes, ImVec2(300, 180), 6.0F);
  const auto side = [](ImVec2 from, ImVec2 to, ImVec2 at) {
    return (to.x - from.x) * (at.y - from.y) - (to.y - from.y) * (at.x - from.x);
  };
  int placed = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (std::isnan(offsets[i].x)) continue;
    ++placed;
    EXPECT_LE(std::abs(offsets[i].x) - 25.0F, 48.0F) << i;  // eight gaps
    EXPECT_LE(std::abs(offsets[i].y) - 9.0F, 48.0F) << i;
    const ImVec2 end(points[i].x + offsets[i].x, points[i].y + offsets[i].y);
    for (std::size_t j = 0; j < i; ++j) {
      if (std::isnan(offsets[j].x)) continue;
      const ImVec2 other(points[j].x + offsets[j].x, points[j].y + offsets[j].y);
      const bool cross = side(points[i], end, points[j]) * side(points[i], end, other) < 0.0F &&
                         side(points[j], other, points[i]) * side(points[j], other, end) < 0.0F;
      EXPECT_FALSE(cross) << i << " and " << j;
    }
  }
  EXPECT_GE(placed, 8);
  EXPECT_LT(placed, 40);
}

TEST(PlaceLabels, WhatMustBeSeenHasItsLabelBesideItsPointWithinTheRoom) {
  for (const ImVec2 point : {ImVec2(0, 0), ImVec2(295, 175), ImVec2(-295, -175), ImVec2(0, 178)}) {
    const ImVec2 offset = place_over(point, {50.0F, 18.0F}, ImVec2(300, 180), 6.0F);
    EXPECT_LE(std::abs(point.x + offset.x) + 25.0F, 300.0F);
    EXPECT_LE(std::abs(point.y + offset.y) + 9.0F, 180.0F);
    EXPECT_LE(std::max(std::abs(offset.x) - 25.0F, std::abs(offset.y) - 9.0F), 6.0F);
  }
}

// Where a token has gone nothing is faint, whatever its hue.
TEST(Paths, AreSeenOnBothThemes) {
  ScriptedGui gui;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    apply_theme(theme, 1.0F);
    for (std::size_t position = 0; position < palette().tokens.size(); ++position) {
      for (const bool chosen : {false, true})
        EXPECT_GE(contrast_ratio(path_color(position, chosen), palette().panel), 3.0F) << position;
    }
  }
  apply_theme(Theme::dark, 1.0F);
}

TEST(SpotNames, OnlyRepeatedTokensCarryTheirPosition) {
  const auto trace =
      synthetic_trace({.positions = 41});  // the 40 tokens of the vocabulary, then the first again
  const std::vector<SpotName> names = spot_names(trace->tokens(), *trace->model().tokenizer);
  EXPECT_EQ(names[0].token, "·a");
  EXPECT_EQ(names[0].position, 0);
  EXPECT_EQ(names[40].position, 40);
  EXPECT_EQ(names[1].position, std::nullopt);
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

// Of pairs that are all alike, small differences can be seen; a token with itself and strays stay out.
TEST(SimilarityRange, GoesFromTheLeastToTheMostAlikePair) {
  std::vector<float> values(36, 0.7F);
  for (int i = 0; i < 6; ++i) values[static_cast<std::size_t>(i * 7)] = 1.0F;
  values[6] = 0.62F;   // row 1, column 0
  values[12] = 0.81F;  // row 2, column 0
  values[13] = 0.65F;
  values[18] = 0.75F;
  values[19] = 0.78F;
  values[20] = 0.66F;
  for (int i = 24; i < 28; ++i) values[static_cast<std::size_t>(i)] = 0.8F;
  values[34] = -0.2F;  // a stray
  const SimilarityRange range = similarity_range(Tensor({6, 6}, values));
  EXPECT_NEAR(range.low, 0.62F, 0.011F);
  EXPECT_NEAR(range.high, 0.81F, 0.011F);
  EXPECT_FALSE(range.is_signed());
  EXPECT_TRUE(range.is_cut_low);
  EXPECT_TRUE(range.is_cut_high());  // by the diagonal
  EXPECT_NE(range.color(0.66F), range.color(0.75F));
  EXPECT_EQ(range.color(1.0F), range.color(0.9F));

  for (float& value : values) value = value == 1.0F ? value : value - 0.7F;
  const SimilarityRange both = similarity_range(Tensor({6, 6}, values));
  EXPECT_TRUE(both.is_signed());  // 0 in the middle
  EXPECT_EQ(both.low, -both.high);

  const SimilarityRange flat = similarity_range(Tensor({2, 2}, std::vector<float>{1.0F, 0.99F, 0.99F, 1.0F}));
  EXPECT_NEAR(flat.high - flat.low, 0.05F, 1e-6F);  // no structure out of rounding
  const float none = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(similarity_range(Tensor({2, 2}, std::vector<float>(4, none))).low, -1.0F);
}

// Draws until nothing is still being made; gives up after two seconds.
void draw_until_made(ScriptedGui& gui, SyntheticWorld& world, EmbeddingsView& view) {
  bool pending = true;
  const auto draw = [&] {
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    Commands commands;
    view.draw(world.frame(), commands);
    ImGui::End();
    pending = commands.is_pending();
    for (const Command& edit : commands.edits()) world.edits.push_back(edit);
  };
  gui.draw_frames(draw, 1);
  for (int i = 0; i < 1000 && pending; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    gui.draw_frames(draw, 1);
  }
  EXPECT_FALSE(pending);
}

EmbeddingChoices showing(EmbeddingPicture picture) {
  EmbeddingChoices choices;
  choices.picture = picture;
  return choices;
}

// Every picture, and what can be chosen in it.
std::vector<EmbeddingChoices> all_choices() {
  std::vector<EmbeddingChoices> all;
  for (const auto& [name, picture] : embedding_pictures) all.push_back(showing(picture));
  for (const std::int64_t dimensions : {2, 3}) {
    for (const bool paths : {false, true}) {
      all.push_back(showing(EmbeddingPicture::points));
      all.back().dimensions = dimensions;
      all.back().trajectories = paths;
    }
  }
  for (const auto method : {ProjectionMethod::umap, ProjectionMethod::tsne}) {
    all.push_back(showing(EmbeddingPicture::points));
    all.back().method = method;
    all.back().dimensions = method == ProjectionMethod::umap ? 2 : 3;
  }
  all.push_back(showing(EmbeddingPicture::neighbors));
  all.back().neighbors_of = NeighborsOf::stream;
  all.back().order = NeighborOrder::dot;
  for (const auto& [name, of] : similarity_sources) {
    all.push_back(showing(EmbeddingPicture::similarity));
    all.back().similarity_of = of;
  }
  all.push_back(showing(EmbeddingPicture::arithmetic));
  all.back().start = 3;
  all.back().without = 1000000;  // of another model
  all.back().with = 5;
  return all;
}

TEST(AlikePairs, AreTheLargestOfAllPairs) {
  std::vector<float> values(16, 0.1F);
  values[4] = 0.7F;                                     // row 1, column 0
  values[14] = 0.9F;                                    // row 3, column 2
  values[8] = std::numeric_limits<float>::quiet_NaN();  // row 2, column 0
  values[1] = 1.0F;  // above the diagonal: the same pair as row 1, column 0
  const std::vector<AlikePair> pairs = most_alike(Tensor({4, 4}, values), 3);
  ASSERT_EQ(pairs.size(), 3U);
  EXPECT_EQ(pairs[0].row, 3);
  EXPECT_EQ(pairs[0].column, 2);
  EXPECT_EQ(pairs[1].cosine, 0.7F);
  EXPECT_EQ(most_alike(Tensor({4, 4}, values), 99).size(), 5U);  // six pairs, one of them broken
}

TEST(EmbeddingsView, SurvivesNastyTraces) {
  load_strings(assets_folder() / "strings");
  std::vector<SyntheticShape> shapes = {SyntheticShape{.positions = 1},
                                        SyntheticShape{.positions = 2},
                                        SyntheticShape{.positions = 300, .layers = 1},
                                        SyntheticShape{.layers = 200},
                                        SyntheticShape{.not_a_number = true},
                                        SyntheticShape{.layers_done = 1},
                                        SyntheticShape{.maps = false}};
  for (const SyntheticKind kind : synthetic_kinds) shapes.push_back(SyntheticShape{.kind = kind});
  for (const SyntheticShape& shape : shapes) {
    ScriptedGui gui(ScriptedGui::Renderer::none, shape.positions == 2 ? 300 : 1280, 700);
    SyntheticWorld world(shape);
    EmbeddingsView view;
    for (EmbeddingChoices choices : all_choices()) {
      for (const std::int64_t layer : {std::int64_t{0}, std::int64_t{1000}}) {
        choices.encoder = layer == 0;
        world.document.embedding = choices;
        world.document.embedding_layer = layer;
        world.document.embedding_without_first = layer != 0;
        world.document.query = layer != 0 ? std::optional<std::int64_t>(1000) : std::nullopt;
        world.document.source_query = world.document.query;
        draw_until_made(gui, world, view);
      }
    }
    EXPECT_TRUE(world.edits.empty());
  }
  ScriptedGui gui;
  SyntheticWorld nothing;
  EmbeddingsView view;
  gui.draw_frames(nothing.drawn_by(view), 2);
  EXPECT_TRUE(nothing.edits.empty());
}

// Every token that has a point under the mouse somewhere in the plot.
std::set<std::int64_t> tokens_in_plot(ImGuiTestContext& ctx, const SyntheticWorld& world) {
  std::set<std::int64_t> found;
  const ImRect plot = ctx.ItemInfo("##scatter").RectFull;
  for (float y = plot.Min.y + 7; y < plot.Max.y; y += 14) {
    for (float x = plot.Min.x + 7; x < plot.Max.x; x += 14) {
      ctx.MouseTeleportToPos(ImVec2(x, y));
      ctx.Yield();
      if (world.hover.query) found.insert(*world.hover.query);
    }
  }
  return found;
}

TEST(EmbeddingsView, TokensThatDwarfTheOthersAreLeftOutUntilTheyAreAskedFor) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 520, 420);  // no more frames than a script may last
  SyntheticWorld world(SyntheticShape{.positions = 6});
  // The synthetic trace is nobody else's: its streams may still be written.
  Trace& trace = const_cast<Trace&>(*world.result.trace);
  for (std::int64_t layer = 0; layer <= trace.model().architecture.layers; ++layer) {
    const HookPlace place = stream_place(trace.model().architecture, layer);
    Tensor stream = trace.at(place.hook, place.layer).copy();
    float* values = stream.writable();
    const std::int64_t columns = stream.axis(1);
    for (std::int64_t i = 0; i < columns; ++i) {
      values[i] *= 50.0F;
      values[3 * columns + i] *= 30.0F;
    }
    trace.set(place.hook, place.layer, stream);
  }
  world.document.embedding_layer = 2;
  EmbeddingsView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    give_workers_time(ctx);
    const std::set<std::int64_t> without = tokens_in_plot(ctx, world);
    IM_CHECK_EQ(without.count(0) + without.count(3), 0U);
    IM_CHECK_GE(without.size(), 3U);
    ctx.ItemClick("##without");
    give_workers_time(ctx);
    const std::set<std::int64_t> with = tokens_in_plot(ctx, world);
    IM_CHECK_EQ(with.count(0) + with.count(3), 2U);
    IM_CHECK(world.document.embedding.first_anyway);  // of the document: saved, and undone
    IM_CHECK(!world.document.embedding_without_first);
    ctx.ItemClick("##without");
    IM_CHECK(!world.document.embedding.first_anyway);
    give_workers_time(ctx);
    IM_CHECK_EQ(tokens_in_plot(ctx, world).count(0), 0U);
  }));
}

TEST(EmbeddingsView, ALayerIsChosenByKeyAndSliderAndATokenByItsPoint) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6});
  EmbeddingsView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
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
    give_workers_time(ctx);  // until the points are there
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
    give_workers_time(ctx);  // or the two clicks are a double click
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
    for (int i = 0; i < 400 && world.document.embedding_layer < 3; ++i) give_workers_time(ctx);
    IM_CHECK_EQ(world.document.embedding_layer, 3);
    ctx.Yield(10);
    IM_CHECK_EQ(world.document.embedding_layer, 3);
    give_workers_time(ctx);
    ctx.ItemClick("view/##play");  // from the start again
    ctx.Yield(2);
    IM_CHECK(world.document.embedding_layer < 3);
  }));
}

TEST(SpaceCamera, TurnsWithoutTearing) {
  const SpaceCamera front{0.0F, 0.0F, 1.0F};
  const SpacePoint middle = seen_from(front, {0, 0, 0});
  EXPECT_EQ(middle.at.x, 0.0F);
  EXPECT_EQ(middle.nearness, 1.0F);
  EXPECT_GT(seen_from(front, {0.5F, 0, 0}).at.x, 0.0F);
  EXPECT_LT(seen_from(front, {0, 0.5F, 0}).at.y, 0.0F);  // up is up
  const SpacePoint near = seen_from(front, {0.5F, 0, 0.8F}), far = seen_from(front, {0.5F, 0, -0.8F});
  EXPECT_GT(near.depth, far.depth);
  EXPECT_GT(near.nearness, far.nearness);
  EXPECT_GT(near.at.x, far.at.x);
  // A quarter turn brings the third axis to where the first was; tipping forward lifts what is behind.
  const SpacePoint turned = seen_from({1.5707963F, 0.0F, 1.0F}, {0, 0, 0.5F});
  EXPECT_NEAR(turned.at.x, 0.5F, 1e-5F);
  EXPECT_LT(seen_from({0.0F, 0.5F, 1.0F}, {0, 0, -0.5F}).at.y, 0.0F);
}

TEST(EmbeddingsView, TheCloudTurnsAndComesBack) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6});
  world.document.embedding.dimensions = 3;
  EmbeddingsView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    give_workers_time(ctx);
    const ImVec2 middle = ctx.ItemInfo("##space").RectFull.GetCenter();
    const SpaceCamera start = view.camera();
    ctx.MouseMoveToPos(middle);
    ctx.MouseDown(0);
    ctx.MouseMoveToPos(ImVec2(middle.x + 120, middle.y + 30));
    ctx.MouseUp(0);
    IM_CHECK(view.camera().yaw > start.yaw);
    IM_CHECK(view.camera().pitch > start.pitch);
    IM_CHECK(!world.document.query);  // a drag is no click
    ctx.MouseWheelY(2);
    IM_CHECK(view.camera().zoom > 1.0F);
    ctx.MouseDoubleClick(0);
    ctx.Yield(2);
    IM_CHECK(view.camera() == start);
    ctx.KeyPress(ImGuiMod_Shift | ImGuiKey_RightArrow);
    IM_CHECK(view.camera().yaw > start.yaw);
    IM_CHECK_EQ(world.document.embedding_layer, 0);
    ctx.KeyPress(ImGuiKey_RightArrow);
    IM_CHECK_EQ(world.document.embedding_layer, 1);
  }));
}

TEST(EmbeddingsView, ANeighbourBecomesTheCandidate) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6});
  world.document.embedding = showing(EmbeddingPicture::neighbors);
  EmbeddingsView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    give_workers_time(ctx);
    for (float y = 100; y < 700 && !world.hover.candidate; y += 8) {
      ctx.MouseMoveToPos(ImVec2(200, y));
      ctx.Yield();
    }
    IM_CHECK(world.hover.candidate.has_value());
    IM_CHECK_EQ(*world.hover.candidate, 5);  // the last token's own row is the nearest
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.candidate == 5);
  }));
}

TEST(EmbeddingsView, OfTheEncoderTheSourceTokensAreChosen) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 4, .kind = SyntheticKind::t5});
  world.document.embedding = showing(EmbeddingPicture::similarity);
  world.document.embedding.encoder = true;
  EmbeddingsView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    give_workers_time(ctx);
    const ImRect cells = ctx.ItemInfo("##similarity").RectFull;
    ctx.MouseMoveToPos(
        ImVec2(cells.Min.x + cells.GetWidth() * 0.95F, cells.Min.y + cells.GetHeight() * 0.1F));
    ctx.Yield(2);
    IM_CHECK(!world.hover.query);
    IM_CHECK(world.hover.source_query == 0);
    IM_CHECK(world.hover.source_key == 5);  // the source has two tokens more
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.source_query == 0);
    IM_CHECK(!world.document.query);
    ctx.ItemClick("$$0/##pair");  // the pair that is most alike
    IM_CHECK(*world.document.source_query > *world.document.source_key);
  }));
}

TEST(TokenField, FindsWholeWordsFirst) {
  const auto trace = synthetic_trace({});
  const Tokenizer& tokenizer = *trace->model().tokenizer;  // " a" … " z", " a2" … " n2"
  EXPECT_EQ(find_tokens(tokenizer, "b", 3), (std::vector<TokenId>{1, 27}));
  EXPECT_EQ(find_tokens(tokenizer, "·b2", 3), (std::vector<TokenId>{27}));
  EXPECT_EQ(find_tokens(tokenizer, "12", 3), (std::vector<TokenId>{12}));  // an id
  EXPECT_TRUE(find_tokens(tokenizer, "", 3).empty());
  EXPECT_TRUE(find_tokens(tokenizer, "no such", 3).empty());
  EXPECT_EQ(find_tokens(tokenizer, "2", 4).size(), 4U);
}

}  // namespace
}  // namespace headlight
