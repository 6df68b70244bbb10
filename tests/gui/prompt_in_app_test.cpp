// The prompt inside the whole program: typing, undo while the editor has the keys, generating with
// Ctrl+Enter.
#include <gtest/gtest.h>

#include "gui/app.h"
#include "gui/strings.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"

namespace headlight {
namespace {

TEST(PromptInApp, TypesUndoesAndGeneratesWithoutLosingTheKeys) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  StartOptions options;
  options.compute.model = golden_path("tiny_llama_q.gguf");
  options.text = "Hello";
  App app(options, {}, [] {});
  app.wait_idle();
  double seconds = 0.0;
  const auto draw = [&] { app.draw(seconds += 1.0 / 60.0); };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.Yield(15);  // the caret is there from the start
    ctx.KeyChars(" 안녕");
    ctx.Yield(2);
    IM_CHECK_STR_EQ(app.document().text.c_str(), "Hello 안녕");
    IM_CHECK(!app.tokens().empty() && app.tokens().back().end == app.document().text.size());
    app.wait_idle();
    ctx.Yield(2);
    IM_CHECK(app.result().scores != nullptr);
    IM_CHECK_EQ(app.result().scores->scores.size(), app.tokens().size());

    ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z);
    ctx.Yield(2);
    IM_CHECK_STR_EQ(app.document().text.c_str(), "Hello");
    ctx.KeyChars("!");  // the editor followed: nothing of the undone text comes back
    ctx.Yield(2);
    IM_CHECK_STR_EQ(app.document().text.c_str(), "Hello!");

    app.wait_idle();
    ctx.Yield(2);
    const std::size_t tokens = app.tokens().size();
    ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Enter);
    ctx.Yield(2);
    app.wait_idle();
    ctx.Yield(3);
    IM_CHECK_GT(app.document().text.size(), 6U);
    IM_CHECK_GE(app.tokens().size(), tokens);
    const std::string generated = app.document().text;
    ctx.KeyChars("x");
    ctx.Yield(2);
    IM_CHECK_STR_EQ(app.document().text.c_str(), (generated + "x").c_str());
  }));
}

}  // namespace
}  // namespace headlight
