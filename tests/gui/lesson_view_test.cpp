// The lesson panel: every step of every lesson drawn, every formula set, every kind of question answered.
#include "gui/views/lesson_view.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "gui/strings.h"
#include "imgui_internal.h"
#include "tests/core/source_dir.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

const std::string lesson_folder = source_dir() + "/lessons";

template <typename Kind>
const Kind* last_of(const std::vector<Command>& edits) {
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (const Kind* found = std::get_if<Kind>(&*edit)) return found;
  }
  return nullptr;
}

// The formulas of all texts of a lesson file, in both languages.
void collect_formulas(const nlohmann::json& json, std::set<std::string>& formulas) {
  if (json.is_string()) {
    const std::regex formula("\\$\\$[^$]+\\$\\$|\\$[^$]+\\$");
    const auto text = json.get<std::string>();
    for (std::sregex_iterator at(text.begin(), text.end(), formula), end; at != end; ++at)
      formulas.insert(at->str());
  }
  if (json.is_structured()) {
    for (const auto& item : json.items()) collect_formulas(item.value(), formulas);
  }
}

int red_pixels(const Picture& picture) {
  int red = 0;
  for (std::size_t at = 0; at + 3 < picture.rgba.size(); at += 4) {
    if (picture.rgba[at] > picture.rgba[at + 1] + 60) ++red;
  }
  return red;
}

// MicroTeX makes one texture of each formula. A command that it does not know, it writes in red; of a formula
// that it cannot read at all, there is no texture.
TEST(LessonView, EveryFormulaOfTheLessonsIsSet) {
  std::set<std::string> formulas;
  for (const auto& file : std::filesystem::directory_iterator(lesson_folder)) {
    if (file.path().extension() != ".json") continue;
    std::ifstream stream(file.path());
    collect_formulas(nlohmann::json::parse(stream), formulas);
  }
  EXPECT_GE(formulas.size(), 20U);
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 480, 160);
  Markdown markdown;
  const auto textures_after = [&](const std::string& source) {
    gui.draw_frames([&] {
      ImGui::SetNextWindowSize(ImVec2(470, 150));
      ImGui::Begin("Page", nullptr, ImGuiWindowFlags_NoDecoration);
      markdown.draw(source);
      ImGui::End();
    });
    return ImGui::GetCurrentContext()->UserTextures.Size;
  };
  int before = textures_after("no formula");
  for (const std::string& formula : formulas) {
    const int after = textures_after(formula);
    EXPECT_GT(after, before) << formula << " was not set";
    EXPECT_EQ(red_pixels(gui.picture()), 0) << formula << " has a command that is not known";
    before = after;
  }
  textures_after("$\\nosuchcommand x$");
  EXPECT_GT(red_pixels(gui.picture()), 20);  // or the test above could not fail
}

TEST(LessonView, DrawsEveryStepOfEveryLessonInBothLanguages) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 320, 700);
  SyntheticWorld world(SyntheticShape{});
  world.lessons = load_lessons(lesson_folder);
  ASSERT_GE(world.lessons.size(), 3U);
  LessonView view;
  for (const char* language : {"en", "ko"}) {
    world.settings.language = language;
    for (const LessonOrError& entry : world.lessons) {
      const auto* lesson = std::get_if<Lesson>(&entry);
      ASSERT_NE(lesson, nullptr);
      for (std::size_t step = 0; step < lesson->steps.size(); ++step) {
        world.document.lesson = LessonPlace{lesson->id, static_cast<std::int64_t>(step)};
        gui.draw_frames(world.drawn_by(view), 2);
      }
    }
  }
  EXPECT_TRUE(world.edits.empty());
}

TEST(LessonView, GoesOnBackAndToTheNextLesson) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 400, 700);
  SyntheticWorld world(SyntheticShape{});
  world.lessons = load_lessons(lesson_folder);
  world.lessons.emplace_back(LessonError{"broken.json", 7, {"a reason", "까닭"}});
  const auto& first = std::get<Lesson>(world.lessons[0]);
  const auto& second = std::get<Lesson>(world.lessons[1]);
  const auto last = static_cast<std::int64_t>(first.steps.size()) - 1;
  world.document.lesson = LessonPlace{first.id, 0};
  LessonView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.SetRef("view/lesson");
    ctx.ItemClick("###next");
    IM_CHECK(world.document.lesson == (LessonPlace{first.id, 1}));
    ctx.KeyPress(ImGuiKey_PageDown);
    IM_CHECK(world.document.lesson == (LessonPlace{first.id, 2}));
    ctx.KeyPress(ImGuiKey_PageUp);
    ctx.ItemClick("###back");
    IM_CHECK(world.document.lesson == (LessonPlace{first.id, 0}));
    world.document.lesson->step = last;
    ctx.Yield(2);
    world.edits.clear();
    ctx.ItemClick("###next");  // finish
    ctx.Yield(2);
    IM_CHECK(world.edits.empty());
    ctx.ItemClick("###next");  // the next lesson
    IM_CHECK(world.document.lesson == (LessonPlace{second.id, 0}));
    ctx.ItemClick("###close");
    IM_CHECK(!world.document.lesson);
  }));
}

TEST(LessonView, ALessonThatIsNotThereOffersTheOthers) {
  ScriptedGui gui(ScriptedGui::Renderer::opengl, 400, 700);
  SyntheticWorld world;
  world.lessons = load_lessons(lesson_folder);
  world.lessons.emplace_back(LessonError{"broken.json", 7, {"a reason", "까닭"}});
  world.document.lesson = LessonPlace{"no such lesson", 3};
  LessonView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.ItemClick("view/###open.tokens");
    IM_CHECK(world.document.lesson == (LessonPlace{"tokens", 0}));
  }));
}

// One question alone in a window, with a model that is ready.
struct Asked {
  ScriptedGui gui{ScriptedGui::Renderer::opengl, 400, 500};
  SyntheticWorld world{SyntheticShape{}};
  Markdown markdown;
  QuestionState state;
  Question question;

  Asked() {
    load_strings(assets_folder() / "strings");
    world.document.model = "synthetic";
    question.prompt = {"What?", "무엇?"};
    question.explanation = {"It is {value}.", "{value}입니다."};
  }
  ::testing::AssertionResult run(const std::function<void(ImGuiTestContext&)>& script) {
    return gui.run(
        [this] {
          ImGui::SetNextWindowPos(ImVec2(0, 0));
          ImGui::SetNextWindowSize(ImVec2(400, 500));
          ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration);
          Commands commands;
          draw_question(question, state, world.frame(), commands, markdown);
          ImGui::End();
          for (const Command& edit : commands.edits()) {
            world.document = apply(world.document, edit);
            world.edits.push_back(edit);
          }
        },
        script);
  }
};

Condition token_count_is(double count) {
  Condition condition;
  condition.quantity.kind = QuantityKind::token_count;
  condition.comparison = Comparison::equal;
  condition.value = count;
  return condition;
}

TEST(LessonQuestion, AChoiceIsDecidedByTheModel) {
  Asked asked;
  ChoiceQuestion choice;
  choice.correct = ChoiceQuestion::Correct::holds;
  choice.options.push_back({{"four", "넷"}, token_count_is(4), {}});
  choice.options.push_back({{"five", "다섯"}, token_count_is(5), {}});
  asked.question.kind = choice;
  EXPECT_TRUE(asked.run([&](ImGuiTestContext& ctx) {
    ctx.ItemClick("**/$$0/###option");
    ctx.Yield(2);
    IM_CHECK(asked.state.check && asked.state.check->decided && !asked.state.check->correct);
    IM_CHECK_STR_EQ(asked.state.check->explanation.en.c_str(), "It is 5.");
    ctx.ItemClick("**/$$1/###option");
    ctx.Yield(2);
    IM_CHECK(asked.state.right());
  }));
}

TEST(LessonQuestion, ANumberIsComparedWithTheModelsOwn) {
  Asked asked;
  NumberQuestion number;
  number.expected.kind = QuantityKind::token_count;
  number.tolerance = 0.25;
  asked.question.kind = number;
  EXPECT_TRUE(asked.run([&](ImGuiTestContext& ctx) {
    ctx.ItemInput("**/###number");
    ctx.KeyCharsReplaceEnter("about");
    IM_CHECK(asked.state.no_number && !asked.state.check);
    ctx.ItemInput("**/###number");
    ctx.KeyCharsReplaceEnter("4");
    ctx.Yield(2);
    IM_CHECK(asked.state.check->decided && !asked.state.check->correct);
    ctx.ItemInput("**/###number");
    ctx.KeyCharsReplace("5,2");
    ctx.ItemClick("**/###check");
    ctx.Yield(2);
    IM_CHECK(asked.state.right());
  }));
}

TEST(LessonQuestion, AHeadIsFoundOrShown) {
  Asked asked;
  const Tensor pattern = asked.world.result.trace->at(Hook::pattern, 1);
  FindHeadQuestion find;
  find.condition.quantity.kind = QuantityKind::pattern;
  find.condition.comparison = Comparison::near;
  find.condition.value =
      static_cast<double>(pattern.data()[2 * 25 + 4 * 5]);  // head 2, last query, first key
  find.condition.tolerance = 1e-6;
  find.solution_layer = 1;
  find.solution_head = 2;
  asked.question.kind = find;
  EXPECT_TRUE(asked.run([&](ImGuiTestContext& ctx) {
    ctx.ItemClick("**/###check");
    ctx.Yield(2);
    IM_CHECK(asked.state.check->decided && !asked.state.check->correct);
    asked.world.document = apply(asked.world.document, SelectHead{1, 2});
    ctx.ItemClick("**/###check");
    ctx.Yield(2);
    IM_CHECK(asked.state.right());
    asked.state = QuestionState();
    asked.world.document = apply(asked.world.document, SelectHead{0, 0});
    ctx.ItemClick("**/###solution");
    ctx.Yield(2);
    IM_CHECK_EQ(asked.world.document.layer, 1);
    IM_CHECK_EQ(asked.world.document.head, 2);
    IM_CHECK(asked.state.check->correct && !asked.state.right());  // shown, not found
  }));
}

TEST(LessonQuestion, ATextIsDecidedWhenTheModelHasReadIt) {
  Asked asked;
  asked.question.kind = ChangeTextQuestion{token_count_is(3), "three tokens here"};
  EXPECT_TRUE(asked.run([&](ImGuiTestContext& ctx) {
    ctx.ItemClick("**/###check");
    ctx.Yield(2);
    IM_CHECK(asked.state.check->decided && !asked.state.check->correct);
    // The learner types; the model is behind: the answer waits and is decided with the new text.
    asked.world.tokens.resize(3);
    ctx.ItemClick("**/###check");
    ctx.Yield(2);
    IM_CHECK(asked.state.waiting.has_value());
    const SyntheticWorld shorter(SyntheticShape{.positions = 3});
    asked.world.result = shorter.result;
    asked.world.model = shorter.model;
    asked.world.tokens = shorter.tokens;
    ctx.Yield(2);
    IM_CHECK(!asked.state.waiting && asked.state.right());
    asked.state = QuestionState();
    ctx.ItemClick("**/###solution");
    const SetText* set = last_of<SetText>(asked.world.edits);
    IM_CHECK(set != nullptr);
    IM_CHECK_STR_EQ(set->text.c_str(), "three tokens here");
  }));
}

TEST(LessonQuestion, ReadsNumbersAsPeopleTypeThem) {
  EXPECT_EQ(read_number("2,28"), 2.28);
  EXPECT_EQ(read_number(" 77.3 %"), 77.3);
  EXPECT_EQ(read_number("−4"), -4.0);
  EXPECT_EQ(read_number("+1e-3"), 1e-3);
  for (const char* typed : {"", " ", "two", "1.2.3", "5 apples", "inf", "nan", "--1"})
    EXPECT_FALSE(read_number(typed)) << typed;
}

}  // namespace
}  // namespace headlight
