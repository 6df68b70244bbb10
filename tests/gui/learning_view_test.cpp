// The Learning view: every state of a run in both languages, what clicks and keys ask for, and, in the whole
// program, a model that is trained and opened.
#include "gui/views/learning_view.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "gui/app.h"
#include "gui/strings.h"
#include "gui/views/learning_comparison.h"
#include "imgui_internal.h"
#include "tests/core/source_dir.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

LearningChoices quick_choices() {
  LearningChoices choices;
  choices.task = LearningTask::text;
  for (int i = 0; i < 40; ++i) choices.text += "Line " + std::to_string(i) + " of 글 that is learnt here.\n";
  choices.steps = 12;
  return choices;
}

// A real run, ended after its twelve steps, the last of which was made alone.
const LearningSnapshot& a_run() {
  static const std::shared_ptr<const LearningSnapshot> made = [] {
    Learning learning;
    const auto wait = [&](auto is_there) {
      for (int i = 0; i < 60'000; ++i) {
        const auto snapshot = learning.snapshot();
        if (snapshot && is_there(*snapshot)) return snapshot;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      throw std::runtime_error("the run does not end");
    };
    learning.start(quick_choices(), /*pause_at=*/11);
    wait([](const LearningSnapshot& snapshot) { return snapshot.phase == LearningPhase::paused; });
    learning.one_update();
    return wait([](const LearningSnapshot& snapshot) { return snapshot.is_over(); });
  }();
  return *made;
}

LearningSnapshot in_phase(LearningPhase phase) {
  LearningSnapshot snapshot = a_run();
  snapshot.phase = phase;
  if (phase == LearningPhase::failed)
    snapshot.error = {"Training ran away at step 12: too fast.",
                      "12단계에서 손실이 걷잡을 수 없이 커졌습니다: 너무 빠릅니다."};
  return snapshot;
}

// The same run as one of a kind, beside another model where it can have one, with numbers in every line.
LearningSnapshot compared(LearningStart start, bool recurrent) {
  LearningSnapshot snapshot = in_phase(LearningPhase::finished);
  snapshot.choices.start = start;
  snapshot.choices.wish = "ㅋ";
  for (auto& kept : snapshot.checkpoints) {
    LearningState state = *kept;
    state.rival_sample = state.sample + "!";
    state.rival = state.measures;
    state.measures.wished = start == LearningStart::preferred ? 1.25 : NAN;
    if (recurrent) state.measures.copied.assign(static_cast<std::size_t>(copied_periods), 0.75);
    if (recurrent) state.rival.copied.assign(static_cast<std::size_t>(copied_periods), 0.25);
    kept = std::make_shared<const LearningState>(std::move(state));
  }
  if (start != LearningStart::taught && !recurrent) return snapshot;
  snapshot.teacher = 2.0;
  LearningRival rival;
  rival.is_recurrent = recurrent;
  rival.layers = 2, rival.parameters = 190'000;
  for (const LearningPoint& point : snapshot.curve) rival.losses.push_back(point.loss * 1.1F);
  rival.tokens_a_second = 3000.0;
  rival.error =
      recurrent ? Bilingual{}
                : Bilingual{"Training ran away at step 9.", "9단계에서 손실이 걷잡을 수 없이 커졌습니다."};
  snapshot.rival = std::move(rival);
  return snapshot;
}

// Draws it and gathers what it asks for.
struct Shown {
  explicit Shown(std::optional<LearningSnapshot> snapshot) {
    load_strings(assets_folder() / "strings");
    if (snapshot) world.learning = std::make_shared<const LearningSnapshot>(std::move(*snapshot));
  }
  std::function<void()> draw() {
    return [this] {
      ImGui::SetNextWindowPos(ImVec2(0, 0));
      ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
      ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
      Commands commands;
      view.draw(world.frame(), commands);
      ImGui::End();
      for (const Command& edit : commands.edits()) world.document = apply(world.document, edit);
      for (const Action& action : commands.actions()) {
        if (const auto* learn = std::get_if<Learn>(&action)) orders.push_back(*learn);
      }
    };
  }
  bool asked(Learn::Order order) const { return !orders.empty() && orders.back().order == order; }

  SyntheticWorld world;
  LearningView view;
  std::vector<Learn> orders;
};

TEST(LearningView, EveryStateIsDrawnInBothLanguages) {
  load_strings(assets_folder() / "strings");
  std::vector<std::optional<LearningSnapshot>> states = {std::nullopt, LearningSnapshot()};
  for (const LearningPhase phase : {LearningPhase::preparing, LearningPhase::running, LearningPhase::paused,
                                    LearningPhase::finished, LearningPhase::stopped, LearningPhase::failed}) {
    states.push_back(in_phase(phase));
    LearningSnapshot nothing;  // it has not begun
    nothing.phase = phase;
    nothing.error = {"no text", "글이 없습니다"};
    states.push_back(nothing);
  }
  LearningSnapshot nasty = in_phase(LearningPhase::failed);
  for (LearningPoint& point : nasty.curve) point.loss = std::numeric_limits<float>::quiet_NaN();
  for (LearningPart& part : nasty.parts) part.gradient = part.update = NAN;
  nasty.parts.front().weights = 0.0;
  auto scoreless = std::make_shared<LearningState>(*nasty.now);
  for (HeadScoreRow& row : scoreless->scores.rows) row.values.fill(NAN);
  scoreless->sample.clear();
  nasty.now = scoreless;
  states.emplace_back(nasty);
  LearningSnapshot letters = in_phase(LearningPhase::running);
  letters.choices.task = LearningTask::letters;
  letters.guessing_letters = std::log(26.0);
  letters.unknowable = 0.9;
  states.emplace_back(letters);
  for (const LearningStart start : {LearningStart::learnt, LearningStart::taught, LearningStart::preferred}) {
    for (const bool recurrent : {false, true}) states.emplace_back(compared(start, recurrent));
  }
  for (const Language language : {Language::english, Language::korean}) {
    set_language(language);
    for (const int width : {300, 980, 1600}) {
      ScriptedGui gui(ScriptedGui::Renderer::none, width, 500);
      for (const auto& state : states) {
        Shown shown(state);
        gui.draw_frames(shown.draw(), 3);
        shown.world.document.learning = quick_choices();
        gui.draw_frames(shown.draw(), 2);
        EXPECT_TRUE(shown.orders.empty());
      }
    }
  }
  set_language(Language::english);
}

// Two columns that are both too high: they scroll together.
// Beside a name, a sentence of its own would begin in its middle.
TEST(LearningView, ASampleOfTwoIsNamedAndItsMarkExplainedOnce) {
  load_strings(assets_folder() / "strings");
  LearningSnapshot snapshot = compared(LearningStart::random, true);
  snapshot.choices.task = LearningTask::letters;
  const std::vector<LearningWords> words = learning_words(snapshot, *snapshot.now);
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0].caption.rfind(text("learning.transformer") + " (", 0), 0U) << words[0].caption;
  EXPECT_EQ(words[0].caption.find(": The"), std::string::npos);
  EXPECT_EQ(words[1].caption, text("learning.gru"));
}

TEST(LearningView, HasOneScrollBarAtMost) {
  for (const bool compares : {false, true}) {
    for (const int width : {500, 980, 1600}) {
      ScriptedGui gui(ScriptedGui::Renderer::none, width, 420);
      Shown shown(compares ? compared(LearningStart::random, true) : in_phase(LearningPhase::running));
      gui.draw_frames(shown.draw(), 6);
      int bars = 0;
      for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {
        bars += window->Active && window->ScrollbarY ? 1 : 0;
      }
      EXPECT_EQ(bars, 1) << width << (compares ? ", compared" : "");
    }
  }
}

// The model before its first update is a state like the others, and says so.
TEST(LearningView, TheFirstKeptStepIsTheUntrainedModel) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 980, 700);
  Shown shown(in_phase(LearningPhase::paused));
  EXPECT_TRUE(gui.run(shown.draw(), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.WindowFocus("");
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.KeyPress(ImGuiKey_LeftArrow, 3);  // of 0, 10 and 12
    ctx.ItemClick("##open");
    IM_CHECK_EQ(shown.orders.back().step, 0);
  }));
}

TEST(LearningView, ChoicesAreMadeAndARunIsStarted) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 980, 700);
  Shown shown(std::nullopt);
  EXPECT_TRUE(gui.run(shown.draw(), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.ItemClick("**/size/$$1/##pill");
    IM_CHECK(shown.world.document.learning.size == LearningSize::medium);
    ctx.ItemInputValue("**/###steps", 250);
    IM_CHECK_EQ(shown.world.document.learning.steps, 250);
    ctx.ItemInputValue("**/###rate", "70");  // too large: it stays as it was
    IM_CHECK_EQ(shown.world.document.learning.learning_rate, 3e-3);
    ctx.ItemClick("**/task/$$1/##pill");
    IM_CHECK(shown.world.document.learning.task == LearningTask::text);
    ctx.ItemClick("**/###start");
    IM_CHECK(shown.orders.empty());  // there is no text
    ctx.ItemClick("**/###text");
    ctx.KeyChars("too short");
    ctx.Yield(2);
    IM_CHECK_STR_EQ(shown.world.document.learning.text.c_str(), "too short");
    shown.world.document.learning.text = "undone";  // while one types
    ctx.Yield(3);
    IM_CHECK_STR_EQ(shown.world.document.learning.text.c_str(), "undone");
    ctx.KeyChars("!");
    ctx.Yield(2);
    IM_CHECK_STR_EQ(shown.world.document.learning.text.c_str(), "undone!");
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.Yield(2);
    IM_CHECK_STR_EQ(shown.world.document.learning.text.c_str(), "undone!");
    ctx.ItemClick("**/###start");
    IM_CHECK(shown.orders.empty());
    shown.world.document.learning.text = quick_choices().text;
    ctx.Yield(2);
    ctx.ItemClick("**/###start");
    IM_CHECK(shown.asked(Learn::Order::start));
    ctx.ItemClick("**/beside/$$1/##pill");
    IM_CHECK(shown.world.document.learning.rival);
    IM_CHECK(!ctx.ItemExists("**/begin/$$1/##pill"));  // nothing was learnt yet
  }));
}

TEST(LearningView, WhatWasLearntCanLearnOnTeachOrPrefer) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 980, 900);
  Shown shown(in_phase(LearningPhase::finished));
  shown.world.document.learning = quick_choices();
  EXPECT_TRUE(gui.run(shown.draw(), [&](ImGuiTestContext& ctx) {
    const LearningChoices& choices = shown.world.document.learning;
    ctx.SetRef("view");
    ctx.ItemClick("##learn_on");
    IM_CHECK(shown.asked(Learn::Order::learn_on));
    shown.world.document.learning.from = source_dir() + "/assets/models/tiny_induction";
    ctx.Yield(2);
    ctx.ItemClick("**/begin/$$1/##pill");
    IM_CHECK(choices.start == LearningStart::learnt);
    IM_CHECK_EQ(choices.steps, 300);
    IM_CHECK(!ctx.ItemExists("**/size/$$1/##pill"));  // it has its size
    IM_CHECK(!ctx.ItemExists("**/beside/$$1/##pill"));
    ctx.ItemClick("**/begin/$$2/##pill");
    IM_CHECK(choices.start == LearningStart::taught);
    IM_CHECK_EQ(choices.steps, 1500);
    ctx.ItemClick("**/beside/$$1/##pill");
    IM_CHECK(choices.rival);
    ctx.ItemClick("**/begin/$$3/##pill");
    IM_CHECK(choices.start == LearningStart::preferred);
    shown.orders.clear();
    ctx.ItemClick("**/###start");
    IM_CHECK(shown.orders.empty());  // nothing is wished for
    ctx.ItemInputValue("**/###wish", "e");
    IM_CHECK_STR_EQ(choices.wish.c_str(), "e");
    shown.world.document.learning.from = "/nowhere";
    ctx.Yield(2);
    ctx.ItemClick("**/###start");
    IM_CHECK(shown.orders.empty());  // the model is gone
    shown.world.document.learning.from = source_dir() + "/assets/models/tiny_induction";
    ctx.Yield(2);
    ctx.ItemClick("**/###start");
    IM_CHECK(shown.asked(Learn::Order::start));
  }));
}

TEST(LearningView, ARunIsPausedMovedByOneUpdateScrubbedAndOpened) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 980, 700);
  Shown shown(in_phase(LearningPhase::running));
  EXPECT_TRUE(gui.run(shown.draw(), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.ItemClick("##go");
    IM_CHECK(shown.asked(Learn::Order::pause));
    ctx.ItemClick("##one");
    IM_CHECK(shown.asked(Learn::Order::one_update));
    ctx.ItemClick("##stop");
    IM_CHECK(shown.asked(Learn::Order::stop));
    ctx.ItemClick("##open");
    IM_CHECK(shown.asked(Learn::Order::open));
    IM_CHECK_EQ(shown.orders.back().step, -1);  // as it is now
    // The nearest kept step to a click in the curve: 0, 10 and 12 are there.
    const ImRect curve = ctx.ItemInfo("**/##curve").RectFull;
    ctx.MouseMoveToPos(ImVec2(curve.Min.x + curve.GetWidth() * 0.12F, curve.GetCenter().y));
    ctx.MouseClick(0);
    ctx.Yield(2);
    ctx.ItemClick("##open");
    IM_CHECK_EQ(shown.orders.back().step, 0);
    const ImRect heads = ctx.ItemInfo("**/##heads").RectFull;
    ctx.MouseMoveToPos(ImVec2(heads.Max.x - 20, heads.Max.y - 40));
    ctx.MouseClick(0);
    ctx.Yield(2);
    IM_CHECK_EQ(shown.world.document.layer, 1);
    IM_CHECK_EQ(shown.world.document.head, 3);
    ctx.ItemClick("##new");
    ctx.Yield(2);
    IM_CHECK(ctx.ItemExists("**/###start"));
    ctx.ItemClick("##back");
    ctx.Yield(2);
    IM_CHECK(ctx.ItemExists("##stop"));
  }));
}

// No more steps will come: those that were made take the whole axis.
TEST(LearningView, TheCurveOfAnEndedRunHasNoRoomForMoreSteps) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 980, 700);
  LearningSnapshot snapshot = in_phase(LearningPhase::stopped);
  snapshot.choices.steps = 1000;
  Shown shown(snapshot);
  EXPECT_TRUE(gui.run(shown.draw(), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.Yield(2);
    const ImRect curve = ctx.ItemInfo("**/##curve").RectFull;
    ctx.MouseMoveToPos(ImVec2(curve.Min.x + curve.GetWidth() * 0.12F, curve.GetCenter().y));
    ctx.MouseClick(0);
    ctx.Yield(2);
    ctx.ItemClick("##open");
    IM_CHECK_EQ(shown.orders.back().step, 0);  // of 0, 10 and 12
  }));
}

TEST(LearningView, KeysPauseAndGoBackThroughTheKeptSteps) {
  ScriptedGui gui(ScriptedGui::Renderer::none, 980, 700);
  Shown shown(in_phase(LearningPhase::paused));
  EXPECT_TRUE(gui.run(shown.draw(), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view");
    ctx.WindowFocus("");
    ctx.KeyPress(ImGuiKey_Escape);
    ctx.KeyPress(ImGuiKey_Space);
    IM_CHECK(shown.asked(Learn::Order::go_on));
    ctx.KeyPress(ImGuiKey_LeftArrow, 2);  // of 0, 10 and 12
    ctx.ItemClick("##open");
    IM_CHECK_EQ(shown.orders.back().step, 10);
  }));
}

// In the whole program: from the choices to a model in every view, and back.
TEST(LearningView, WhatWasLearntIsOpenedLikeAnyModelAndUndone) {
  const auto folder = std::filesystem::temp_directory_path() / "headlight_learning_view_test";
  std::filesystem::remove_all(folder);
  setenv("XDG_DATA_HOME", folder.c_str(), 1);
  load_strings(assets_folder() / "strings");
  {
    ScriptedGui gui;
    StartOptions options;
    options.compute.model = golden_path("tiny_llama_q.gguf");
    options.text = "one two";
    options.view = "learning";
    App app(options, {}, [] {});
    app.wait_idle();
    LearningChoices choices = quick_choices();
    app.run({SetChoices{choices}}, 0.0);
    const std::string before = app.document().model;
    double seconds = 10.0;
    EXPECT_TRUE(gui.run([&] { app.draw(seconds += 1.0 / 60.0); },
                        [&](ImGuiTestContext& ctx) {
                          const auto wait_for = [&](const std::function<bool()>& there) {
                            for (int i = 0; i < 20'000 && !there(); ++i) {
                              std::this_thread::sleep_for(std::chrono::milliseconds(1));
                              ctx.Yield();
                            }
                            return there();
                          };
                          ctx.Yield(5);
                          ctx.SetRef("##center");
                          ctx.ItemClick("**/###start");
                          IM_CHECK(wait_for([&] { return ctx.ItemExists("**/##open"); }));
                          IM_CHECK(wait_for([&] {
                            return (ctx.ItemInfo("**/##go").ItemFlags & ImGuiItemFlags_Disabled) != 0;
                          }));
                          ctx.ItemClick("**/##open");
                          IM_CHECK(wait_for([&] { return app.document().model != before; }));
                        }));
    app.wait_idle();
    EXPECT_EQ(app.document().model, (folder / "headlight/learned/text-12").string());
    gui.draw_frames([&] { app.draw(seconds += 1.0 / 60.0); }, 4);
    app.wait_idle();
    gui.draw_frames([&] { app.draw(seconds += 1.0 / 60.0); }, 4);
    EXPECT_EQ(app.error(), "");
    ASSERT_TRUE(app.result().trace);
    EXPECT_EQ(app.result().trace->model().architecture.layers, 2);
    EXPECT_EQ(app.document().view, CenterView::attention);
    EXPECT_TRUE(gui.run([&] { app.draw(seconds += 1.0 / 60.0); },
                        [&](ImGuiTestContext& ctx) { ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z); }));
    EXPECT_EQ(app.document().model, before);
    EXPECT_EQ(app.document().text, "one two");
    app.wait_idle();
  }
  unsetenv("XDG_DATA_HOME");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace headlight
