// The menu of models in the whole program: the same model at the kept steps of its learning.
#include <gtest/gtest.h>

#include "core/model/catalog.h"
#include "gui/app.h"
#include "gui/strings.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"

namespace headlight {
namespace {

TEST(ModelMenu, AKeptStepIsAnotherModelWithTheSameTextAndView) {
  load_strings(assets_folder() / "strings");
  const auto entry = find_in_catalog("tiny-stories");
  ASSERT_TRUE(entry);
  ASSERT_EQ(entry->kept_steps.front().step, 100);
  ScriptedGui gui;
  StartOptions options;
  options.compute.model = entry->name;
  options.text = "Once upon a time";
  options.view = "lens";
  App app(options, {}, [] {});
  double seconds = 10.0;
  const auto draw = [&] { app.draw(seconds += 1.0 / 60.0); };
  const auto settle = [&] {  // first the model, then the text
    for (int i = 0; i < 3; ++i) {
      app.wait_idle();
      gui.draw_frames(draw, 2);
    }
  };
  settle();
  ASSERT_TRUE(app.result().trace && app.result().next);
  const auto whole = app.result();
  const std::string bar = "##bar.top/";
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.ItemClick((bar + entry->title + "    ##model").c_str());
    ctx.Yield(2);
    ctx.ItemClick(("//$FOCUSED/" + entry->name + "/$$0/##pill").c_str());
    ctx.Yield(2);
    IM_CHECK_STR_EQ(app.document().model.c_str(), "tiny-stories@100");
    ctx.KeyPress(ImGuiKey_Escape);
  }));
  settle();
  EXPECT_EQ(app.error(), "");
  ASSERT_TRUE(app.result().trace && app.result().next);
  EXPECT_EQ(app.document().text, "Once upon a time");
  EXPECT_EQ(app.document().view, CenterView::lens);
  EXPECT_EQ(app.result().trace->model().name, "tiny-stories@100");
  EXPECT_EQ(app.result().trace->tokens(), whole.trace->tokens());
  const auto& young = app.result().next->ranked;
  ASSERT_FALSE(young.empty());
  EXPECT_NE(young.front().logit, whole.next->ranked.front().logit);  // other weights
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) { ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z); }));
  EXPECT_EQ(app.document().model, "tiny-stories");
}

}  // namespace
}  // namespace headlight
