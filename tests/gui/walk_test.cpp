// Walks through the whole program: with the mouse over, on and across everything, and with the keyboard
// alone. What a person does at random may not break it.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <string>

#include "core/session/document_names.h"
#include "gui/app.h"
#include "gui/strings.h"
#include "imgui_internal.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"

namespace headlight {
namespace {

struct Scene {
  const char* name;
  const char* model;
  const char* text;
  const char* source;
};

void PrintTo(const Scene& scene, std::ostream* out) { *out << scene.name; }

class Walk : public ::testing::TestWithParam<Scene> {
 protected:
  Walk() {
    load_strings(assets_folder() / "strings");
    StartOptions options;
    options.compute.model = golden_path(GetParam().model);
    options.text = GetParam().text;
    options.source_text = GetParam().source;
    app_ = std::make_unique<App>(options, std::filesystem::path(), [] {});
    app_->wait_idle();
  }
  ~Walk() override { app_.reset(); }

  std::function<void()> draw() {
    return [this] { app_->draw(seconds_ += 1.0 / 60.0); };
  }

  // Every tab, and every picture of attention.
  void each_view(const std::function<void(const std::string&)>& visit) {
    for (const auto& [name, view] : center_views) {
      app_->run({ShowView{view}}, seconds_ += 10.0);
      visit(std::string(name));
    }
    for (const auto& [name, mode] : attention_modes) {
      app_->run({ShowAttention{mode}}, seconds_ += 10.0);
      visit(std::string(name));
    }
  }

  ScriptedGui gui_{ScriptedGui::Renderer::none, 1280, 800};
  std::unique_ptr<App> app_;
  double seconds_ = 0.0;
};

TEST_P(Walk, WithTheMouse) {
  std::mt19937 chance(7);  // where a hand may go: the same way in every run
  each_view([&](const std::string& view) {
    SCOPED_TRACE(view);
    const std::string text = app_->document().text;
    EXPECT_TRUE(gui_.run(draw(), [&](ImGuiTestContext& ctx) {
      const ImVec2 size = ImGui::GetIO().DisplaySize;
      const auto somewhere = [&] {  // below the prompt, left of the scroll bar
        return ImVec2(std::uniform_real_distribution<float>(20.0F, size.x - 30.0F)(chance),
                      std::uniform_real_distribution<float>(size.y * 0.26F, size.y - 40.0F)(chance));
      };
      for (int step = 0; step < 24; ++step) {
        ctx.MouseTeleportToPos(somewhere());
        ctx.Yield();
        switch (step % 6) {
          case 1:
            ctx.MouseClick(0);
            break;
          case 2:
            ctx.MouseWheelY(step % 4 == 0 ? 1.0F : -1.0F);
            break;
          case 3:
            ctx.MouseDown(0);
            ctx.MouseTeleportToPos(somewhere());
            ctx.Yield();
            ctx.MouseUp(0);
            break;
          case 4:
            ctx.MouseDoubleClick(0);
            break;
          default:
            break;
        }
        ctx.Yield();
        ctx.KeyPress(ImGuiKey_Escape);
        const Document& document = app_->document();
        IM_CHECK(document.layer >= 0 && document.head >= 0);
        IM_CHECK(!document.query || *document.query >= 0);
      }
    }));
    app_->wait_idle();
    EXPECT_EQ(app_->error(), "");
    EXPECT_TRUE(gui_.run(draw(), [&](ImGuiTestContext& ctx) {  // whatever was clicked: undo leads back
      for (int i = 0; i < 200 && app_->document().text != text; ++i) ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z);
      IM_CHECK_STR_EQ(app_->document().text.c_str(), text.c_str());
    }));
  });
}

// Ctrl+1… shows every tab, Tab goes from button to button, and no view breaks under the keys that it may
// answer.
TEST_P(Walk, WithTheKeyboardAlone) {
  for (std::size_t tab = 0; tab < center_views.size(); ++tab) {
    EXPECT_TRUE(gui_.run(draw(), [&](ImGuiTestContext& ctx) {
      ctx.KeyPress(ImGuiMod_Ctrl | static_cast<ImGuiKey>(ImGuiKey_1 + static_cast<int>(tab)));
      ctx.Yield(2);
      IM_CHECK(app_->document().view == center_views[tab].value);
    }));
  }
  constexpr std::array keys = {ImGuiKey_Tab,       ImGuiKey_DownArrow, ImGuiKey_RightArrow, ImGuiKey_Enter,
                               ImGuiKey_LeftArrow, ImGuiKey_UpArrow,   ImGuiKey_Home,       ImGuiKey_End,
                               ImGuiKey_Space,     ImGuiKey_Escape};
  each_view([&](const std::string& view) {
    SCOPED_TRACE(view);
    const CenterView shown = app_->document().view;
    EXPECT_TRUE(gui_.run(draw(), [&](ImGuiTestContext& ctx) {
      ctx.Yield(3);
      ImGui::SetWindowFocus("##center");
      ctx.Yield();
      std::set<ImGuiID> reached;  // with Tab; in the flow it walks the parts of an opened picture
      for (int i = 0; i < 30; ++i) {
        ctx.KeyPress(ImGuiKey_Tab);
        reached.insert(ImGui::GetCurrentContext()->NavId);
      }
      if (shown != CenterView::flow) IM_CHECK_GE(reached.size(), 3U);
      for (std::size_t step = 0; step < 60; ++step) {
        ctx.KeyPress(keys[step * 7 % keys.size()]);
        IM_CHECK(app_->document().layer >= 0 && app_->document().head >= 0);
      }
    }));
    app_->run({ShowView{shown}}, seconds_ += 10.0);
    app_->wait_idle();
    EXPECT_EQ(app_->error(), "");
  });
}

INSTANTIATE_TEST_SUITE_P(Models, Walk,
                         ::testing::Values(Scene{"decoder", "tiny_llama_q.gguf", "one two three one two", ""},
                                           Scene{"one_token", "tiny_llama_q.gguf", "a", ""},
                                           Scene{"empty", "tiny_llama_q.gguf", "", ""}),
                         [](const auto& named) { return std::string(named.param.name); });

}  // namespace
}  // namespace headlight
