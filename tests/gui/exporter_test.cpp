// Pictures of panels as SVG and PNG, and values as files.
#include "gui/exporter.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "core/base/errors.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ExporterTest : public ::testing::Test {
 protected:
  ExporterTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("headlight_export_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    load_strings(assets_folder() / "strings");
  }
  ~ExporterTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

void draw_panel_with_words() {
  ImGui::SetNextWindowPos(ImVec2(100, 50));
  ImGui::SetNextWindowSize(ImVec2(300, 120));
  ImGui::Begin("##center", nullptr, ImGuiWindowFlags_NoDecoration);
  ImGui::TextUnformatted("a < b & 안녕");
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(150, 100), ImVec2(250, 140), IM_COL32(1, 2, 3, 255));
  ImGui::End();
  ImGui::SetNextWindowPos(ImVec2(450, 50));
  ImGui::SetNextWindowSize(ImVec2(100, 60));
  ImGui::Begin("##panel.next", nullptr, ImGuiWindowFlags_NoDecoration);
  ImGui::TextUnformatted("elsewhere");
  ImGui::End();
}

TEST_F(ExporterTest, AnSvgHasTheWordsAndAreasOfItsPanelAlone) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 600, 300);
  {
    const SharpEdges sharp;
    gui.draw_frames(draw_panel_with_words);
  }
  write_panel_picture("center", path("p.svg"), [&](int x, int y, int width, int height) {
    EXPECT_EQ(x, 100);
    EXPECT_EQ(y, 50);
    return read_pixels(x, y, width, height, 300);
  });
  const std::string svg = file_text(path("p.svg"));
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg.substr(0, 80);
  EXPECT_NE(svg.find("width=\"300\" height=\"120\""), std::string::npos);
  // Letters of one line are one text as long as nothing but single spaces stands between them.
  std::string words;
  const std::regex texts("<text[^>]*>([^<]*)</text>");
  for (std::sregex_iterator at(svg.begin(), svg.end(), texts), end; at != end; ++at) words += (*at)[1];
  EXPECT_EQ(words, "a &lt; b &amp; 안녕");
  // The rectangle at its place inside the panel, in its colour.
  const std::regex area("<path fill=\"#010203\" d=\"([^\"]*)\"");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(svg, found, area)) << svg;
  float left = 1e9F, right = -1e9F, top = 1e9F, bottom = -1e9F, x = 0, y = 0;
  std::string points = found[1];
  for (char& letter : points) {
    if (letter == 'M' || letter == 'L' || letter == 'Z') letter = ' ';
  }
  std::istringstream numbers(points);
  while (numbers >> x >> y) {
    left = std::min(left, x);
    right = std::max(right, x);
    top = std::min(top, y);
    bottom = std::max(bottom, y);
  }
  EXPECT_FLOAT_EQ(left, 50);
  EXPECT_FLOAT_EQ(right, 150);
  EXPECT_FLOAT_EQ(top, 50);
  EXPECT_FLOAT_EQ(bottom, 90);
}

TEST_F(ExporterTest, APngIsThePanel) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 600, 300);
  gui.draw_frames(draw_panel_with_words);
  write_panel_picture("center", path("p.png"), [&](int x, int y, int width, int height) {
    const Picture picture = read_pixels(x, y, width, height, 300);
    const std::size_t pixel = (70U * 300U + 100U) * 4U;  // in the rectangle
    EXPECT_EQ(picture.rgba[pixel], 1);
    EXPECT_EQ(picture.rgba[pixel + 1], 2);
    EXPECT_EQ(picture.rgba[pixel + 2], 3);
    return picture;
  });
  const std::string png = file_text(path("p.png"));
  EXPECT_EQ(png.substr(1, 3), "PNG");
  EXPECT_EQ(static_cast<unsigned char>(png[18]) * 256 + static_cast<unsigned char>(png[19]), 300);
}

TEST_F(ExporterTest, RefusesInWords) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 600, 300);
  gui.draw_frames(draw_panel_with_words);
  const ReadPixels read = [](int x, int y, int width, int height) {
    return read_pixels(x, y, width, height, 300);
  };
  EXPECT_THROW(write_panel_picture("lesson", path("p.png"), read), UserError);
  EXPECT_THROW(write_panel_picture("center", path("p.gif"), read), UserError);
  EXPECT_THROW(write_panel_picture("center", path("missing/p.svg"), read), UserError);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ExporterTest, TakesAPictureSomeFramesLaterAndSaysSo) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 600, 300);
  std::vector<std::pair<std::string, bool>> said;
  Exporter exporter([&](const std::string& words, bool is_error) { said.emplace_back(words, is_error); });
  exporter.take_picture("center", path("p.svg"));
  const ReadPixels read = [](int x, int y, int width, int height) {
    return read_pixels(x, y, width, height, 300);
  };
  for (int frame = 0; frame < 5; ++frame) {
    gui.draw_frames(draw_panel_with_words, 1);
    exporter.frame_is_drawn(read);
  }
  EXPECT_FALSE(exporter.wants_frames());
  EXPECT_TRUE(ImGui::GetStyle().AntiAliasedFill);  // only the picture went without
  ASSERT_EQ(said.size(), 1U);
  EXPECT_FALSE(said.front().second);
  EXPECT_TRUE(std::filesystem::exists(path("p.svg")));
  exporter.take_picture("center", path("missing/p.svg"));
  for (int frame = 0; frame < 5; ++frame) {
    gui.draw_frames(draw_panel_with_words, 1);
    exporter.frame_is_drawn(read);
  }
  ASSERT_EQ(said.size(), 2U);
  EXPECT_TRUE(said.back().second) << said.back().first;
}

}  // namespace
}  // namespace headlight
