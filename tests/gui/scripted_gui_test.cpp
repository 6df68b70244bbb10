// The harness itself: scripts reach widgets without OpenGL, failures are seen, and pictures show what was
// drawn.
#include "tests/gui/scripted_gui.h"

#include <array>
#include <cstring>

#include "gui/fonts.h"
#include "gui/theme.h"

namespace headlight {
namespace {

TEST(ScriptedGui, ClicksAndTypesWithoutOpenGl) {
  ScriptedGui gui;
  int clicks = 0;
  std::array<char, 64> typed{};
  const auto draw = [&] {
    ImGui::Begin("Panel");
    if (ImGui::Button("press")) ++clicks;
    ImGui::InputText("prompt", typed.data(), typed.size());
    ImGui::End();
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.SetRef("Panel");
    ctx.ItemClick("press");
    ctx.ItemClick("press");
    IM_CHECK_EQ(clicks, 2);
    ctx.ItemClick("prompt");
    ctx.KeyChars("한글 abc");
    IM_CHECK_STR_EQ(typed.data(), "한글 abc");
  }));
}

TEST(ScriptedGui, AScriptThatFindsAFaultFails) {
  ScriptedGui gui;
  const auto draw = [] {
    ImGui::Begin("Panel");
    ImGui::Button("press");
    ImGui::End();
  };
  EXPECT_FALSE(gui.run(draw, [](ImGuiTestContext& ctx) { ctx.ItemClick("Panel/there is no such button"); }));
  EXPECT_TRUE(gui.run(draw, [](ImGuiTestContext& ctx) { ctx.ItemClick("Panel/press"); }));
}

// Draws one text large; every script of the world that we promise must leave ink, and not the "missing" box.
Picture picture_of(const char* shown) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 200, 100);
  gui.draw_frames([shown] {
    const ScopedFont font(fonts().body, 2.0F);
    ImGui::GetForegroundDrawList()->AddText(ImVec2(20, 20), palette().text, shown);
  });
  return gui.picture();
}

TEST(Fonts, DrawLatinKoreanAndMarksOfTokens) {
  const Picture nothing = picture_of(" ");
  const Picture missing = picture_of("\xEF\xBF\xBF");  // U+FFFF is no character: no face has it
  for (const char* shown : {"A", "가", "힣", "ㄱ", "Ġ", "Ċ", "·", "⏎", "√", "→", "я", "λ"}) {
    const Picture drawn = picture_of(shown);
    EXPECT_GT(pixels_that_differ(drawn, nothing), 8) << shown << " left no ink";
    EXPECT_GT(pixels_that_differ(drawn, missing), 8) << shown << " is drawn as a missing character";
  }
}

TEST(Fonts, EmojiAreInColor) {
  const Picture drawn = picture_of("🙂");
  int colored = 0;
  for (std::size_t pixel = 0; pixel < drawn.rgba.size(); pixel += 4) {
    if (drawn.rgba[pixel] > drawn.rgba[pixel + 2] + 60) ++colored;  // yellow: far more red than blue
  }
  EXPECT_GT(colored, 300);  // a face of about 36 pixels across has about 1,000
}

TEST(Fonts, DigitsOfTheNumberFaceAreEquallyWide) {
  ScriptedGui gui;
  float narrow = 0;
  float wide = 1;
  gui.draw_frames([&] {
    const ScopedFont font(fonts().mono);
    narrow = ImGui::CalcTextSize("1111").x;
    wide = ImGui::CalcTextSize("8888").x;
  });
  EXPECT_EQ(narrow, wide);
  EXPECT_TRUE(fonts().warnings.empty()) << fonts().warnings.front();
}

}  // namespace
}  // namespace headlight
