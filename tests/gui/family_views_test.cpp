// Every view draws every kind of model: parts that it does not have are not drawn, and what is said is true
// of it.
#include <gtest/gtest.h>

#include <cmath>

#include "core/analysis/drawn_map.h"
#include "core/analysis/operands.h"
#include "core/session/devices.h"
#include "gui/strings.h"
#include "gui/view.h"
#include "gui/views/attention_view.h"
#include "gui/views/flow_layout.h"
#include "gui/views/head_wall_panel.h"
#include "gui/views/hook_words.h"
#include "gui/views/inspector_view.h"
#include "gui/views/inspector_words.h"
#include "gui/views/matrix_panel.h"
#include "gui/widgets/map_scale.h"
#include "imgui_test_engine/imgui_te_context.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

std::vector<SyntheticShape> shapes_of(SyntheticKind kind) {
  return {{.kind = kind},
          {.positions = 1, .layers = 1, .heads = 1, .kv_heads = 1, .kind = kind},
          {.positions = 90, .maps = false, .kind = kind},
          {.layers_done = 1, .kind = kind},
          {.not_a_number = true, .kind = kind}};
}

TEST(FamilyViews, DrawEveryKindOfModel) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  for (const SyntheticKind kind : synthetic_kinds) {
    for (const SyntheticShape& shape : shapes_of(kind)) {
      for (const PlacedView& placed : make_views()) {
        SyntheticWorld world(shape);
        EXPECT_TRUE(gui.run(world.drawn_by(*placed.view), [&](ImGuiTestContext& ctx) { ctx.Yield(3); }))
            << placed.view->name() << " of kind " << static_cast<int>(kind);
      }
    }
  }
}

TEST(FamilyViews, DrawEveryPartOfAttention) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  for (const SyntheticShape& shape : shapes_of(SyntheticKind::t5)) {
    for (const AttentionPart part : {AttentionPart::self, AttentionPart::cross, AttentionPart::encoder}) {
      for (const AttentionMode mode : {AttentionMode::wall, AttentionMode::matrix, AttentionMode::row}) {
        SyntheticWorld world(shape);
        world.document.attention_part = part;
        world.document.attention_mode = mode;
        world.document.source_key = 2;
        world.result.wall_part = part;
        world.result.wall = head_wall(*attention_trace(world.result.trace.get(), part), nullptr,
                                      part == AttentionPart::cross);
        const Frame frame = world.frame();
        const ShownAttention shown = shown_attention(frame);
        EXPECT_FALSE(shown.query_text(0).empty());
        EXPECT_FALSE(shown.key_text(0).empty());
        AttentionView view;
        EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) { ctx.Yield(3); }));
      }
    }
  }
}

// Every value of every kind can be opened, and its formula has words.
TEST(FamilyViews, OpenEveryValue) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 400, 700);
  for (const SyntheticKind kind : synthetic_kinds) {
    SyntheticWorld world(SyntheticShape{.kind = kind});
    const Trace& trace = *world.result.trace;
    std::vector<ValueReference> values;
    for (const HookInfo& info : all_hooks()) {
      if (has_hook(info.hook, trace.model().architecture)) values.push_back({info.hook, 0, {0, 0, 0}});
      if (trace.source() && has_hook(info.hook, trace.source()->model().architecture)) {
        values.push_back({info.hook, 0, {0, 0, 0}, true});
      }
    }
    InspectorView view;
    for (const ValueReference& value : values) {
      EXPECT_TRUE(value_of(trace, value)) << value_name(trace, value);
      EXPECT_FALSE(hook_letter(value.hook).empty()) << value_name(trace, value);
      EXPECT_FALSE(index_words(trace, value).empty() && hook_info(value.hook).axes[0] != Axis::one);
    }
    std::size_t next = 0;
    EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
      for (; next < values.size(); ++next) {
        world.document.value = values[next];
        ctx.Yield(1);
      }
    }));
  }
}

TEST(FamilyViews, SayWhatIsTrueInBothLanguages) {
  load_strings(assets_folder() / "strings");
  for (const Language each : {Language::english, Language::korean}) {
    set_language(each);
    for (const SyntheticKind kind : synthetic_kinds) {
      const auto trace = synthetic_trace({.kind = kind});
      const ArchitectureDescription& a = trace->model().architecture;
      for (const HookInfo& info : all_hooks()) {
        if (!has_hook(info.hook, a)) continue;
        const std::string key = hook_sentence_key(a, info.hook);
        EXPECT_NE(text(key), key);
      }
      const FlowLayout at = place_flow({.parts = flow_parts(a, 0)}, ImVec2(0, 0), ImVec2(1400, 800), 16);
      for (const FlowColumn& column : at.columns) {
        EXPECT_TRUE(has_hook(column.hook, a)) << hook_info(column.hook).name;
        const std::string name = part_name(a, column.hook);
        EXPECT_EQ(name.find("flow.part"), std::string::npos) << name;
        EXPECT_EQ(name.find('{'), std::string::npos) << name;
      }
    }
  }
  set_language(Language::english);
}

TEST(FamilyViews, DrawNoPartThatTheModelLacks) {
  const auto columns = [](SyntheticKind kind) {
    const auto trace = synthetic_trace({.kind = kind});
    return place_flow({.parts = flow_parts(trace->model().architecture, 0)}, ImVec2(0, 0), ImVec2(1400, 800),
                      16);
  };
  const FlowLayout gpt2 = columns(SyntheticKind::gpt2);
  EXPECT_EQ(gpt2.column(Hook::mlp_pre_linear), nullptr);
  EXPECT_NE(gpt2.column(Hook::pos_embed), nullptr);
  const FlowLayout bert = columns(SyntheticKind::bert);
  EXPECT_EQ(bert.column(Hook::ln_final_normalized), nullptr);
  EXPECT_NE(bert.column(Hook::mlm_head_normalized), nullptr);
  ASSERT_NE(bert.column(Hook::ln1_normalized), nullptr);
  EXPECT_TRUE(bert.column(Hook::ln1_normalized)->on_stream);  // behind the sum it is the stream
  EXPECT_GT(bert.column(Hook::ln1_normalized)->left, bert.column(Hook::attn_out)->left);
  const FlowLayout neox = columns(SyntheticKind::neox);
  EXPECT_EQ(neox.column(Hook::resid_mid), nullptr);
  EXPECT_EQ(neox.attention_plus, neox.mlp_plus);
  EXPECT_NE(columns(SyntheticKind::t5).column(Hook::cross_attn_out), nullptr);
}

// Nothing of a bidirectional map is masked, and of a local one what lies before the window is.
TEST(FamilyViews, MaskWhatTheModelMasks) {
  const auto masked_of = [](SyntheticKind kind) {
    const SyntheticWorld world(SyntheticShape{.positions = 8, .kind = kind});
    const std::unique_ptr<Backend> backend = make_view_backend("CPU", 1);
    const DrawnRows rows(world.result.trace, *backend, {});
    const std::vector<float> wall = wall_cells(*world.result.wall, 8, false, false);
    std::vector<int> counts = {64, 0};
    for (std::int64_t query = 0; query < 8; ++query) {
      const KeyRange seen = rows.shown(query);
      counts[0] -= static_cast<int>(seen.last - seen.first);
    }
    for (std::int64_t i = 0; i < 64; ++i) {
      counts[1] += wall[static_cast<std::size_t>(i / 8 * 32 + i % 8)] == masked_cell;
    }
    return counts;
  };
  EXPECT_EQ(masked_of(SyntheticKind::bert), (std::vector<int>{0, 0}));
  EXPECT_EQ(masked_of(SyntheticKind::llama), (std::vector<int>{28, 28}));  // above the diagonal
  EXPECT_EQ(masked_of(SyntheticKind::gemma), (std::vector<int>{43, 43}));  // and 5·6/2 before a window of 3
}

}  // namespace
}  // namespace headlight
