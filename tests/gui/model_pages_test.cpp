// The pages of the model dialog and the status bar: drawn for every kind of model, and nothing runs out of
// the window.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gui/bars.h"
#include "gui/strings.h"
#include "gui/views/model_view.h"
#include "imgui_internal.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr int pages = 5;

std::string pill(int page) { return "view/##pages/$$" + std::to_string(page) + "/##pill"; }

TEST(ModelPages, DrawEveryKindOfModel) {
  for (const auto& [width, height] : {std::pair(1280, 800), std::pair(420, 300)}) {
    std::vector<SyntheticWorld> worlds(1);  // without a model
    for (const SyntheticKind kind : synthetic_kinds) worlds.emplace_back(SyntheticShape{.kind = kind});
    worlds.emplace_back(SyntheticShape{.positions = 2, .layers = 200, .heads = 1, .kv_heads = 1});
    for (SyntheticWorld& world : worlds) {
      ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
      ModelView view;
      EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
        ctx.Yield(2);
        for (int page = 0; world.model && page < pages; ++page) {
          ctx.ItemClick(pill(page).c_str());
          ctx.Yield(3);
        }
      }));
      EXPECT_TRUE(world.edits.empty());
    }
  }
}

TEST(ModelPages, TheSelfCheckAndAHistogramOfARealModel) {
  ScriptedGui gui;
  SyntheticWorld world(SyntheticShape{.positions = 1});
  world.model = tiny_model();
  const auto backend = make_cpu_backend(1);
  world.result = Result();
  world.result.trace = run_forward(world.model, *backend, request_for({5, 6, 7}));
  ModelView view;
  bool pending = false, waited = false;
  std::vector<LongTask> tasks;
  const auto draw = [&] {
    ImGui::SetNextWindowSize(ImVec2(900, 700));
    ImGui::Begin("view");
    Commands commands;
    view.draw(world.frame(), commands);
    ImGui::End();
    pending = commands.is_pending();
    waited = waited || pending;
    tasks.insert(tasks.end(), commands.tasks().begin(), commands.tasks().end());
  };
  EXPECT_TRUE(gui.run(draw, [&](ImGuiTestContext& ctx) {
    const auto settle = [&] {
      ctx.Yield(2);
      for (int i = 0; i < 3000 && pending; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ctx.Yield();
      }
      IM_CHECK(!pending);
    };
    ctx.Yield(2);
    ctx.ItemClick(pill(2).c_str());
    settle();
    ctx.SetRef(ctx.WindowInfo("//view/##page/##tensors").ID);
    IM_CHECK(ctx.ItemExists("$$0/##tensor"));
    IM_CHECK_LE(ctx.WindowInfo("//view/##page").Window->ScrollMax.y, 0.0F);  // the list scrolls by itself
    ctx.SetRef("");
    ctx.ItemClick(pill(4).c_str());
    ctx.Yield(2);
    ctx.SetRef(ctx.WindowInfo("//view/##page").ID);
    waited = false;
    ctx.ItemClick("###start");
    settle();
    IM_CHECK(!ctx.ItemExists("###start"));
    IM_CHECK(!waited || !tasks.empty());  // a check may be done before the next frame
  }));
}

// Where the texts of a window end, as ImGui has laid them out.
float end_of_words(const char* window) {
  const ImGuiWindow* found = ImGui::FindWindowByName(window);
  return found == nullptr ? -1.0F : found->DC.CursorMaxPos.x - found->Pos.x;
}

TEST(StatusBar, FitsIntoEveryWidthInBothLanguages) {
  for (const int width : {320, 640, 1024, 1920}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, 400);
    for (const Language language : {Language::english, Language::korean}) {
      set_language(language);
      for (const SyntheticKind kind : {SyntheticKind::llama, SyntheticKind::bert}) {
        SyntheticWorld world(SyntheticShape{.kind = kind});
        world.device = "NVIDIA H200 NVL (compute capability 9.0)";
        world.result.share_of_weights = 0.71;
        world.error = "the text has 9,000 tokens, but this model was trained for 8,192; shorten it.";
        world.tasks = {{"Beam search", 0.5F}};
        double seconds = 0.0;
        float end = 0.0F;
        gui.draw_frames(
            [&] {
              Commands commands;
              Frame frame = world.frame();
              frame.seconds = seconds += 0.4;
              draw_status_bar(frame, commands);
              end = end_of_words("##bar.status");
            },
            4);
        EXPECT_GT(end, 0.0F);
        EXPECT_LE(end, static_cast<float>(width)) << width;
      }
    }
    set_language(Language::english);
  }
}

}  // namespace
}  // namespace headlight
