// Palettes, colour maps, texts and Markdown.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "core/base/errors.h"
#include "gui/color_map.h"
#include "gui/markdown.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "tests/core/source_dir.h"
#include "tests/gui/scripted_gui.h"

namespace headlight {
namespace {

double luminance(ImU32 color) {  // WCAG 2.1, relative luminance
  const auto linear = [color](unsigned int shift) {
    const double channel = static_cast<double>((color >> shift) & 0xFFU) / 255.0;
    return channel <= 0.03928 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(IM_COL32_R_SHIFT) + 0.7152 * linear(IM_COL32_G_SHIFT) +
         0.0722 * linear(IM_COL32_B_SHIFT);
}

double contrast(ImU32 one, ImU32 other) {
  const double first = luminance(one);
  const double second = luminance(other);
  return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

TEST(Theme, TextIsReadableOnEverySurface) {
  for (const Theme theme : {Theme::dark, Theme::light}) {
    const Palette& with = palette_of(theme);
    for (const ImU32 surface : {with.background, with.panel, with.raised}) {
      EXPECT_GE(contrast(with.text, surface), 7.0);  // WCAG AAA
      EXPECT_GE(contrast(with.muted, surface),
                4.3);  // AA asks for 4.5; `raised` carries no running muted text
    }
    for (const ImU32 token : with.tokens) EXPECT_GE(contrast(with.token_text, token), 7.0);
    for (const ImU32 accent :
         {with.query, with.key, with.value, with.attention, with.residual, with.mlp, with.probability}) {
      EXPECT_GE(contrast(accent, with.panel), 3.0);  // WCAG for large type and graphics
    }
  }
}

TEST(Theme, NeighbouringTokensLookDifferent) {
  for (const Theme theme : {Theme::dark, Theme::light}) {
    const Palette& with = palette_of(theme);
    EXPECT_EQ(std::set<ImU32>(with.tokens.begin(), with.tokens.end()).size(), with.tokens.size());
  }
}

TEST(ColorMap, EndsAreThePublishedOnes) {
  EXPECT_EQ(color_of(ColorMap::viridis, 0.0F), IM_COL32(0x44, 0x01, 0x54, 255));
  EXPECT_EQ(color_of(ColorMap::viridis, 1.0F), IM_COL32(0xFD, 0xE7, 0x25, 255));
  EXPECT_EQ(color_of(ColorMap::magma, 1.0F), IM_COL32(0xFC, 0xFD, 0xBF, 255));
  EXPECT_EQ(color_of(ColorMap::cividis, 0.0F), IM_COL32(0x00, 0x22, 0x4E, 255));
}

TEST(ColorMap, ClampsAndMarksNaN) {
  EXPECT_EQ(color_of(ColorMap::viridis, -3.0F), color_of(ColorMap::viridis, 0.0F));
  EXPECT_EQ(color_of(ColorMap::diverging, 7.0F), color_of(ColorMap::diverging, 1.0F));
  EXPECT_EQ(color_of(ColorMap::viridis, std::nanf("")), palette().error);
}

// A reader must be able to say which of two values is the larger one by their lightness.
TEST(ColorMap, SequentialMapsMoveOneWayInLightness) {
  ScriptedGui gui;
  for (const Theme theme : {Theme::dark, Theme::light}) {
    apply_theme(theme, 1.0F);
    for (const ColorMap map : {ColorMap::viridis, ColorMap::magma, ColorMap::cividis, ColorMap::violet}) {
      const double direction = luminance(color_table(map)[255]) > luminance(color_table(map)[0]) ? 1.0 : -1.0;
      for (std::size_t entry = 8; entry < 256; entry += 8) {
        const double step = luminance(color_table(map)[entry]) - luminance(color_table(map)[entry - 8]);
        EXPECT_GT(step * direction, 0.0) << "entry " << entry << " of map " << static_cast<int>(map);
      }
    }
  }
}

std::multiset<std::string> fields_of(const std::string& pattern) {
  const std::regex field("\\{[^{}]*\\}");
  return {std::sregex_token_iterator(pattern.begin(), pattern.end(), field), std::sregex_token_iterator()};
}

TEST(Strings, EveryTextExistsOnceInBothLanguagesWithTheSameFields) {
  std::set<std::string> seen;
  for (const auto& area : std::filesystem::directory_iterator(source_dir() + "/assets/strings")) {
    std::ifstream file(area.path());
    const nlohmann::json texts = nlohmann::json::parse(file);
    for (const auto& item : texts.items()) {
      const std::string place = area.path().filename().string() + ": " + item.key();
      EXPECT_TRUE(seen.insert(item.key()).second) << place << " stands in another file, too";
      ASSERT_EQ(item.value().size(), 2U) << place;
      const auto english = item.value().at("en").get<std::string>();
      const auto korean = item.value().at("ko").get<std::string>();
      EXPECT_FALSE(english.empty()) << place;
      EXPECT_FALSE(korean.empty()) << place;
      EXPECT_EQ(fields_of(english), fields_of(korean)) << place;
    }
  }
  EXPECT_GT(seen.size(), 5U);
}

TEST(Strings, SwitchFillAndFallBack) {
  load_strings(assets_folder() / "strings");
  set_language(Language::korean);
  EXPECT_EQ(format_text("status.tokens", fmt::arg("tokens", 5)), "토큰 5개");
  set_language(Language::english);
  EXPECT_EQ(format_text("status.tokens", fmt::arg("tokens", 5)), "5 tokens");
  EXPECT_EQ(format_text("status.tokens", fmt::arg("other", 5)), "{tokens} tokens");
  EXPECT_EQ(text("no.such.key"), "no.such.key");
  EXPECT_THROW(load_strings("no-such-folder"), FileError);
}

TEST(Markdown, AFormulaBesideAKoreanLetterStaysAFormula) {
  constexpr const char* hair = "\xE2\x80\x8A";
  EXPECT_EQ(separate_formulas("값 $\\sqrt{d}$로"), std::string("값 $\\sqrt{d}$") + hair + "로");
  EXPECT_EQ(separate_formulas("수식$x$"), std::string("수식") + hair + "$x$");
  EXPECT_EQ(separate_formulas("`$x$는` and $5 or \\$x\\$는"), "`$x$는` and $5 or \\$x\\$는");
  EXPECT_EQ(separate_formulas("$$x$$\n\n나"), "$$x$$\n\n나");
}

TEST(Markdown, TheSpaceOfATokenInCodeIsSeen) {
  EXPECT_EQ(show_token_spaces("` is` reads ` Paris`, `L23 H4` too"), "`·is` reads `·Paris`, `L23 H4` too");
  EXPECT_EQ(show_token_spaces("a `x` b `y`"), "a `x` b `y`");
}

// MicroTeX falls back to the source text when it fails: the picture of a formula must not be that of its
// source.
TEST(Markdown, DrawsFormulas) {
  const auto drawn = [](const std::string& source) {
    ScriptedGui gui(ScriptedGui::Renderer::opengl, 480, 160);
    Markdown markdown;
    gui.draw_frames([&] {
      ImGui::SetNextWindowSize(ImVec2(470, 150));
      ImGui::Begin("Page");
      markdown.draw(source);
      ImGui::End();
    });
    return gui.picture();
  };
  const Picture formula = drawn("값은 $\\frac{q \\cdot k}{\\sqrt{d}}$로 나눕니다");
  EXPECT_GT(pixels_that_differ(formula, drawn("값은 \\$\\frac{q \\cdot k}{\\sqrt{d}}\\$로 나눕니다")), 100);
  EXPECT_GT(pixels_that_differ(formula, drawn("값은 로 나눕니다")), 100);
}

TEST(Offscreen, RefusesSizesThatCannotBeDrawn) {
  ImGui::CreateContext();
  EXPECT_THROW(Offscreen(0, 100, 1.0F), UserError);
  EXPECT_THROW(Offscreen(100000, 100, 1.0F), UserError);
  EXPECT_THROW(Offscreen(9000, 9000, 2.0F), UserError);
  ImGui::DestroyContext();
  EXPECT_THROW(write_png(Picture{1, 1, {0, 0, 0, 255}}, "no-such-folder/picture.png"), UserError);
}

}  // namespace
}  // namespace headlight
