// Ink on colours, tokens that are told apart, numbers beside each other, and lists that show what is chosen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/attention_view.h"
#include "gui/views/embeddings_view.h"
#include "gui/views/head_summary.h"
#include "gui/views/lens_shown.h"
#include "gui/views/pass_text.h"
#include "gui/views/surprisal.h"
#include "gui/widgets/axis_labels.h"
#include "gui/widgets/cell_number.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// The even one between the two inks has 4.58 to 1 with both.
TEST(Ink, IsReadOnEveryColourAndFlipsOnce) {
  ScriptedGui gui;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    apply_theme(theme, 1.0F);
    for (const LensNumber number : {LensNumber::probability, LensNumber::entropy}) {
      int flips = 0;
      ImU32 before = ink_on(lens_color(number, 0.0F));
      for (int i = 0; i <= 100; ++i) {
        const ImU32 color = lens_color(number, static_cast<float>(i) / 100.0F);
        const ImU32 ink = ink_on(color);
        EXPECT_GE(contrast_ratio(color, ink), 4.5F) << i;
        flips += ink != before ? 1 : 0;
        before = ink;
      }
      EXPECT_LE(flips, 1);
    }
    for (const ColorMap map : {ColorMap::violet, ColorMap::diverging, ColorMap::magma}) {
      for (const ImU32 color : color_table(map)) EXPECT_GE(contrast_ratio(color, ink_on(color)), 4.5F);
    }
    // Cells that the mask removed are no small weights.
    EXPECT_GE(contrast_ratio(palette().masked, color_of(ColorMap::violet, 0.0F)), 1.25F);
    // Accents as words, on a panel and on a part that was opened.
    const Palette& with = palette();
    for (const ImU32 ground : {with.panel, mix(with.panel, with.raised, 0.75F)}) {
      for (const ImU32 accent : {with.query, with.key, with.value, with.attention, with.residual, with.mlp,
                                 with.muted, with.warning, with.error}) {
        EXPECT_GE(contrast_ratio(accent, ground), 4.5F) << accent;
        EXPECT_EQ(readable(accent, ground), accent);
      }
      EXPECT_GE(contrast_ratio(readable(with.probability, ground), ground), 4.5F);
      EXPECT_GE(contrast_ratio(readable(with.lock, ground), ground), 4.5F);
    }
    EXPECT_EQ(readable(with.probability), readable(with.probability, with.panel));
    // Thin strokes of small type keep about two thirds of what their colour has.
    EXPECT_GE(contrast_ratio(small_ink(), with.panel), 7.0F);
    // Small words on the panel, on the cards of the flow and on a part that was opened; lines that stand
    // back.
    for (const ImU32 accent : {with.query, with.key, with.value, with.attention, with.residual, with.mlp,
                               with.muted, with.probability, with.lock}) {
      for (const float raised : {0.0F, 0.38F, 0.75F, 0.85F}) {
        const ImU32 ground = mix(with.panel, with.raised, raised);
        EXPECT_GE(contrast_ratio(readable_small(accent, ground), ground), 7.0F) << accent;
      }
      for (const float share : {0.0F, 0.45F, 1.0F})
        EXPECT_GE(contrast_ratio(faint(accent, share), with.panel), 3.0F) << accent;
    }
  }
  apply_theme(Theme::dark, 1.0F);
  EXPECT_NEAR(contrast_ratio(IM_COL32_BLACK, IM_COL32_WHITE), 21.0F, 0.01F);
  EXPECT_EQ(contrast_ratio(IM_COL32_WHITE, IM_COL32_WHITE), 1.0F);
}

// Of the pixels that are really drawn: the strokes of small type cover hardly any of them whole.
TEST(Ink, SmallGoldIsReadAsItIsDrawn) {
  for (const Theme theme : {Theme::dark, Theme::light}) {
    ScriptedGui gui(ScriptedGui::Renderer::opengl, 120, 80);
    apply_theme(theme, 1.0F);
    for (const ImU32 gold : {palette().lock, palette().probability}) {
      gui.draw_frames([&] {
        ImDrawList& list = *ImGui::GetForegroundDrawList();
        list.AddRectFilled(ImVec2(0, 0), ImVec2(120, 80), palette().panel);
        const ScopedFont small(fonts().body, 0.86F);
        list.AddText(ImVec2(10, 10), readable_small(gold), ". (430)");
      });
      const Picture picture = gui.picture();
      float best = 1.0F;
      for (std::size_t at = 0; at < picture.rgba.size(); at += 4) {
        const ImU32 pixel = IM_COL32(picture.rgba[at], picture.rgba[at + 1], picture.rgba[at + 2], 255);
        best = std::max(best, contrast_ratio(pixel, palette().panel));
      }
      EXPECT_GE(best, 4.5F);
    }
    apply_theme(Theme::dark, 1.0F);
  }
}

// The prompt has one ink for all of its text; chips have their own.
TEST(Surprisal, ItsTokensAreRead) {
  ScriptedGui gui;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    apply_theme(theme, 1.0F);
    float last = 0.0F;
    for (double bits = 0.0; bits <= 20.0; bits += 0.5) {
      const ImU32 ground = surprisal_color(bits);
      EXPECT_GE(contrast_ratio(ground, palette().token_text), 4.5F) << bits;
      EXPECT_GE(contrast_ratio(ground, ink_on(ground)), 4.5F) << bits;
      last = contrast_ratio(ground, palette().raised);
    }
    EXPECT_GE(last, 1.6F);  // and the most surprising one stands out
  }
}

TEST(AxisLabels, AreEvenAndNeverLoseWhatIsChosen) {
  EXPECT_EQ(tokens_for_label(10.0F, 20.0F), 1);
  EXPECT_EQ(tokens_for_label(10.0F, 4.0F), 3);
  EXPECT_EQ(tokens_for_label(10.0F, 0.3F), 50);  // 34 tokens: a round number
  const auto drawn = [](std::optional<std::int64_t> marked, std::optional<std::int64_t> third) {
    std::vector<std::int64_t> found;
    for (std::int64_t i = 0; i < 12; ++i) {
      if (is_label_drawn(i, 3, marked, std::nullopt, third)) found.push_back(i);
    }
    return found;
  };
  EXPECT_EQ(drawn({}, {}), (std::vector<std::int64_t>{0, 3, 6, 9}));
  EXPECT_EQ(drawn(4, {}), (std::vector<std::int64_t>{0, 4, 9}));
  EXPECT_EQ(drawn(4, 8), (std::vector<std::int64_t>{0, 4, 8}));
  EXPECT_EQ(drawn(4, 5), (std::vector<std::int64_t>{0, 4, 9}));  // would cover the marked one
  EXPECT_TRUE(is_label_drawn(400, 50, 430, {}, {}, 28));         // far enough from it, though no whole step
  EXPECT_FALSE(is_label_drawn(400, 50, 430, {}));
}

TEST(TokenLabel, OnlyTokensThatStandTwiceHaveTheirPosition) {
  const std::vector<TokenId> tokens = {7, 8, 7, 9};
  EXPECT_EQ(told_apart(tokens, 0), 0);
  EXPECT_EQ(told_apart(tokens, 1), std::nullopt);
  EXPECT_EQ(told_apart(tokens, 2), 2);
  EXPECT_EQ(told_apart(tokens, 4), std::nullopt);
  EXPECT_EQ(told_apart(tokens, -1), std::nullopt);
  ScriptedGui gui;
  gui.draw_frames(
      [] {
        ImDrawList& list = *ImGui::GetBackgroundDrawList();
        const float alone = token_label_width("·Step", std::nullopt);
        EXPECT_GT(token_label_width("·Step", 17), alone);
        // The position is never cut away.
        const float room = token_label_width("·St…", 17);
        EXPECT_LE(add_token_label(list, ImVec2(0, 0), palette().text, "·Step", 17, room), room + 0.5F);
        EXPECT_GT(add_token_label(list, ImVec2(0, 0), palette().text, "·Step", 17, room),
                  token_label_width("·S", 17));
      },
      1);
}

// It alone tells equal tokens apart: "1" and 168 must not be read as 1168.
TEST(TokenLabel, ThePositionIsReadAndStandsApart) {
  ScriptedGui gui;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    apply_theme(theme, 1.0F);
    const Palette& with = palette();
    std::vector<ImU32> grounds = {with.panel, mix(with.panel, with.raised, 0.75F),
                                  mix(with.panel, with.query, 0.38F), mix(with.panel, with.key, 0.38F)};
    for (const ImU32 token : with.tokens) {
      grounds.push_back(token);
      grounds.push_back(mix(with.panel, token, 0.75F));
    }
    for (const ImU32 ground : grounds) EXPECT_GE(contrast_ratio(subscript_ink(ground), ground), 4.5F);
  }
  apply_theme(Theme::dark, 1.0F);
  gui.draw_frames(
      [] {
        for (const float size : {0.8F, 0.84F, 0.88F, 1.0F}) {
          const ScopedFont font(fonts().body, size);
          EXPECT_GE(subscript_type(), smallest_type);
          EXPECT_LE(subscript_type(), ImGui::GetFontSize());
          EXPECT_GE(subscript_gap(), ImGui::CalcTextSize(" ").x);
        }
      },
      1);
}

// In the face of numbers, too, whose own minus is as short as its hyphen.
TEST(Minus, IsAsWideAsADigit) {
  ScriptedGui gui;
  gui.draw_frames(
      [] {
        for (ImFont* face : {fonts().body, fonts().mono}) {
          const auto width = [&](ImWchar letter) {
            const ImFontGlyph* glyph = face->GetFontBaked(64.0F)->FindGlyph(letter);
            return glyph->X1 - glyph->X0;
          };
          EXPECT_GT(width(0x2212), 1.25F * width('-'));
          EXPECT_GT(width(0x2212), 0.8F * width('8'));
        }
      },
      1);
}

TEST(HandNumber, NeverMakesZerosOfANumber) {
  EXPECT_EQ(hand_number(0.0, 4), "0");
  EXPECT_EQ(hand_number(0.78605, 4), "0.7861");
  EXPECT_EQ(hand_number(7.12e-5, 4), "7.1e−5");
  EXPECT_EQ(hand_number(-3.4e-7, 4), "−3.4e−7");
  EXPECT_EQ(hand_number(0.0028, 2), "0.0028");
  EXPECT_EQ(hand_number(std::nan(""), 2), "NaN");
  EXPECT_EQ(hand_number(-INFINITY, 2), "−∞");
  EXPECT_EQ(hand_number(123456.0, 2), "1.23e5");
}

TEST(ShareText, HasAsManyDecimalsInEveryLine) {
  EXPECT_EQ(share_text(0.90334, 4), "0.9033");
  EXPECT_EQ(share_text(1.0, 4), "1.0000");
  EXPECT_EQ(share_text(0.00005, 4), "0.0001");
  EXPECT_EQ(share_text(0.0000499, 4), "<0.0001");
  EXPECT_EQ(share_text(3e-8, 2), "<0.01");
  EXPECT_EQ(share_text(0.0, 3), "0.000");
  EXPECT_EQ(share_text(std::nan(""), 3), "NaN");
}

TEST(RoundedText, HasARealMinusAndNoneBeforeZeros) {
  EXPECT_EQ(rounded_text(-7.94, 1), "−7.9");
  EXPECT_EQ(rounded_text(-0.04, 1), "0.0");
  EXPECT_EQ(rounded_text(0.903, 2), "0.90");
  EXPECT_EQ(rounded_text(std::nan(""), 1), "NaN");
}

// Neither cut nor, while something is left out, all of it.
TEST(ListedSum, IsRoundedOnce) {
  EXPECT_EQ(listed_sum(0.99697, false), "0.997");
  EXPECT_EQ(listed_sum(0.9984, false), "0.998");
  EXPECT_EQ(listed_sum(0.99996, false), ">0.999");
  EXPECT_EQ(listed_sum(1.0000002, true), "1.00");
  EXPECT_EQ(listed_sum(std::nan(""), false), "NaN");
}

// A cell says what fits and is right, or nothing: never 1 for a weight below it.
TEST(CellNumber, IsNeverRoundedToAnother) {
  ScriptedGui gui;
  gui.draw_frames(
      [] {
        const auto in = [](float value, const char* widest) {
          const float room = ImGui::CalcTextSize(widest).x;
          return cell_number(value, decimals_for(room), room);
        };
        EXPECT_EQ(in(0.95F, "0.00"), "0.95");
        EXPECT_EQ(in(0.95F, ".00"), ".95");
        EXPECT_EQ(in(0.994F, ".00"), ".99");
        EXPECT_EQ(in(0.94F, ".0"), ".9");
        EXPECT_EQ(in(0.95F, ".0"), "");
        EXPECT_EQ(in(0.994F, ".0"), "");
        EXPECT_EQ(in(-0.97F, ".0"), "");
        EXPECT_EQ(in(0.996F, ".0"), "1");
        EXPECT_EQ(in(1.0F, ".0"), "1");
        EXPECT_EQ(in(0.4F, "0"), "");
        for (float value = 0.0F; value < 0.995F; value += 0.001F) {
          for (const char* room : {"0.00", ".00", ".0", "0", "."})
            EXPECT_NE(in(value, room)[0], '1') << value;
        }
      },
      1);
}

// Knows three tokens; what it does not know is the first of them.
class ThreeTokens : public Tokenizer {
 public:
  ThreeTokens() { named_.unknown = 0; }
  std::vector<Token> encode(std::string_view) const override { return {}; }
  std::vector<MergeHistory> merge_history(std::string_view) const override { return {}; }
  std::int64_t vocabulary_size() const override { return 3; }
  const std::string& piece(TokenId id) const override { return bytes_.at(static_cast<std::size_t>(id)); }
  const std::string& bytes(TokenId id) const override { return bytes_.at(static_cast<std::size_t>(id)); }
  bool is_special(TokenId) const override { return false; }
  bool has_byte(std::uint8_t) const override { return false; }
  const NamedTokens& named_tokens() const override { return named_; }

 private:
  std::vector<std::string> bytes_ = {"[UNK]", "the", " cat"};
  NamedTokens named_;
};

TEST(PassText, SaysWhatTheModelReadAndWhatIsWritten) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 3});
  auto model = std::make_shared<Model>(*world.model);
  model->tokenizer = std::make_shared<ThreeTokens>();
  world.result.trace = std::make_shared<Trace>(model, std::vector<TokenId>{1, 0, 2});
  world.model = model;
  world.document.text = "The 고양이 cat";
  world.tokens = {{1, 0, 3}, {0, 4, 13}, {2, 13, 17}};
  gui.draw_frames(
      [&] {
        PassTextCache cache;
        const PassText& pass = cache.of(world.frame(), world.result.trace, false);
        ASSERT_EQ(pass.units.count(), 3);
        EXPECT_EQ(pass.unit_text(0), "the");
        EXPECT_EQ(pass.written_text(0), "The");
        EXPECT_EQ(pass.unit_text(1), "[UNK]");
        EXPECT_EQ(pass.written_text(1), "고양이");
        EXPECT_EQ(pass.unit_text(2), "·cat");
        EXPECT_EQ(pass.written_text(2), "·cat");
        for (std::int64_t unit = 0; unit < 3; ++unit) EXPECT_EQ(pass.unit_place(unit), std::nullopt);
      },
      1);
}

TEST(PassText, TellsEqualUnitsApartByTheirPositions) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 5});
  auto model = std::make_shared<Model>(*world.model);
  model->tokenizer = std::make_shared<ThreeTokens>();
  world.result.trace = std::make_shared<Trace>(model, std::vector<TokenId>{1, 2, 0, 1, 1});
  world.model = model;
  world.document.text = "the cat 새 the the";
  world.tokens = {{1, 0, 3}, {2, 3, 7}, {0, 7, 11}, {1, 12, 15}, {1, 16, 19}};
  gui.draw_frames(
      [&] {
        PassTextCache cache;
        const auto place = [&](std::int64_t unit) {
          return cache.of(world.frame(), world.result.trace, false).unit_place(unit);
        };
        EXPECT_EQ(place(0), 0);
        EXPECT_EQ(place(1), std::nullopt);
        EXPECT_EQ(place(2), std::nullopt);
        EXPECT_EQ(place(3), 3);
        EXPECT_EQ(place(4), 4);
      },
      1);
}

// The window whose name ends so; null when it was not drawn.
const ImGuiWindow* window_like(const char* part) {
  for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
    if (window->WasActive && std::string_view(window->Name).find(part) != std::string_view::npos)
      return window;
  }
  return nullptr;
}

TEST(AttentionLists, ShowWhatIsChosen) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 960, 420);
  SyntheticWorld world(SyntheticShape{.positions = 90});
  AttentionView view;
  for (const bool arcs : {true, false}) {
    const AttentionMode mode = arcs ? AttentionMode::arcs : AttentionMode::neuron;
    const char* name = arcs ? "##arcs" : "##keys";
    world.document.attention_mode = mode;
    world.document.query = 89;
    world.document.key = arcs ? std::nullopt : std::optional<std::int64_t>(88);
    bool scrolled = false;
    EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
      for (int frame = 0; frame < 300 && !scrolled; ++frame) {
        ctx.Yield();
        const ImGuiWindow* window = window_like(name);
        scrolled = window != nullptr && window->Scroll.y > window->Size.y;
      }
    }));
    EXPECT_TRUE(scrolled) << name;
  }
}

// As high as the picture is in a window of 1280 × 720.
TEST(AttentionLists, OfFewTokensFitIntoALowWindow) {
  load_strings(assets_folder() / "strings");
  struct Case {
    AttentionMode mode;
    const char* name;
    std::int64_t tokens;
  };
  for (const Case& list :
       {Case{AttentionMode::arcs, "##arcs", 14}, Case{AttentionMode::neuron, "##keys", 14}}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, 1007, 496);
    SyntheticWorld world(SyntheticShape{.positions = list.tokens});
    AttentionView view;
    world.document.attention_mode = list.mode;
    gui.draw_frames(world.drawn_by(view), 60);
    const ImGuiWindow* window = window_like(list.name);
    ASSERT_NE(window, nullptr) << list.name;
    EXPECT_LE(window->ScrollMax.y, 1.0F) << list.name;
  }
}

// The steps of a long text: its table scrolls, or, where the strips have no room beside it, all of them do.
TEST(AttentionLists, OfALongRowHaveOneScrollBar) {
  load_strings(assets_folder() / "strings");
  for (const auto& [width, height] :
       {std::pair(1007, 496), std::pair(1500, 900), std::pair(560, 496), std::pair(560, 1100)}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
    SyntheticWorld world(SyntheticShape{.positions = 90, .layers = 1});
    AttentionView view;
    world.document.attention_mode = AttentionMode::row;
    gui.draw_frames(world.drawn_by(view), 10);
    int bars = 0;
    for (const char* name : {"##steps", "##table", "##strips", "##lines"}) {
      const ImGuiWindow* window = window_like(name);
      bars += window != nullptr && window->ScrollbarY ? 1 : 0;
    }
    EXPECT_EQ(bars, 1) << width << " x " << height;
  }
}

// How many times as wide as high the map of a text of so many tokens is.
float shape_of_map(std::int64_t tokens) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 1480, 640);
  SyntheticWorld world(SyntheticShape{.positions = tokens, .layers = 1});
  AttentionView view;
  world.document.attention_mode = AttentionMode::matrix;
  float shape = 0.0F;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(3);
    const ImRect cells = ctx.ItemInfo("**/##cells").RectFull;
    shape = cells.GetWidth() / cells.GetHeight();
  }));
  return shape;
}

TEST(Matrix, IsSquareWhereCellsAreSeenAndFillsItsRoomWhereTheyAreNot) {
  load_strings(assets_folder() / "strings");
  EXPECT_NEAR(shape_of_map(12), 1.0F, 0.01F);
  EXPECT_NEAR(shape_of_map(40), 1.0F, 0.01F);
  EXPECT_GT(shape_of_map(400), 1.7F);
}

// As high as the picture is in a window of 1280 × 720: the matrix is more than half of it.
TEST(Matrix, HasTheRoomOfALowWindow) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, 1007, 470);
  SyntheticWorld world(SyntheticShape{.positions = 14, .layers = 1});
  AttentionView view;
  world.document.attention_mode = AttentionMode::matrix;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(3);
    IM_CHECK_GT(ctx.ItemInfo("**/##cells").RectFull.GetHeight(), 235.0F);
    IM_CHECK(ctx.ItemExists("**/experiment/##off"));  // the note is there, beside it
    IM_CHECK(ctx.ItemExists("**/##weighted"));
  }));
}

TEST(AttentionNote, OffersNoHeadUnderAMeanOfAllHeads) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 6});
  AttentionView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    world.document.attention_mode = AttentionMode::arcs;
    ctx.Yield(3);
    IM_CHECK(ctx.ItemExists("**/experiment/##off"));
    world.document.attention_mode = AttentionMode::rollout;
    ctx.Yield(3);
    IM_CHECK(!ctx.ItemExists("**/experiment/##off"));
  }));
}

}  // namespace
}  // namespace headlight
