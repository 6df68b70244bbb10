// The dialogs: what they say about a model, and the search in keys and words.
#include <gtest/gtest.h>

#include "gui/strings.h"
#include "gui/views/help_view.h"
#include "gui/views/model_view.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// SmolLM2 135M as its makers describe it: 134,515,008 parameters.
TEST(ModelView, SharesAddUpToTheParametersOfSmolLm2) {
  ArchitectureDescription a;
  a.layers = 30;
  a.d_model = 576;
  a.heads = 9;
  a.kv_heads = 3;
  a.d_head = 64;
  a.d_mlp = 1536;
  a.vocabulary = 49152;
  a.tied_output = true;
  EXPECT_EQ(parameter_shares(a).total(), 134515008);
  a.tied_output = false;
  EXPECT_EQ(parameter_shares(a).total(), 134515008 + 49152 * 576);
}

TEST(ModelView, DrawsWithAndWithoutAModel) {
  load_strings(assets_folder() / "strings");
  for (const int width : {300, 900}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, 600);
    ModelView view;
    SyntheticWorld nothing;
    gui.draw_frames(nothing.drawn_by(view), 2);
    SyntheticWorld world(SyntheticShape{});
    gui.draw_frames(world.drawn_by(view), 2);
    EXPECT_TRUE(world.edits.empty());
  }
}

TEST(HelpView, FindsEveryWordOfTheSearch) {
  EXPECT_TRUE(matches_search("", "anything"));
  EXPECT_TRUE(matches_search("SOFT max", "Softmax"));
  EXPECT_FALSE(matches_search("softmax banana", "Softmax"));
  EXPECT_TRUE(matches_search("쿼리", "쿼리, 키, 밸류"));
}

TEST(HelpView, EveryKeyAndWordIsExplained) {
  load_strings(assets_folder() / "strings");
  const std::vector<std::string> keys = help_text_keys();
  EXPECT_GE(keys.size(), 25U * 3);  // a glossary of 25 words at least
  for (const std::string& key : keys) EXPECT_NE(text(key), key);
}

TEST(HelpView, AWordLeadsToWhereItIsSeen) {
  load_strings(assets_folder() / "strings");
  set_language(Language::english);
  ScriptedGui gui(ScriptedGui::Renderer::none, 900, 600);
  SyntheticWorld world(SyntheticShape{});
  HelpView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.ItemInput("view/###search");
    ctx.KeyCharsReplace("rotary positions angle");
    ctx.Yield(2);
    ctx.ItemClick("**/rotary/###where");
    IM_CHECK(world.document.view == CenterView::attention);
    IM_CHECK(world.document.attention_mode == AttentionMode::row);
    ctx.ItemInput("view/###search");
    ctx.KeyCharsReplace("no such thing at all");
    ctx.Yield(2);
    IM_CHECK(!ctx.ItemExists("**/rotary/###where"));
  }));
}

}  // namespace
}  // namespace headlight
