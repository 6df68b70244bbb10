// Sessions in the whole program: kept, reopened, saved, opened; what is dropped; traces without their model.
#include "gui/session_desk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "core/session/document_names.h"
#include "gui/app.h"
#include "gui/strings.h"
#include "tests/core/source_dir.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

class Sessions : public ::testing::Test {
 protected:
  void SetUp() override {
    load_strings(assets_folder() / "strings");
    set_language(Language::english);
    folder_ = fs::temp_directory_path() / ("headlight_sessions_test_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path state() const { return folder_ / "state"; }
  StartOptions options(bool asks) const {
    StartOptions start;
    start.compute.model = golden_path("tiny_llama_q.gguf");
    start.model_given = asks;
    return start;
  }
  static Document shown(App& app, ScriptedGui& gui) {
    double seconds = 0.0;
    gui.run([&] { app.draw(seconds += 1.0 / 60.0); }, [](ImGuiTestContext& ctx) { ctx.Yield(3); });
    return app.document();
  }
  fs::path folder_;
};

TEST_F(Sessions, EverythingIsInPlaceAtTheNextStart) {
  ScriptedGui gui;
  Document left;
  {
    App app(
        options(true), {}, [] {}, state());
    shown(app, gui);
    app.run({SetText{"The lamp 등불"}, SelectHead{1, 2}, SelectQuery{1}, ShowAttention{AttentionMode::row},
             SetInterventions{{{Hook::z, 1, 0, {}, Scale{0.5F}}}}},
            1.0);
    left = shown(app, gui);
  }
  {
    App app(
        options(false), {}, [] {}, state());
    EXPECT_TRUE(app.document() == left);
    App second(
        options(false), {}, [] {}, state());  // runs at the same time: has its own
    EXPECT_FALSE(second.document() == left);
  }
  {
    StartOptions asked = options(false);
    asked.text = "Something else";
    App app(
        asked, {}, [] {}, state());
    EXPECT_EQ(shown(app, gui).text, "Something else");
    app.run({SetText{"changed"}}, 1.0);
    shown(app, gui);
  }
  SessionDesk desk(state());
  ASSERT_EQ(desk.earlier_sessions().size(), 1U);  // what was there before is not lost
  EXPECT_TRUE(read_session(desk.earlier_sessions()[0].string()).document == left);
  EXPECT_EQ(desk.restore()->text, "changed");
}

// A text to learn from that is too long for the session itself goes along, when it is put aside and when the
// session turns out to be damaged.
TEST_F(Sessions, ALongTextStaysWithItsSession) {
  Document first, second, third;
  first.learning.text = std::string(50'000, 'a');
  second.learning.text = std::string(50'000, 'b');
  {
    SessionDesk desk(state());
    desk.keep(third);
    desk.keep(first);
  }
  {
    SessionDesk desk(state());
    desk.keep(third);
    desk.keep(second);
  }
  SessionDesk desk(state());
  ASSERT_EQ(desk.earlier_sessions().size(), 1U);
  EXPECT_TRUE(read_session(desk.earlier_sessions()[0].string()).document == first);
  EXPECT_TRUE(desk.restore() == second);

  const std::string session = (state() / "session.json").string();
  const std::vector<std::string> texts = texts_beside(session);
  ASSERT_EQ(texts.size(), 1U);
  std::ofstream(session) << "{ \"format\": ";
  EXPECT_FALSE(desk.restore());
  EXPECT_FALSE(fs::exists(text_beside(session, texts[0])));
  bool found = false;
  for (const auto& entry : fs::directory_iterator(state())) {
    found = found || (entry.path().extension() == session_extension && texts_beside(entry.path()) == texts);
  }
  EXPECT_TRUE(found);
}

TEST_F(Sessions, ADamagedOneIsPutAsideAndSaid) {
  fs::create_directories(state());
  std::ofstream(state() / "session.json") << "{ \"format\": ";
  SessionDesk desk(state());
  EXPECT_FALSE(desk.restore());
  EXPECT_FALSE(fs::exists(state() / "session.json"));
  const std::vector<Notice> notices = desk.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_TRUE(notices[0].is_error);
  EXPECT_NE(notices[0].text.find("damaged"), std::string::npos) << notices[0].text;
}

TEST_F(Sessions, DroppedFilesOpenOrSayWhatTheyAre) {
  ScriptedGui gui;
  App app(
      options(true), {}, [] {}, state());
  std::ofstream(folder_ / "a.txt") << "from a text";
  std::ofstream(folder_ / "a.png") << "\x89PNG";
  app.open_files({(folder_ / "a.txt").string()});
  EXPECT_EQ(shown(app, gui).text, "from a text");
  Document scene = app.document();
  scene.head = 3;
  write_session(scene, (folder_ / "a.headlight").string());
  app.run({SetText{"later"}}, 1.0);
  app.open_files({(folder_ / "a.headlight").string(), "/b"});
  EXPECT_TRUE(shown(app, gui) == scene);
  EXPECT_EQ(app.title(), "a · Headlight");
  app.open_files({(folder_ / "a.png").string()});
  EXPECT_TRUE(shown(app, gui) == scene);
  double seconds = 9.0;
  EXPECT_TRUE(gui.run([&] { app.draw(seconds += 1.0 / 60.0); },
                      [](ImGuiTestContext& ctx) {
                        ctx.Yield(3);
                        IM_CHECK(ctx.ItemExists("//##notice.0/##close"));
                        ctx.ItemClick("//##notice.0/##close");
                      }));
}

TEST_F(Sessions, TheMenuSavesAndOpensThroughTheField) {
  ScriptedGui gui;
  App app(
      options(true), {}, [] {}, state());
  const std::string target = (folder_ / "scene").string();
  double seconds = 0.0;
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);  // no dialog of a desktop
  EXPECT_TRUE(gui.run([&] { app.draw(seconds += 1.0 / 60.0); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.Yield(5);
                        app.run({SetText{"kept"}}, 1.0);
                        ctx.Yield(2);
                        ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_S);
                        ctx.Yield(3);
                        ctx.ItemInputValue("//###path_dialog/##path", target.c_str());
                        for (int i = 0; i < 500 && !fs::exists(target + ".headlight"); ++i) {
                          ctx.Yield(1);  // it is written in the background
                          std::this_thread::sleep_for(std::chrono::milliseconds(10));
                        }
                        ctx.Yield(3);
                        app.run({SetText{"gone on"}}, 9.0);
                        ctx.Yield(2);
                        app.open_files({target + ".headlight"});
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(app.document().text.c_str(), "kept");
                        ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z);  // opening can be undone
                        ctx.Yield(2);
                        IM_CHECK_STR_EQ(app.document().text.c_str(), "gone on");
                      }));
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(fs::exists(target + ".headlight"));
}

// Without weights and without a tokenizer, in every view.
TEST_F(Sessions, ATraceWithoutItsModelIsShownInEveryView) {
  ScriptedGui gui;
  StartOptions start;
  start.file = source_dir() + "/tests/golden/traces/gpt2_transformer_lens.npz";
  App app(start, {}, [] {});
  app.wait_idle();
  double seconds = 0.0;
  EXPECT_TRUE(gui.run([&] { app.draw(seconds += 1.0 / 60.0); },
                      [&](ImGuiTestContext& ctx) {
                        ctx.Yield(3);
                        app.wait_idle();
                        ctx.Yield(3);
                        IM_CHECK_STR_EQ(app.document().text.c_str(), "[7][3][3][19][0][11][7][30]");
                        IM_CHECK_EQ(app.tokens().size(), 8U);
                        IM_CHECK(app.result().trace != nullptr && app.result().trace->complete());
                        IM_CHECK(app.result().next != nullptr);
                        for (const auto& [name, view] : center_views) {
                          app.run({ShowView{view}}, seconds);
                          ctx.Yield(4);
                        }
                        for (const auto& [name, mode] : attention_modes) {
                          app.run({ShowAttention{mode}}, seconds);
                          ctx.Yield(4);
                        }
                        for (const HookInfo& hook : all_hooks()) {
                          app.run({SelectValue{ValueReference{hook.hook, 0, {0, 0, 0}}}}, seconds);
                          ctx.Yield(1);
                        }
                        app.run({SetText{"[7][3][12]"}}, seconds);  // needs the model
                        ctx.Yield(2);
                        app.wait_idle();
                        ctx.Yield(3);
                        IM_CHECK_EQ(app.tokens().size(), 3U);
                        app.run({SetText{"[7][3][3][19][0][11][7][30]"}}, seconds + 5.0);
                        ctx.Yield(2);
                        app.wait_idle();
                        ctx.Yield(2);
                        IM_CHECK_EQ(app.result().trace->positions(), 8);
                      }));
}

}  // namespace
}  // namespace headlight
