// The flow picture: pooling that loses nothing, a layout without overlaps, clicks, keys, and nasty traces.
#include "gui/views/flow_view.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "gui/views/flow_layout.h"
#include "gui/views/flow_values.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

ImVec2 middle(const FlowRect& rect) { return rect.center(); }

template <typename Kind>
const Kind* last_edit(const SyntheticWorld& world) {
  return world.edits.empty() ? nullptr : std::get_if<Kind>(&world.edits.back());
}

TEST(FlowValues, ACellKeepsTheLargestMagnitudeAndItsSign) {
  const std::array<float, 6> vector = {1, -3, 2, 0.5F, -0.25F, 0};
  const PooledStrip strip = pooled_strip(vector, 3);
  EXPECT_EQ(strip.values, (std::vector<float>{-3, 2, -0.25F}));
  EXPECT_EQ(strip.indices, (std::vector<std::int64_t>{1, 2, 4}));
  EXPECT_FLOAT_EQ(strip.rms, std::sqrt((1 + 9 + 4 + 0.25F + 0.0625F) / 6));
  EXPECT_EQ(pooled_strip(vector, 100).values.size(), 6U) << "never more cells than values";
  EXPECT_TRUE(pooled_strip({}, 5).values.empty());
}

TEST(FlowValues, NaNIsSeenAndDoesNotSpoilTheScale) {
  const std::array<float, 4> vector = {5, nan_value, 3, -4};
  const PooledStrip strip = pooled_strip(vector, 2);
  EXPECT_TRUE(std::isnan(strip.values[0]));
  EXPECT_EQ(strip.values[1], -4.0F);
  EXPECT_FLOAT_EQ(strip.rms, std::sqrt(50.0F / 3));
}

TEST(FlowValues, TheStreamsLengthIsItsL2Norm) {
  const auto trace = synthetic_trace({.positions = 4, .layers = 2});
  FlowValues values;
  values.show(trace, 1, 0, 1, 4);
  const std::span<const float> vector = flow_vector(*trace, Hook::resid_pre, 1, 0, 2);
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_FLOAT_EQ(values.stream_norm(1, 2), static_cast<float>(std::sqrt(squares)));
  EXPECT_LT(values.stream_norm(1, 0), 0) << "outside the window";
  EXPECT_LT(values.stream_norm(3, 2), 0) << "beyond the last layer";
}

TEST(FlowValues, QueriesOfAGroupReadTheSameKeys) {
  const auto trace = synthetic_trace({.heads = 4, .kv_heads = 2});
  const auto keys_of = [&](std::int64_t head) { return flow_vector(*trace, Hook::k, 0, head, 1).data(); };
  EXPECT_EQ(keys_of(0), keys_of(1));
  EXPECT_NE(keys_of(1), keys_of(2));
  EXPECT_NE(flow_vector(*trace, Hook::q, 0, 0, 1).data(), flow_vector(*trace, Hook::q, 0, 1, 1).data());
}

// Columns stand beside each other in the order of computation, inside the picture, whatever the model.
TEST(FlowLayout, NothingOverlapsAndTheSelectedRowIsSeen) {
  for (const std::int64_t positions : {1, 5, 12, 30, 300}) {
    for (const std::int64_t layers : {1, 2, 30, 200}) {
      FlowParts on_stage;
      on_stage.on_stage = true;
      for (const auto& [size, parts] :
           {std::pair(ImVec2(870, 480), FlowParts()), std::pair(ImVec2(1400, 900), FlowParts()),
            std::pair(ImVec2(narrowest_flow(16), 300), FlowParts()), std::pair(ImVec2(1400, 900), on_stage),
            std::pair(ImVec2(narrowest_flow(16, on_stage), 300), on_stage)}) {
        FlowShape shape;
        shape.parts = parts;
        shape.positions = positions;
        shape.selected = positions - 1;
        shape.layers = layers;
        shape.layer = layers / 2;
        shape.heads = 9;
        shape.head = 4;
        shape.token_width = 60;
        const FlowLayout at = place_flow(shape, ImVec2(10, 20), size, 16);
        EXPECT_TRUE(at.shows(shape.selected));
        EXPECT_LE(at.candidates.max.x, 10 + size.x + 1) << positions << " " << layers << " " << size.x;
        EXPECT_LE(at.rows_bottom, 20 + size.y);
        float right = at.tokens.max.x;
        for (const FlowColumn& column : at.columns) {
          if (column.slot == 0 && !column.on_stream && column.hook != Hook::ln1_normalized &&
              column.hook != Hook::ln2_normalized) {
            EXPECT_GE(column.left, right) << hook_info(column.hook).name;
          }
          right = std::max(right, column.right);
        }
        EXPECT_GE(at.candidates.min.x, right);
        for (std::int64_t row = at.first; row + 1 < at.last; ++row) {
          EXPECT_LE(at.strip(Hook::v, row).max.y, at.row_top(row + 1) + 0.5F);
          EXPECT_LE(at.strip(Hook::q, row).max.y, at.strip(Hook::k, row).min.y);
        }
      }
    }
  }
}

TEST(FlowLayout, ALowPictureKeepsTheChosenRowAndWholeCandidates) {
  constexpr float em = 16;
  const ImVec2 size(narrowest_flow(em), lowest_flow(em));
  for (const std::int64_t positions : {1, 5, 18, 300}) {
    for (const std::int64_t selected : {std::int64_t{0}, positions / 2, positions - 1}) {
      FlowShape shape;
      shape.positions = positions;
      shape.selected = selected;
      shape.layers = 30;
      shape.heads = 9;
      const FlowLayout at = place_flow(shape, ImVec2(0, 0), size, em);
      const bool both = at.first > 0 && at.last < positions;
      EXPECT_TRUE(at.shows(selected)) << positions << " " << selected;
      EXPECT_GE(at.rows(), std::min<std::int64_t>(positions, both ? 1 : 2)) << positions << " " << selected;
      EXPECT_GE(at.row_height, em * 1.2F) << positions << " " << selected;
      EXPECT_LE(at.rows_bottom, at.footer.min.y);
      EXPECT_LE(at.bands.size(), both ? 2U : 1U);
      for (const FlowBand& band : at.bands) EXPECT_LE(band.top + band.height, at.footer.min.y);
      EXPECT_GE(at.shown_candidates, 3);
      EXPECT_GE(at.candidate(0).height(), em * 1.7F);  // a line and its bar
      EXPECT_GE(at.candidates.min.y, at.headings.max.y);
      EXPECT_LE(at.candidate(at.shown_candidates - 1).max.y, at.footer.min.y);
    }
  }
}

// So that its numbers are read from the last row.
TEST(FlowLayout, TheMapIsWiderOnStage) {
  FlowShape shape;
  shape.positions = 5;
  const float before = place_flow(shape, ImVec2(0, 0), ImVec2(1900, 800), 32).map.width();
  shape.parts.on_stage = true;
  EXPECT_GT(place_flow(shape, ImVec2(0, 0), ImVec2(1900, 800), 32).map.width(), before * 1.4F);
}

TEST(FlowView, DrawsNastyTraces) {
  const std::array<SyntheticShape, 9> shapes = {{{.positions = 1, .layers = 1, .heads = 1, .kv_heads = 1},
                                                 {.positions = 2},
                                                 {.positions = 300, .layers = 1},
                                                 {.positions = 300, .maps = false},
                                                 {.layers = 200, .heads = 1, .kv_heads = 1},
                                                 {.layers_done = 0},
                                                 {.layers_done = 1},
                                                 {.not_a_number = true},
                                                 {.heads = 64, .kv_heads = 8}}};
  for (const SyntheticShape& shape : shapes) {
    ScriptedGui gui;
    SyntheticWorld world(shape);
    FlowView view;
    for (const std::int64_t layer : {std::int64_t{0}, shape.layers - 1}) {
      world.document.layer = layer;
      world.document.head = shape.heads - 1;
      gui.draw_frames(world.drawn_by(view), 2);
      EXPECT_TRUE(view.layout().shows(world.frame().locked_query()));
    }
    EXPECT_TRUE(world.edits.empty());
  }
  ScriptedGui gui;
  SyntheticWorld nothing;
  FlowView view;
  gui.draw_frames(nothing.drawn_by(view));
}

TEST(FlowView, ATokenIsLockedByAClickAndReleasedByTheNext) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    const FlowRect strip = view.layout().strip(Hook::embed, 1);
    ctx.MouseMoveToPos(ImVec2(view.layout().tokens.center().x, strip.center().y));
    ctx.Yield(2);
    IM_CHECK(world.hover.query == 1);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.query == 1);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(!world.document.query.has_value());
  }));
}

TEST(FlowView, CardsWheelAndArrowsWalkLayersAndHeads) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.layers = 5});
  world.document.layer = 2;
  world.document.head = 1;
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    const auto click = [&](const FlowRect& rect) {
      ctx.MouseMoveToPos(ImVec2(rect.center().x, rect.max.y - 1));
      ctx.Yield(2);
      ctx.MouseClick(0);
      ctx.Yield(2);
    };
    click(view.layout().layer_card(4));
    IM_CHECK_EQ(world.document.layer, 4);
    click(view.layout().layer_card(1));
    IM_CHECK_EQ(world.document.layer, 1);
    IM_CHECK_EQ(world.document.head, 1);
    click(view.layout().head_card(3));
    IM_CHECK_EQ(world.document.head, 3);
    ctx.MouseWheelY(-1);  // towards the user: onwards
    ctx.Yield(2);
    IM_CHECK_EQ(world.document.layer, 2);
    ctx.KeyPress(ImGuiKey_LeftArrow);
    ctx.Yield(2);
    IM_CHECK_EQ(world.document.layer, 1);
    ctx.KeyPress(ImGuiMod_Shift | ImGuiKey_LeftArrow);
    ctx.Yield(2);
    IM_CHECK_EQ(world.document.head, 2);
    ctx.KeyPress(ImGuiKey_UpArrow);
    ctx.Yield(2);
    IM_CHECK(world.document.query == 3);
  }));
}

TEST(FlowView, PointingAtACellNamesItsNumber) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  world.document.layer = 1;
  world.document.head = 3;
  FlowView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    const FlowRect strip = view.layout().strip(Hook::k, 2);
    ctx.MouseMoveToPos(ImVec2(strip.max.x - 1, strip.center().y));
    ctx.Yield(2);
    // The last of four dimensions; head 3 of 4 reads key/value head 1 of 2.
    IM_CHECK(world.hover.value == (ValueReference{Hook::k, 1, {2, 1, 3}}));
    ctx.MouseMoveToPos(middle(view.layout().map_cell(4, 0)));
    ctx.Yield(2);
    IM_CHECK(world.hover.value == (ValueReference{Hook::pattern, 1, {3, 4, 0}}));
    IM_CHECK(world.hover.key == 0);
    ctx.MouseMoveToPos(middle(view.layout().map_cell(0, 4)));
    ctx.Yield(2);
    IM_CHECK(!world.hover.value.has_value());  // masked: there is no number
    ctx.MouseMoveToPos(middle(view.layout().candidate(1)));
    ctx.Yield(2);
    IM_CHECK(world.hover.candidate == world.result.next->ranked[1].id);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.candidate == world.result.next->ranked[1].id);
  }));
}

TEST(FlowView, APartOpensIntoNumbersAndEscClosesOnlyIt) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  world.settings.reduced_motion = true;
  FlowView view;
  int escapes = 0;
  const auto draw_view = world.drawn_by(view);
  const auto draw = [&] {
    if (ImGui::IsKeyPressed(ImGuiKey_Escape, false)) ++escapes;
    draw_view();
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    ctx.MouseMoveToPos(middle(view.layout().strip(Hook::mlp_out, 2)));
    ctx.Yield(2);
    ctx.MouseClick(0);
    ctx.Yield(3);
    IM_CHECK(view.detail().hook() == Hook::mlp_out);
    IM_CHECK(world.document.query == 2);
    const FlowLayout& at = view.layout();
    // The largest number of the part, for the inspector, while nothing is pointed at.
    const std::optional<ValueReference> strongest = world.hover.value;
    IM_CHECK(strongest && strongest->hook == Hook::mlp_out && strongest->index[0] == 2);
    const std::span<const float> row = world.result.trace->row(Hook::mlp_out, at.layer, 2);
    for (const float value : row)
      IM_CHECK(std::abs(value) <= std::abs(row[static_cast<std::size_t>(strongest->index[1])]));
    for (const float x : {0.5F, 0.4F}) {  // one of them is not over the largest
      for (float y = at.corner.y; y < at.corner.y + at.size.y && world.hover.value == strongest;
           y += at.em * 0.5F) {
        ctx.MouseTeleportToPos(ImVec2(at.corner.x + at.size.x * x, y));
        ctx.Yield(2);
      }
    }
    IM_CHECK(world.hover.value.has_value() && world.hover.value != strongest);
    const ValueReference number = *world.hover.value;
    IM_CHECK(number.hook == Hook::mlp_out);
    IM_CHECK_EQ(number.index[0], 2);
    const ImVec2 kept_at = ImGui::GetMousePos();
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.value == number);
    ctx.MouseTeleportToPos(ImVec2(at.corner.x + at.size.x * 0.5F, at.corner.y + at.size.y - 2));
    ctx.Yield(2);
    IM_CHECK(!world.hover.value.has_value());  // what was kept is shown, nothing else
    ctx.MouseTeleportToPos(kept_at);
    ctx.Yield(2);
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(last_edit<SelectValue>(world) != nullptr);
    IM_CHECK(!world.document.value.has_value());
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.Yield(2);
    IM_CHECK(!view.detail().is_open());
    IM_CHECK_EQ(escapes, 0);
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.Yield(2);
    IM_CHECK_EQ(escapes, 1);
  }));
}

// The transition takes time unless the user asked for none.
TEST(FlowView, TheOpenedPartGrowsWithinAFifthOfASecond) {
  SyntheticWorld world(SyntheticShape{});
  FlowDetail detail;
  detail.open(Hook::q, FlowRect{}, world.frame());
  EXPECT_EQ(detail.amount(world.frame()), 0.0F);
  world.settings.reduced_motion = true;
  EXPECT_EQ(detail.amount(world.frame()), 1.0F);
}

// What is drawn depends on the numbers: another layer must look different.
TEST(FlowView, ThePictureShowsTheNumbers) {
  const auto picture_of_layer = [](std::int64_t layer, std::int64_t opened) {
    ScriptedGui gui(ScriptedGui::Renderer::opengl, 900, 500);
    SyntheticWorld world(SyntheticShape{});
    world.document.layer = layer;
    world.settings.reduced_motion = true;
    FlowView view;
    gui.draw_frames(world.drawn_by(view));
    if (opened > 0) {
      EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
        ctx.MouseMoveToPos(middle(view.layout().strip(Hook::q, 2)));
        ctx.Yield(2);
        ctx.MouseClick(0);
        ctx.Yield(3);
      }));
    }
    return gui.picture();
  };
  const Picture first = picture_of_layer(1, 0);
  EXPECT_GT(pixels_that_differ(first, picture_of_layer(2, 0)), 500);
  EXPECT_GT(pixels_that_differ(first, picture_of_layer(1, 1)), 5000);
}

}  // namespace
}  // namespace headlight
