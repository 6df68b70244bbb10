// The attention view: its arithmetic of colours and cells, every mode with nasty traces, and what it emits.
#include "gui/views/attention_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>

#include "core/analysis/head_sweep.h"
#include "core/forward/derived_values.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/widgets/map_scale.h"
#include "imgui_internal.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr MapScale all_scales[] = {MapScale::linear, MapScale::square_root, MapScale::logarithmic,
                                   MapScale::per_row};

TEST(MapScale, GoesFromNoughtToOneAndBack) {
  for (const MapScale scale : all_scales) {
    EXPECT_FLOAT_EQ(scale_position(scale, 0.0F), 0.0F);
    EXPECT_FLOAT_EQ(scale_position(scale, 1.0F), 1.0F);
    float before = -1;
    for (const float weight : {0.0002F, 0.001F, 0.01F, 0.09F, 0.25F, 0.5F, 0.9F}) {
      const float position = scale_position(scale, weight);
      EXPECT_GT(position, before);
      EXPECT_NEAR(scale_weight(scale, position), weight, 1e-5F);  // a power of ten in float32
      before = position;
    }
  }
  EXPECT_FLOAT_EQ(scale_position(MapScale::square_root, 0.25F), 0.5F);
  EXPECT_FLOAT_EQ(scale_position(MapScale::logarithmic, 0.01F), 0.5F);
  EXPECT_FLOAT_EQ(scale_position(MapScale::logarithmic, log_scale_floor), 0.0F);
}

TEST(MapScale, TellsMaskedUnknownAndBrokenCellsFromNought) {
  const ImU32 nought = cell_color(MapScale::linear, 0.0F);
  EXPECT_NE(cell_color(MapScale::linear, masked_cell), nought);
  EXPECT_NE(cell_color(MapScale::linear, unknown_cell), cell_color(MapScale::linear, masked_cell));
  EXPECT_EQ(cell_color(MapScale::linear, std::numeric_limits<float>::quiet_NaN()), palette().error);
}

TEST(WallLayout, FindsEveryHeadWhereItWasPut) {
  for (const ImVec2 room : {ImVec2(900, 500), ImVec2(300, 700), ImVec2(120, 80)}) {
    for (const std::int64_t layers : {1, 30, 200}) {
      const WallLayout layout = wall_layout(room, layers, 9, 14, 16);
      for (std::int64_t layer = 0; layer < layers; ++layer) {
        for (std::int64_t head = 0; head < 9; ++head) {
          const ImVec2 corner = layout.corner(layer, head);
          const auto found =
              layout.at(ImVec2(corner.x + layout.thumbnail / 2, corner.y + layout.thumbnail / 2));
          ASSERT_EQ(found, std::pair(layer, head));
          EXPECT_LE(corner.x + layout.thumbnail, layout.extent.x);
          EXPECT_LE(corner.y + layout.thumbnail, layout.extent.y);
        }
      }
      EXPECT_FALSE(layout.at(ImVec2(layout.extent.x + 1, layout.extent.y + 1)));
    }
  }
  EXPECT_TRUE(wall_layout(ImVec2(900, 400), 30, 9, 14, 16).layers_across);
  EXPECT_FALSE(wall_layout(ImVec2(300, 700), 30, 9, 14, 16).layers_across);
}

// However small the thumbnail is drawn, its brightest cell is the head's largest weight.
TEST(Pooling, KeepsTheLargestWeight) {
  const SyntheticWorld world(SyntheticShape{.positions = 130});
  const Tensor maps = world.result.trace->at(Hook::pattern, 1);
  for (const std::int64_t cells : {1, 7, 40, 64}) {
    const std::vector<float> wall = wall_cells(*world.result.wall, cells, false, false);
    for (std::int64_t head = 0; head < 4; ++head) {
      const float* pattern = maps.data() + head * 130 * 130;
      const float largest = *std::max_element(pattern, pattern + 130 * 130);
      float in_wall = 0;
      for (std::int64_t i = 0; i < cells * cells; ++i) {
        in_wall = std::max(
            in_wall,
            wall[static_cast<std::size_t>((cells + i / cells) * 4 * cells + head * cells + i % cells)]);
      }
      EXPECT_EQ(in_wall, largest) << cells;
    }
  }
}

std::vector<SyntheticWorld> nasty_worlds() {
  std::vector<SyntheticWorld> worlds(1);  // the first: nothing at all
  for (const SyntheticShape& shape :
       {SyntheticShape{.positions = 1}, SyntheticShape{.positions = 300, .layers = 2},
        SyntheticShape{.not_a_number = true}, SyntheticShape{.layers = 1, .heads = 1, .kv_heads = 1},
        SyntheticShape{.layers = 200}, SyntheticShape{.layers_done = 1}, SyntheticShape{.layers_done = 0},
        SyntheticShape{.maps = false}}) {
    worlds.emplace_back(shape);
  }
  return worlds;
}

TEST(AttentionView, DrawsEveryModeOfNastyTraces) {
  ScriptedGui gui;
  std::vector<SyntheticWorld> worlds = nasty_worlds();
  for (SyntheticWorld& world : worlds) {
    AttentionView view;
    for (const AttentionMode mode : {AttentionMode::wall, AttentionMode::matrix, AttentionMode::row}) {
      for (const MapScale scale : all_scales) {
        for (const std::int64_t layer : {0, 2}) {
          world.document.attention_mode = mode;
          world.document.map_scale = scale;
          world.document.layer = layer;
          world.document.hide_sink = layer == 2;
          world.document.query =
              layer == 2 ? std::optional<std::int64_t>(1000) : std::nullopt;  // beyond the text
          world.document.key = world.document.query;
          gui.draw_frames(world.drawn_by(view), 2);
        }
      }
    }
    EXPECT_TRUE(world.edits.empty());
  }
}

// Merged, weighted, compared and sorted; also of models that look both ways or have an encoder.
TEST(AttentionView, DrawsEveryChoiceOfNastyTraces) {
  ScriptedGui gui;
  std::vector<SyntheticWorld> worlds = nasty_worlds();
  for (const SyntheticKind kind : {SyntheticKind::bert, SyntheticKind::t5})
    worlds.emplace_back(SyntheticShape{.kind = kind});
  std::vector<AttentionChoices> all(1);
  for (const HeadMerge merge : {HeadMerge::mean, HeadMerge::largest}) {
    all.emplace_back().merge = merge;
    all.back().value_weighted = merge == HeadMerge::mean;
  }
  all.emplace_back().value_weighted = true;
  for (const bool difference : {false, true}) {
    all.emplace_back().compared = HeadPlace{1, 3};
    all.back().difference = difference;
    all.emplace_back().compared = HeadPlace{1000, 1000};  // of a larger model
    all.back().difference = difference;
    all.back().value_weighted = true;
  }
  for (const WallOrder order : {WallOrder::induction, WallOrder::distance, WallOrder::effect}) {
    all.emplace_back().order = order;
    all.back().least_score = 0.1;
  }
  for (SyntheticWorld& world : worlds) {
    AttentionView view;
    for (const AttentionMode mode : {AttentionMode::wall, AttentionMode::matrix}) {
      for (const AttentionPart part : {AttentionPart::self, AttentionPart::cross}) {
        for (const AttentionChoices& choices : all) {
          world.document.attention_mode = mode;
          world.document.attention_part = part;
          world.document.attention = choices;
          gui.draw_frames(world.drawn_by(view), 2);
        }
      }
    }
    EXPECT_TRUE(world.edits.empty());
  }
}

TEST(WallLayout, FindsEveryHeadOfAnOrder) {
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < 270; ++i) order.push_back((i * 7) % 270);
  for (const ImVec2 room : {ImVec2(900, 500), ImVec2(300, 700), ImVec2(120, 80)}) {
    const WallLayout layout = ordered_wall_layout(room, 30, 9, order, 16);
    EXPECT_LE(layout.extent.x, std::max(room.x, layout.step));
    for (std::size_t i = 0; i < order.size(); ++i) {
      const ImVec2 corner = layout.corner(order[i] / 9, order[i] % 9);
      const auto found = layout.at(ImVec2(corner.x + layout.thumbnail / 2, corner.y + layout.thumbnail / 2));
      ASSERT_EQ(found, std::pair(order[i] / 9, order[i] % 9));
      EXPECT_EQ(corner.x, layout.step * static_cast<float>(static_cast<std::int64_t>(i) % layout.across));
    }
    EXPECT_FALSE(layout.at(ImVec2(layout.extent.x + 1, 1)));
  }
}

template <typename Kind>
const Kind* last_of(const std::vector<Command>& edits) {
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (const Kind* found = std::get_if<Kind>(&*edit)) return found;
  }
  return nullptr;
}

TEST(AttentionView, AWallOfHeadsIsChosenOpenedAndWalked) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(330, 300));
    ctx.Yield(2);
    IM_CHECK(world.hover.head.has_value());
    const auto head = *world.hover.head;
    ctx.MouseClick(0);
    const SelectHead* selected = last_of<SelectHead>(world.edits);
    IM_CHECK(selected != nullptr);
    IM_CHECK(std::pair(selected->layer, selected->head) == head);
    world.edits.clear();
    world.document.layer = 1;
    world.document.head = 1;
    ctx.KeyPress(ImGuiKey_RightArrow);
    ctx.KeyPress(ImGuiKey_DownArrow);
    IM_CHECK_EQ(world.document.layer, 2);
    IM_CHECK_EQ(world.document.head, 2);
    ctx.KeyPress(ImGuiKey_Enter);
    IM_CHECK(world.document.attention_mode == AttentionMode::matrix);
    world.document.attention_mode = AttentionMode::wall;
    ctx.Yield(2);
    ctx.MouseDoubleClick(0);
    ctx.Yield(2);
    IM_CHECK(world.document.attention_mode == AttentionMode::matrix);
  }));
}

// What the chosen head looks at is there wherever the panel is wide or high, however large the wall could be.
TEST(AttentionView, AWallLeavesRoomForTheChosenHead) {
  const auto is_shown = [](int width, int height, std::int64_t layers) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
    SyntheticWorld world(SyntheticShape{.positions = 6, .layers = layers});
    world.document.attention_mode = AttentionMode::wall;
    AttentionView view;
    gui.draw_frames(world.drawn_by(view), 4);
    for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
      if (window->WasActive && std::string(window->Name).find("##chosen") != std::string::npos) return true;
    }
    return false;
  };
  for (const std::int64_t layers : {2, 4, 12, 30, 48}) {
    EXPECT_TRUE(is_shown(1000, 480, layers)) << layers;
    EXPECT_TRUE(is_shown(700, 420, layers)) << layers;
    EXPECT_TRUE(is_shown(500, 900, layers)) << layers;
  }
  EXPECT_FALSE(is_shown(320, 300, 48));
}

// Choosing a head changes no pixel of its thumbnail.
TEST(AttentionView, TheFrameOfAHeadStandsAroundIt) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 900, 560);
  SyntheticWorld world(SyntheticShape{.positions = 6, .layers = 4});
  world.document.attention_mode = AttentionMode::wall;
  AttentionView view;
  const auto with_head = [&](std::int64_t head) {
    world.document.head = head;
    gui.draw_frames(world.drawn_by(view), 3);
    return gui.picture();
  };
  const Picture chosen = with_head(1), other = with_head(3);
  ImRect wall;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(2);
    wall = ctx.ItemInfo("**/##heads").RectFull;
  }));
  // Four by four behind the names, of which layer 0 may stand at the top or at the left.
  const float em = 16.0F;
  const ImVec2 first(wall.Min.x + std::floor(em * 2.1F), wall.Min.y + std::floor(em * 1.25F));
  const float step = (wall.Max.x - first.x) / 4;
  const bool across = wall_layout(wall.GetSize(), 4, 4, 6, em).layers_across;
  const auto left = static_cast<int>(first.x + (across ? 0 : step)),
             top = static_cast<int>(first.y + (across ? step : 0));
  const auto edge = static_cast<int>(step * 0.85F);
  int differ = 0, outside = 0;
  for (int y = -4; y < edge; ++y) {
    for (int x = -4; x < edge; ++x) {
      const auto at = static_cast<std::size_t>(((top + y) * chosen.width + left + x) * 4);
      const bool same = std::equal(&chosen.rgba[at], &chosen.rgba[at] + 3, &other.rgba[at]);
      (x < 0 || y < 0 ? outside : differ) += same ? 0 : 1;
    }
  }
  EXPECT_EQ(differ, 0);
  EXPECT_GT(outside, edge);  // the frame is there
}

// On the stage the thumbnails are as large as the whole width lets them be.
TEST(AttentionView, AWallHasTheWidthOfTheStage) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6, .layers = 30});
  world.document.view = CenterView::attention;
  world.document.attention_mode = AttentionMode::wall;
  std::vector<PlacedView> views;
  views.push_back({Place::center, std::make_unique<AttentionView>()});
  Presenter presenter;
  float height = 0;
  const auto draw = [&] {
    Commands commands;
    presenter.draw(views, world.frame(), commands, height);
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.Yield(3);
    IM_CHECK_GT(ctx.ItemInfo("**/##heads").RectFull.GetWidth(), 1280 * 0.9F);
  }));
}

TEST(AttentionView, AWallIsSortedByAScore) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 12});
  world.document.attention.order = WallOrder::diffuse;
  AttentionView view;
  const auto backend = make_cpu_backend(1);
  const HeadScores scores = head_scores(*world.result.trace, *backend);
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(330, 300));
    ctx.MouseClick(0);
    ctx.SleepNoSkip(0.3F, 0.05F);  // the scores are made
    // The first thumbnail is the most diffuse head, the one behind it the next.
    std::vector<double> found;
    for (int i = 0; i < 12; ++i) {
      ctx.KeyPress(ImGuiKey_LeftArrow);
      ctx.KeyPress(ImGuiKey_UpArrow);
    }
    for (int i = 0; i < 12; ++i) {
      found.push_back(scores.of(world.document.layer, world.document.head)[HeadScore::diffuse]);
      ctx.KeyPress(ImGuiKey_RightArrow);
    }
    IM_CHECK_EQ(found.size(), 12U);
    IM_CHECK(std::is_sorted(found.rbegin(), found.rend()));
    IM_CHECK(found.front() > found.back());
  }));
}

// Until a worker with little to do has done it.
void wait(ImGuiTestContext& ctx) {
  for (int i = 0; i < 60; ++i) {
    ctx.Yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// Every head of a running model is switched off by itself; what matters most comes first, whether the token
// needs it or would be likelier without it.
class SweptWall {
 public:
  explicit SweptWall(const std::shared_ptr<const Model>& model) {
    load_strings(assets_folder() / "strings");
    world.document.attention.order = WallOrder::effect;
    open(model, {5, 17, 3, 60, 17});
  }
  void open(const std::shared_ptr<const Model>& model, std::vector<TokenId> tokens) {
    ForwardRequest request;
    request.tokens = std::move(tokens);
    trace = run_forward(model, *backend, request);
    world.model = model;
    world.result.trace = trace;
    world.result.wall = head_wall(*trace, nullptr);
  }
  // The keys walk through the wall's order: what each head loses by a sweep of our own.
  std::vector<double> walked(ImGuiTestContext& ctx, const SweepAim& aim) {
    const HeadSweep sweep = head_sweep(*trace, *backend, aim);
    world.document.query = aim.position;
    wait(ctx);
    for (int i = 0; i < 12; ++i) {
      ctx.KeyPress(ImGuiKey_LeftArrow);
      ctx.KeyPress(ImGuiKey_UpArrow);
    }
    std::vector<double> found;
    for (std::size_t i = 0; i < sweep.effects.size(); ++i) {
      found.push_back(std::abs(sweep.of(world.document.layer, world.document.head).lost));
      ctx.KeyPress(ImGuiKey_RightArrow);
    }
    return found;
  }

  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  std::shared_ptr<const Trace> trace;
  SyntheticWorld world{SyntheticShape{.positions = 5}};
};

bool falls(const std::vector<double>& numbers) {
  return std::is_sorted(numbers.rbegin(), numbers.rend()) && numbers.front() > 2 * numbers.back();
}

TEST(AttentionView, AWallIsSortedByWhatKnockingOutDoes) {
  SweptWall wall(tiny_model());
  ScriptedGui gui;
  AttentionView view;
  Document& document = wall.world.document;
  EXPECT_TRUE(gui.run(wall.world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(330, 300));
    ctx.MouseClick(0);
    IM_CHECK(falls(wall.walked(ctx, {4, likeliest_token(*wall.trace, 4), {}})));
    document.candidate = 7;  // locked beside the next token
    IM_CHECK(falls(wall.walked(ctx, {3, 7, {}})));
    document.lens.target = 9;  // chosen in the lens
    document.lens.distractor = 7;
    IM_CHECK(falls(wall.walked(ctx, {3, 9, 7})));
    wall.open(tiny_model(), {60, 3, 3, 5, 9, 2});
    IM_CHECK(falls(wall.walked(ctx, {5, 9, 7})));
    document.lens.distractor = -5;  // of no model
    IM_CHECK(falls(wall.walked(ctx, {5, 9, {}})));
  }));
}

// Numbers of one model are never shown as another one's.
TEST(AttentionView, AnotherModelIsSweptAnew) {
  SweptWall wall(tiny_model());
  ScriptedGui gui;
  AttentionView view;
  EXPECT_TRUE(gui.run(wall.world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    wait(ctx);
    const float swept = ctx.ItemInfo("**/##heads").RectFull.GetHeight();
    wall.world.error = "a pass that failed";  // nothing is swept while the trace is not the document's
    wall.open(load_model(golden_path("tiny_llama_q.gguf"), "again"), {5, 17, 3});
    wait(ctx);
    const float unsorted = ctx.ItemInfo("**/##heads").RectFull.GetHeight();
    wall.world.error.clear();
    wait(ctx);
    IM_CHECK_NE(unsorted, swept);
    IM_CHECK_EQ(ctx.ItemInfo("**/##heads").RectFull.GetHeight(), swept);
  }));
}

TEST(AttentionView, ShiftAndAClickCompareTwoHeads) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 8});
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(330, 330));
    ctx.Yield(2);
    IM_CHECK(world.hover.head.has_value());
    const HeadPlace head{world.hover.head->first, world.hover.head->second};
    ctx.KeyDown(ImGuiMod_Shift);
    ctx.MouseClick(0);
    ctx.KeyUp(ImGuiMod_Shift);
    ctx.Yield();
    IM_CHECK(world.document.attention.compared == head);
    IM_CHECK(last_of<SelectHead>(world.edits) == nullptr);
    world.document.attention_mode = AttentionMode::matrix;
    ctx.Yield(3);
    // The cursor over the second matrix is the first one's, too.
    ctx.MouseMoveToPos(ImVec2(760, 420));
    ctx.Yield(2);
    IM_CHECK(world.hover.head == std::pair(head.layer, head.head));
    IM_CHECK(world.hover.query && world.hover.key);
    IM_CHECK(world.hover.value && world.hover.value->layer == head.layer);
    ctx.SetRef("view");
    ctx.ItemClick("**/##difference");
    IM_CHECK(world.document.attention.difference);
    ctx.ItemClick("**/##weighted");
    IM_CHECK(world.document.attention.value_weighted);
    ctx.ItemClick("**/##compare");
    IM_CHECK(!world.document.attention.compared);
    ctx.ItemClick("**/merge/$$2/##pill");
    IM_CHECK(world.document.attention.merge == HeadMerge::largest);
  }));
}

// Of a long text the picture comes from a worker; what goes wrong there is said.
TEST(TiledMap, IsPendingUntilItIsThereAndSaysWhyItIsNot) {
  ScriptedGui gui;
  SyntheticWorld world(
      SyntheticShape{.positions = 2200, .layers = 1, .heads = 2, .kv_heads = 1, .maps = false});
  TiledMap map;
  DrawnMap what;
  bool pending = false;
  const auto draw = [&] {
    Commands commands;
    ImGui::Begin("map");
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    map.draw(world.frame(), world.result.trace, what, {corner, ImVec2(440, 440), 0, 0, 0.2F}, commands);
    ImGui::End();
    pending = commands.is_pending();
  };
  gui.draw_frames(draw, 1);
  EXPECT_TRUE(pending);
  const auto wait = [&] {
    for (int i = 0; i < 5000 && pending; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      gui.draw_frames(draw, 1);
    }
  };
  wait();
  EXPECT_FALSE(pending);
  EXPECT_EQ(map.error(), "");
  ASSERT_TRUE(map.tiles()->find({map.tiles()->coarsest(), 0, 0}));
  EXPECT_FALSE(map.progress());
  what.layer = 7;  // which does not exist: the worker may know that before the frame is drawn
  gui.draw_frames(draw, 1);
  wait();
  EXPECT_FALSE(pending);
  EXPECT_NE(map.error(), "");
  EXPECT_FALSE(map.progress());
}

TEST(AttentionView, AMatrixCellLocksAndReleasesItsPair) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 8});
  world.document.attention_mode = AttentionMode::matrix;
  world.document.layer = 1;
  world.document.head = 2;
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(140, 420));
    ctx.Yield(2);
    IM_CHECK(world.hover.query && world.hover.key && world.hover.value);
    const ValueReference value{Hook::pattern, 1, {2, *world.hover.query, *world.hover.key}};
    IM_CHECK(*world.hover.value == value);
    IM_CHECK(world.edits.empty());
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.query == value.index[1]);
    IM_CHECK(world.document.key == value.index[2]);
    IM_CHECK(world.document.value == value);
    ctx.SleepNoSkip(1.0F, 0.1F);  // or the two clicks are a double click
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(!world.document.query && !world.document.key && !world.document.value);
  }));
}

TEST(AttentionView, ALineOfTheStepsLocksItsKey) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 8});
  world.document.attention_mode = AttentionMode::row;
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.MouseMoveToPos(ImVec2(1100, 280));
    ctx.Yield(2);
    IM_CHECK(world.hover.key && world.hover.value);
    IM_CHECK(world.hover.value->hook == Hook::pattern);
    const std::int64_t key = *world.hover.key;
    ctx.MouseClick(0);
    ctx.Yield();
    IM_CHECK(world.document.key == key);
    IM_CHECK(world.document.value == (ValueReference{Hook::pattern, 0, {0, 7, key}}));
  }));
}

TEST(AttentionView, TheToolBarEmitsModeScaleAndSink) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{});
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.ItemClick("attention/scale/$$2/##pill");
    IM_CHECK(world.document.map_scale == MapScale::logarithmic);
    ctx.ItemClick("attention/##sink");
    IM_CHECK(world.document.hide_sink);
    ctx.ItemClick("attention/mode/$$1/##pill");
    IM_CHECK(world.document.attention_mode == AttentionMode::matrix);
    ctx.ItemClick("attention/head/›");
    IM_CHECK_EQ(world.document.head, 1);
    ctx.ItemClick("attention/layer/‹");
    IM_CHECK_EQ(world.document.layer, 2);  // around the end
    ctx.ItemClick("attention/mode/$$2/##pill");
    IM_CHECK(world.document.attention_mode == AttentionMode::row);
  }));
}

// The shader and the table of colours paint the same picture, cell by cell what cell_color says.
TEST(HeatmapTexture, PaintsTheSameByShaderAndByColours) {
  load_strings(assets_folder() / "strings");
  const float broken = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> cells = {0.0F, 0.1F, 1.0F, masked_cell, unknown_cell, broken};
  for (const MapScale scale : all_scales) {
    for (const auto method : {HeatmapTexture::Method::shader, HeatmapTexture::Method::colors}) {
      ScriptedGui gui(ScriptedGui::Renderer::opengl, 120, 80);
      HeatmapTexture texture(method);
      std::vector<ImU32> expected;
      gui.draw_frames([&] {
        texture.set_scale(scale);
        if (texture.width() == 0) texture.set_cells(3, 2, cells);
        texture.draw(*ImGui::GetForegroundDrawList(), ImVec2(0, 0), ImVec2(120, 80));
        expected.clear();
        for (const float cell : cells) expected.push_back(cell_color(scale, cell));
      });
      EXPECT_STREQ(texture.method(), method == HeatmapTexture::Method::shader ? "shader" : "colors");
      const Picture picture = gui.picture();
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::size_t pixel = ((20 + i / 3 * 40) * 120 + 20 + i % 3 * 40) * 4;
        for (std::size_t channel = 0; channel < 3; ++channel) {
          const auto want = static_cast<int>((expected[i] >> (8 * channel)) & 0xFFU);
          // One step of the map of 256 colours, where float32 and the upper half of it round differently.
          EXPECT_NEAR(static_cast<int>(picture.rgba[pixel + channel]), want, 4)
              << i << " " << texture.method();
        }
      }
    }
  }
}

}  // namespace
}  // namespace headlight
