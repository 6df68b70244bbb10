// The prompt: what is typed is tokenised in the same frame, chips lock, and no text or trace breaks it.
#include "gui/views/prompt_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <tuple>

#include "gui/fonts.h"
#include "gui/layout.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/widgets/token_piece.h"
#include "gui/widgets/wrapped_text.h"
#include "imgui_internal.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// The prompt on a real tokenizer, with the program's part played by draw().
struct PromptBench {
  SyntheticWorld world;
  PromptView view;
  bool focus = false;
  int edits = 0;
  int late = 0;  // frames in which the drawn tokens were not those of the typed text

  PromptBench() { world.model = tiny_model(); }

  void set_text(const std::string& text) {
    world.document.text = text;
    world.tokens = world.model->tokenizer->encode(text);
  }

  void draw() {
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImVec2(ImGui::GetIO().DisplaySize.x, 200));
    ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    Commands commands;
    Frame frame = world.frame();
    frame.focus_prompt = std::exchange(focus, false);
    view.draw(frame, commands);
    ImGui::End();
    world.hover = commands.hover();
    for (const Command& edit : commands.edits()) {
      world.document = apply(world.document, edit);
      world.edits.push_back(edit);
      if (!std::holds_alternative<SetText>(edit)) continue;
      ++edits;
      if (view.drawn_tokens() != world.model->tokenizer->encode(world.document.text)) ++late;
    }
    set_text(world.document.text);
  }
};

TEST(PromptView, WhatIsTypedIsTokenisedInTheSameFrame) {
  ScriptedGui gui;
  PromptBench bench;
  bench.focus = true;
  EXPECT_TRUE(gui.run([&] { bench.draw(); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.Yield(4);
                        for (const char* typed : {"H", "i", " ", "한", "국", "어", "\xF0\x9F\x99\x82"}) {
                          ctx.KeyChars(typed);
                          ctx.Yield();
                        }
                        IM_CHECK_STR_EQ(bench.world.document.text.c_str(), "Hi 한국어\xF0\x9F\x99\x82");
                        IM_CHECK_GE(bench.edits, 7);
                        IM_CHECK_EQ(bench.late, 0);
                        IM_CHECK(!bench.view.drawn_tokens().empty());
                        IM_CHECK_EQ(bench.view.drawn_tokens().back().end, bench.world.document.text.size());
                      }));
}

TEST(PromptView, FollowsTheDocumentWithTheCaretAtTheEnd) {
  ScriptedGui gui;
  PromptBench bench;
  bench.set_text("first");
  bench.focus = true;
  EXPECT_TRUE(gui.run([&] { bench.draw(); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.Yield(4);
                        ctx.KeyChars("!");
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(bench.world.document.text.c_str(), "first!");
                        bench.set_text("from an undo");
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(bench.world.document.text.c_str(), "from an undo");
                        ctx.KeyChars("?");
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(bench.world.document.text.c_str(), "from an undo?");
                        ctx.KeyPress(ImGuiKey_Escape);  // lets go, and brings no old text back
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(bench.world.document.text.c_str(), "from an undo?");
                        IM_CHECK_EQ(bench.late, 0);
                      }));
}

TEST(PromptView, KeepsWhatFollowsANul) {
  ScriptedGui gui;
  PromptBench bench;
  bench.set_text(std::string("a\0b", 3));
  bench.focus = true;
  EXPECT_TRUE(gui.run([&] { bench.draw(); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.Yield(4);
                        IM_CHECK(bench.world.edits.empty());
                        ctx.KeyChars("x");
                        ctx.Yield(2);
                        IM_CHECK(bench.world.document.text == std::string("ax\0b", 4));
                      }));
}

TEST(PromptView, AChipIsHoveredLockedAndReleased) {
  ScriptedGui gui;
  PromptBench bench;
  bench.set_text("one two three");
  EXPECT_TRUE(gui.run([&] { bench.draw(); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.SetRef("view");
                        ctx.MouseMove("prompt/$$1/##chip");
                        ctx.Yield(2);
                        IM_CHECK(bench.world.hover.query == 1);
                        ctx.MouseClick(0);
                        ctx.Yield();
                        IM_CHECK(bench.world.document.query == 1);
                        ctx.MouseClick(0);
                        ctx.Yield();
                        IM_CHECK(!bench.world.document.query);
                      }));
}

// The box is as high as whole lines of the editor, and the wheel stops at them.
TEST(PromptView, ShowsWholeLinesAtEverySize) {
  for (const auto& [width, height, most] : {std::tuple(1280, 720, 2), std::tuple(1920, 1080, 4)}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
    PromptBench bench;
    ImGuiWindow* editor = nullptr;
    float line = 0.0F, padding = 0.0F;
    const auto draw = [&] {
      bench.draw();
      const ScopedFont large(fonts().body, 1.25F);
      line = ImGui::GetFontSize();
      padding = line * 0.4F;
      for (ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
        if (std::string_view(window->Name).find("##text") != std::string_view::npos) editor = window;
      }
    };
    int with_all = 0, with_part = 0;
    std::string text;
    for (int words = 1; words <= 200; ++words) {
      text += "wandering ";
      bench.set_text(text);
      gui.draw_frames(draw, 4);
      ASSERT_NE(editor, nullptr);
      const float shown = (editor->Size.y - 2.0F * padding) / line;
      const float hidden = editor->ScrollMax.y / line;
      const float all = std::round(shown + hidden);
      EXPECT_NEAR(shown, all <= static_cast<float>(most + 1) ? all : static_cast<float>(most), 0.1F) << words;
      ++(hidden < 0.5F ? with_all : with_part);
    }
    EXPECT_GT(with_all, 20);
    EXPECT_GT(with_part, 20);
    EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
      ctx.MouseMoveToPos(editor->Rect().GetCenter());
      ctx.Yield(2);
      for (const float turned : {-50.0F, 1.0F, 0.4F, 0.4F, 0.4F}) {
        const float before = editor->Scroll.y;
        ctx.MouseWheelY(turned);
        ctx.Yield(2);
        const float lines = editor->Scroll.y / line;
        IM_CHECK_LT(std::abs(lines - std::round(lines)), 0.1F);
        if (turned == 1.0F) IM_CHECK_LT(editor->Scroll.y, before - line * 0.5F);
      }
    }));
  }
}

// On the stage the row of tokens begins with the first one as long as two rows are enough, and what only
// whoever types needs is not there.
TEST(PromptView, GivesTheRoomToTheTokensOnStage) {
  ScriptedGui gui;
  PromptBench bench;
  bench.set_text("one");
  const auto only_prompt = [] {
    std::vector<PlacedView> views;
    views.push_back({Place::prompt, std::make_unique<PromptView>()});
    return views;
  };
  const auto plain = only_prompt(), staged = only_prompt();
  Presenter presenter;
  bool is_staged = false;
  float height = 0, stage_height = 0;
  const auto draw = [&] {
    Commands commands;
    if (is_staged) {
      presenter.draw(staged, bench.world.frame(), commands, stage_height);
    } else {
      draw_prompt_strip(*plain.front().view, bench.world.frame(), commands, height);
    }
    EXPECT_FALSE(on_stage());
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    ctx.SetRef("##strip.prompt");
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("prompt/history"));
    while (bench.world.document.text.size() < 1000 && ctx.ItemExists("prompt/$$0/##chip")) {
      bench.set_text(bench.world.document.text + " two");
      ctx.Yield(2);
    }
    IM_CHECK(!ctx.ItemExists("prompt/$$0/##chip"));  // one row is seen, and the text has a second one
    is_staged = true;
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("prompt/$$0/##chip"));
    IM_CHECK(!ctx.ItemExists("prompt/history"));
    bench.world.document.prompt.color_by_surprisal = true;  // can be switched off again
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("prompt/history"));
  }));
}

TEST(PromptView, OffersBeginningsThatAClickTypes) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  PromptBench bench;
  EXPECT_TRUE(gui.run([&] { bench.draw(); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.SetRef("view");
                        ctx.ItemClick("prompt/prompt.beginning.0");
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(bench.world.document.text.c_str(),
                                        text("prompt.beginning.0").c_str());
                        IM_CHECK_EQ(bench.edits, 1);  // one step to undo
                        IM_CHECK(!ctx.ItemExists("prompt/prompt.beginning.1"));
                      }));
}

TEST(PromptView, DrawsNastyTextsAndTraces) {
  ScriptedGui gui;
  std::vector<SyntheticWorld> worlds(2);  // the first: nothing at all
  worlds[1].document.text = "no model yet";
  for (const SyntheticShape& shape :
       {SyntheticShape{.positions = 1}, SyntheticShape{.positions = 1000, .layers = 1},
        SyntheticShape{.not_a_number = true}, SyntheticShape{.layers_done = 0}}) {
    worlds.emplace_back(shape);
  }
  worlds.emplace_back(SyntheticShape{.positions = 30});  // the text has fewer tokens than the trace
  worlds.back().tokens.resize(3);
  worlds.emplace_back(SyntheticShape{.positions = 30});  // most do not fit the model
  auto small = std::make_shared<Model>(*worlds.back().model);
  small->architecture.context = 4;
  worlds.back().model = small;
  for (const std::string& text :
       {std::string("\xEC\x95"), std::string("\x80\xFF"), std::string("a\n\n\tb\r\n"), std::string(3000, ' '),
        std::string("한국어 \xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9 e\xCC\x81"),
        std::string("\0\0", 2)}) {
    worlds.emplace_back();
    worlds.back().model = tiny_model();
    worlds.back().document.text = text;
    worlds.back().tokens = tiny_model()->tokenizer->encode(text);
  }
  for (SyntheticWorld& world : worlds) {
    PromptView view;
    for (const auto query : {std::optional<std::int64_t>(), std::optional<std::int64_t>(100000)}) {
      world.document.query = query;
      gui.draw_frames(world.drawn_by(view), 3);
    }
    EXPECT_TRUE(world.edits.empty());
  }
}

TEST(WrappedText, StandsWhereImGuiDrawsIt) {
  ScriptedGui gui;
  gui.draw_frames(
      [] {
        WrappedText layout;
        const std::string words = "The quick brown fox";
        layout.update(words, 10000.0F);
        EXPECT_EQ(layout.lines(), 1);
        EXPECT_NEAR(layout.end_x(), ImGui::CalcTextSize(words.c_str()).x, 1.0F);  // CalcTextSize rounds up
        std::vector<WrappedText::Piece> pieces;
        layout.pieces(4, 9, pieces);
        ASSERT_EQ(pieces.size(), 1U);
        EXPECT_NEAR(pieces[0].left, ImGui::CalcTextSize("The ").x, 1.0F);
        EXPECT_NEAR(pieces[0].right, ImGui::CalcTextSize("The quick").x, 1.0F);
        // A range over a line's end has a piece on both lines; three bytes of a syllable share its width.
        layout.update("ab\n안", 10000.0F);
        EXPECT_EQ(layout.lines(), 2);
        layout.pieces(1, 4, pieces);
        ASSERT_EQ(pieces.size(), 2U);
        EXPECT_EQ(pieces[1].line, 1);
        EXPECT_NEAR(pieces[1].right * 3.0F, ImGui::CalcTextSize("안").x, 1.0F);
        layout.update("a line break at the end\n", 10000.0F);
        EXPECT_EQ(layout.lines(), 2);
        layout.update("", 100.0F);
        EXPECT_EQ(layout.lines(), 1);
        layout.update(std::string(500, 'x'), 3.0F);  // narrower than a letter
        EXPECT_EQ(layout.lines(), 500);
      },
      1);
}

TEST(TokenPiece, IsNeverEmptyAndNeverAReplacementCharacter) {
  ScriptedGui gui;
  gui.draw_frames(
      [] {
        EXPECT_EQ(token_piece(" Paris"), "·Paris");
        EXPECT_EQ(token_piece(" "), "␣");  // a dot alone is a full stop
        EXPECT_EQ(token_piece("  "), "··");
        EXPECT_EQ(token_piece("\xEC\x95"), "EC 95");
        EXPECT_EQ(token_piece("\xC2\xA0"), "C2 A0");  // a space that breaks no line
        EXPECT_EQ(token_piece("a\r"), "a0D");
        EXPECT_EQ(token_piece("a\x95\x88 안\xEC"), "a95 88·안EC");
        EXPECT_EQ(token_piece("<0x41> 안"), "<0x41>·안");    // somebody wrote that
        EXPECT_EQ(token_piece("\xE2\x80\x8D"), "E2 80 8D");  // a joiner leaves no ink
        EXPECT_EQ(token_piece("\u1112"), "ㅎ");
        EXPECT_EQ(token_piece("\u11AB"), "ㄴ");
        EXPECT_EQ(token_piece("\u1112\u1161\u11AB"), "\u1112\u1161\u11AB");  // drawn as a syllable
        EXPECT_EQ(running_piece(" a \xEC"), " a EC");
        EXPECT_EQ(token_piece(" \xEC\x95"), "·EC 95");
        EXPECT_EQ(token_piece("\x88!"), "88!");
        for (const std::string& bytes : {std::string("\n"), std::string("\0", 1), std::string("\x80")}) {
          EXPECT_FALSE(token_piece(bytes).empty());
          EXPECT_EQ(token_piece(bytes).find("\xEF\xBF\xBD"), std::string::npos);
        }
        const float room = ImGui::CalcTextSize("안녕하…").x;
        EXPECT_EQ(shortened("안녕하세요", room), "안녕하…");
      },
      1);
}

}  // namespace
}  // namespace headlight
