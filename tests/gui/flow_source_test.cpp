// The encoder beside its decoder, and the bands that a long text's tokens share.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "gui/strings.h"
#include "gui/views/flow_bands.h"
#include "gui/views/flow_values.h"
#include "gui/views/flow_view.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

TEST(FlowBands, CoverEveryTokenOnceAndTheChosenOneHasARow) {
  for (const std::int64_t positions : {60, 300, 1000, 4096}) {
    for (const std::int64_t selected : {std::int64_t{0}, positions / 2, positions - 1}) {
      FlowShape shape;
      shape.positions = positions;
      shape.selected = selected;
      const FlowLayout at = place_flow(shape, ImVec2(0, 0), ImVec2(900, 420), 16);
      EXPECT_TRUE(at.shows(selected));
      std::vector<int> seen(static_cast<std::size_t>(positions), 0);
      const auto count = [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) ++seen[static_cast<std::size_t>(i)];
      };
      count(at.first, at.last);
      for (const FlowBand& band : at.bands) {
        count(band.first, band.last);
        EXPECT_LT(band.first, band.last);
        EXPECT_TRUE(band.top + band.height <= at.rows_top + 1 || band.top >= at.rows_bottom - 1);
        EXPECT_GE(band.top, at.headings.max.y - 1);
        EXPECT_LE(band.top + band.height, at.footer.max.y);
      }
      for (const int times : seen) EXPECT_EQ(times, 1);
      EXPECT_LE(at.bands.size(), 8U);
    }
  }
}

TEST(FlowBands, ACellIsTheLargestOfAllThatItCovers) {
  const auto trace = synthetic_trace({.positions = 40, .layers = 2});
  const std::vector<float> band = pooled_band(*trace, Hook::mlp_post, 1, 0, 5, 30, 3);
  ASSERT_EQ(band.size(), 3U);
  for (std::size_t cell = 0; cell < 3; ++cell) {
    float best = 0;
    for (std::int64_t position = 5; position < 30; ++position) {
      const std::span<const float> vector = flow_vector(*trace, Hook::mlp_post, 1, 0, position);
      double squares = 0;
      for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
      const auto rms = static_cast<float>(std::sqrt(squares / static_cast<double>(vector.size())));
      for (std::size_t i = cell * 2; i < cell * 2 + 2; ++i) {
        if (std::abs(vector[i] / rms) > std::abs(best)) best = vector[i] / rms;
      }
    }
    EXPECT_NEAR(band[cell], best, 1e-5F);
  }
}

TEST(FlowBands, AClickOnABandLooksAtItsTokens) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 300, .layers = 2});
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(3);
    IM_CHECK(!view.layout().bands.empty());
    const FlowBand band = view.layout().bands[1];
    ctx.MouseMoveToPos(ImVec2(view.layout().map.center().x, band.top + band.height * 0.5F));
    ctx.Yield(2);
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.query && *world.document.query >= band.first &&
             *world.document.query < band.last);
    IM_CHECK(view.layout().shows(*world.document.query));
  }));
}

TEST(FlowSource, TheDecoderReadsTheEncoder) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 1280, 700);
  SyntheticWorld world(SyntheticShape{.kind = SyntheticKind::t5});
  world.settings.reduced_motion = true;
  world.document.layer = 1;
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    const FlowLayout& at = view.layout();
    IM_CHECK_EQ(at.source, 7);
    IM_CHECK(at.source_strips.max.x <= at.tokens.min.x);
    const auto move = [&](ImVec2 to) {
      ctx.MouseTeleportToPos(to);
      ctx.Yield(2);
    };
    move(at.cross_cell(3, 2).center());
    IM_CHECK(world.hover.value == (ValueReference{Hook::cross_pattern, 1, {0, 3, 2}}));
    IM_CHECK(world.hover.source_key == 2);
    ctx.MouseClick(0);
    ctx.Yield(3);
    IM_CHECK(view.detail().hook() == Hook::cross_pattern);
    move(view.detail().attention().cell(FlowAttention::Step::weight, 3, 6)->center());
    IM_CHECK(world.hover.value == (ValueReference{Hook::cross_pattern, 1, {0, 3, 6}}));
    IM_CHECK(world.hover.source_key == 6);
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.Yield(3);
    move(at.source_chip(4).center());
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.source_key == 4);
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK(!world.document.source_key.has_value());
    move(at.source_stack.center());
    ctx.MouseClick(0);
    ctx.Yield(3);
    IM_CHECK(world.document.attention_part == AttentionPart::encoder);
    // Now the rows are the source's, and what is pointed at lies in the encoder.
    IM_CHECK_EQ(view.layout().positions, 7);
    move(view.layout().strip(Hook::q, 5).center());
    IM_CHECK(world.hover.value && world.hover.value->in_encoder && world.hover.value->hook == Hook::q);
    IM_CHECK(world.hover.source_query == 5);
    IM_CHECK(!world.hover.query.has_value());
    move(view.layout().map_cell(5, 6).center());
    IM_CHECK(world.hover.source_key == 6);  // later tokens, too: it reads both ways
    ctx.MouseClick(0);
    ctx.Yield(3);
    IM_CHECK(world.document.source_query == 5);
    IM_CHECK(world.document.query == 3);  // of the decoder: as it was
  }));
}

TEST(FlowSource, NastyTextsOfBothKinds) {
  load_strings(assets_folder() / "strings");
  for (const SyntheticShape& shape :
       {SyntheticShape{.positions = 1, .layers = 1, .heads = 1, .kv_heads = 1, .kind = SyntheticKind::t5},
        SyntheticShape{.positions = 120, .kind = SyntheticKind::t5},
        SyntheticShape{.positions = 120, .maps = false, .kind = SyntheticKind::t5},
        SyntheticShape{.layers_done = 0, .kind = SyntheticKind::t5},
        SyntheticShape{.layers = 200, .heads = 1, .kv_heads = 1, .kind = SyntheticKind::t5},
        SyntheticShape{.not_a_number = true, .kind = SyntheticKind::t5}}) {
    for (const AttentionPart part : {AttentionPart::self, AttentionPart::encoder}) {
      ScriptedGui gui(ScriptedGui::Renderer::none, 640, 400);
      SyntheticWorld world(shape);
      world.document.attention_part = part;
      world.document.layer = shape.layers - 1;
      FlowView view;
      gui.draw_frames(world.drawn_by(view), 4);
      EXPECT_EQ(view.layout().source > 0, part == AttentionPart::self);
    }
  }
}

}  // namespace
}  // namespace headlight
