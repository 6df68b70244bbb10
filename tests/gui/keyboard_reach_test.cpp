// Whatever a mouse can press, the keyboard reaches: the items that answer the mouse are compared with those
// that Tab and the arrows come to, and what clicks all over a view ask for with what Enter asks for.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/session/document_names.h"
#include "gui/app.h"
#include "gui/strings.h"
#include "gui/view.h"
#include "imgui_internal.h"
#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

constexpr int width = 1100, height = 720;

std::string words(const std::optional<std::int64_t>& value) {
  return value ? fmt::format("{}", *value) : "nothing";
}

// Fields in which two choices differ.
template <class Choices>
std::string changed(const Choices& from, const Choices& to) {
  std::vector<std::string> before, after, names;
  const auto write = [](std::vector<std::string>& into) {
    return [&into](const char* /*name*/, const auto& value) {
      using Value = std::decay_t<decltype(value)>;
      if constexpr (std::is_enum_v<Value>) {
        into.push_back(fmt::format("{}", static_cast<int>(value)));
      } else if constexpr (std::is_arithmetic_v<Value>) {
        into.push_back(fmt::format("{}", value));
      } else {
        into.push_back(fmt::format("{}", sizeof(value)));
      }
    };
  };
  Choices::fields(from, write(before));
  Choices::fields(to, write(after));
  Choices::fields(to, [&](const char* name, const auto&) { names.emplace_back(name); });
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (before[i] != after[i]) all += " " + names[i];
  }
  return all.empty() ? " a list" : all;
}

// What is asked for, as precisely as it can be repeated with the keyboard.
std::string words(const Command& command, const Document& document) {
  const auto one = [&](const auto& c) -> std::string {
    using Kind = std::decay_t<decltype(c)>;
    if constexpr (std::is_same_v<Kind, SelectQuery>) return "SelectQuery " + words(c.position);
    if constexpr (std::is_same_v<Kind, SelectKey>) return "SelectKey " + words(c.position);
    if constexpr (std::is_same_v<Kind, SelectSourceQuery>) return "SelectSourceQuery " + words(c.position);
    if constexpr (std::is_same_v<Kind, SelectSourceKey>) return "SelectSourceKey " + words(c.position);
    if constexpr (std::is_same_v<Kind, SelectHead>) return fmt::format("SelectHead {} {}", c.layer, c.head);
    if constexpr (std::is_same_v<Kind, SelectCandidate>)
      return c.id ? fmt::format("SelectCandidate {}", *c.id) : "SelectCandidate nothing";
    if constexpr (std::is_same_v<Kind, SelectValue>)
      return c.value ? "SelectValue " + hook_name(c.value->hook, c.value->layer) : "SelectValue nothing";
    if constexpr (std::is_same_v<Kind, SetChoices>) {
      return std::visit(
          [&](const auto& to) -> std::string {
            using Choices = std::decay_t<decltype(to)>;
            if constexpr (std::is_same_v<Choices, AttentionChoices>)
              return "attention:" + changed(document.attention, to);
            if constexpr (std::is_same_v<Choices, EmbeddingChoices>)
              return "embeddings:" + changed(document.embedding, to);
            if constexpr (std::is_same_v<Choices, LensChoices>) return "lens:" + changed(document.lens, to);
            if constexpr (std::is_same_v<Choices, PromptChoices>)
              return "prompt:" + changed(document.prompt, to);
            if constexpr (std::is_same_v<Choices, NextChoices>) return "next:" + changed(document.next, to);
            if constexpr (std::is_same_v<Choices, LearningChoices>)
              return "learning:" + changed(document.learning, to);
            return "choices";
          },
          c.choices);
    }
    return fmt::format("command {}", command.index());
  };
  return std::visit(one, command);
}

// A view in a document that stays as it is, and what it asks for.
class Reach {
 public:
  // selects: chosen tokens are chosen in the document, too. closes: Escape closes what a click opens.
  Reach(ScriptedGui& gui, SyntheticWorld& world, View& view, bool selects, bool closes)
      : gui_(gui), world_(world), view_(view), selects_(selects), closes_(closes) {
    world_.settings.reduced_motion = true;  // the clock stands still
    // Until nothing has been under way for some frames: a busy machine may need seconds for what a worker
    // makes.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (int calm = 0; calm < 12 && std::chrono::steady_clock::now() < end;) {
      frame();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      calm = pending_ ? 0 : calm + 1;
    }
    asked.clear();
  }

  std::set<std::string> asked;
  std::set<ImGuiID> items;          // that the mouse was over, or the keyboard on
  std::map<ImGuiID, ImVec2> where;  // the mouse was

  void with_mouse() {
    int nowhere = 0;
    for (float y = 6; y < height; y += 11) {
      for (float x = 6; x < width; x += 17) {
        move_mouse(ImVec2(x, y));
        const ImGuiID over = g().HoveredId;
        if (over != 0) items.insert(over), where.try_emplace(over, x, y);
        if (over != 0 || ++nowhere % 6 == 0) click();
      }
    }
    move_mouse(ImVec2(-FLT_MAX, -FLT_MAX));
  }

  void with_keyboard() {
    ImGui::FocusWindow(ImGui::FindWindowByName("view"));
    ImGui::ClearActiveID();  // a text field may have taken the keyboard
    g().NavId = 0;
    g().NavCursorVisible = false;  // so Tab begins with the first
    frame();
    std::set<ImGuiID> stops;
    for (int tab = 0; tab < 400; ++tab) {
      press(ImGuiKey_Tab);
      const ImGuiID at = g().NavId;
      if (at == 0 || !stops.insert(at).second) break;
      items.insert(at);
      scope_ = g().NavFocusScopeId;
      box_ = g().NavWindow->NavRectRel[0];
      ImGuiWindow* window = g().NavWindow;
      const bool field =
          ImGui::GetIO().WantTextInput || (g().ActiveId != 0 && g().InputTextState.ID == g().ActiveId);
      if (field) {  // it has taken the keyboard: Esc gives it back
        press(ImGuiKey_Escape);
        return_to(at, window);
      }
      if (!field && has_arrows()) {
        walk_canvas(at, window);
        return_to(at, window);
      } else {
        press_item(at, window);
      }
    }
  }

 private:
  static ImGuiContext& g() { return *ImGui::GetCurrentContext(); }

  void draw() {
    ImGui::SetNextWindowPos(ImVec2(0, 0));
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("view", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    Commands commands;
    view_.draw(world_.frame(), commands);
    ImGui::End();
    world_.hover = commands.hover();
    pending_ = commands.is_pending();
    for (const Command& edit : commands.edits()) {
      asked.insert(words(edit, world_.document));
      const bool token =
          std::holds_alternative<SelectQuery>(edit) || std::holds_alternative<SelectSourceQuery>(edit);
      if (selects_ && token) world_.document = apply(world_.document, edit);
    }
    for (const Action& action : commands.actions()) asked.insert(fmt::format("action {}", action.index()));
  }

  void frame() {
    gui_.draw_frames([this] { draw(); }, 1);
  }

  // What a click began is made in the background, and changes what there is to come to.
  void settle() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (pending_ && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      frame();
    }
  }

  void move_mouse(ImVec2 to) {
    ImGui::GetIO().AddMousePosEvent(to.x, to.y);
    frame();
  }

  void close_what_opened() {
    if (g().OpenPopupStack.Size > 0) ImGui::ClosePopupToLevel(0, true);
    frame();
  }

  void click() {
    for (const bool down : {true, false}) {
      ImGui::GetIO().AddMouseButtonEvent(0, down);
      frame();
    }
    ImGui::GetIO().MouseClickedTime[0] = -100;  // the next one is no double click
    close_what_opened();
    settle();
    if (ImGui::GetIO().WantTextInput || !closes_) return;
    press(ImGuiKey_Escape);
  }

  void press(ImGuiKey key) {
    for (const bool down : {true, false}) {
      ImGui::GetIO().AddKeyEvent(key, down);
      frame();
    }
    frame();
  }

  // Of a canvas: they belong to it.
  bool has_arrows() const {
    return ImGui::GetKeyOwner(ImGuiKey_Home) == g().NavId &&
           ImGui::GetKeyOwner(ImGuiKey_LeftArrow) == g().NavId;
  }

  void return_to(ImGuiID id, ImGuiWindow* window) {
    close_what_opened();
    if (g().ActiveId != 0) ImGui::ClearActiveID();
    if (g().NavId != id) {
      ImGui::FocusWindow(window);
      ImGui::SetNavID(id, ImGuiNavLayer_Main, scope_, box_);
    }
    g().NavCursorVisible = g().NavHighlightItemUnderNav = true;
    frame();
    settle();
    for (int i = 0; i < 200 && !g().NavIdIsAlive; ++i) {  // what it opened is made in the background
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      frame();
    }
  }

  void press_item(ImGuiID id, ImGuiWindow* window) {
    press(ImGuiKey_Space);
    if (g().ActiveId == id && !ImGui::GetIO().WantTextInput) {  // a slider
      for (int i = 0; i < 12; ++i) press(ImGuiKey_RightArrow);  // small steps add up
      for (int i = 0; i < 24; ++i) press(ImGuiKey_LeftArrow);
    }
    press(ImGuiKey_Space);  // what was opened closes again
    if (ImGui::GetIO().WantTextInput) press(ImGuiKey_Escape);
    return_to(id, window);
    // The arrows move a slider of our own, or go on to a neighbour that Tab does not come to.
    const std::size_t before = asked.size();
    press(ImGuiKey_LeftArrow);
    if (selects_ && asked.size() > before) {  // it chooses the neighbour, and goes there
      while (items.insert(g().NavId).second) press(ImGuiKey_LeftArrow);
      return;
    }
    return_to(id, window);
    press(ImGuiKey_RightArrow);
    return_to(id, window);
  }

  using Place = std::pair<float, float>;
  Place place(const ImGuiWindow* window) const {
    const ImRect& ring = window->NavRectRel[0];
    return {std::round(ring.GetCenter().x * 2), std::round(ring.GetCenter().y * 2)};
  }

  // Over all of its rows, then over all of its columns; Enter at every place.
  void walk_canvas(ImGuiID id, ImGuiWindow* window) {
    std::set<Place> seen;
    const auto visit = [&] {
      if (!seen.insert(place(window)).second) return;
      press(ImGuiKey_Enter);
      if (closes_ && (g().NavId != id || !has_arrows())) press(ImGuiKey_Escape);
      return_to(id, window);
    };
    const auto walk = [&](ImGuiKey key) {  // to the end
      for (int step = 0; step < 100; ++step) {
        visit();
        const Place before = place(window);
        press(key);
        if (place(window) == before) break;
      }
    };
    press(ImGuiKey_Home);
    for (const auto [there, back, on] :
         {std::array{ImGuiKey_RightArrow, ImGuiKey_LeftArrow, ImGuiKey_DownArrow},
          std::array{ImGuiKey_UpArrow, ImGuiKey_DownArrow, ImGuiKey_RightArrow},
          std::array{ImGuiKey_UpArrow, ImGuiKey_DownArrow, ImGuiKey_LeftArrow}}) {
      Place before(-1.0F, -1.0F);
      for (int line = 0; line < 60 && place(window) != before; ++line) {
        walk(line % 2 == 0 ? there : back);
        before = place(window);
        press(on);
      }
    }
    // What is beside it shows more of a late token.
    walk(ImGuiKey_DownArrow);
    press(ImGuiKey_End);
  }

  ScriptedGui& gui_;
  SyntheticWorld& world_;
  View& view_;
  bool selects_, closes_;
  ImGuiID scope_ = 0;  // of the item that Tab came to
  ImRect box_;
  bool pending_ = false;
};

struct Scene {
  std::string name;
  std::string view;
  std::function<void(SyntheticWorld&)> set;
  bool selects = false, closes = false;
  int passing = 0;  // buttons that are there only while something is being made, which the keyboard may miss
};

void PrintTo(const Scene& scene, std::ostream* out) { *out << scene.name; }

// Every view, in every picture that it has.
std::vector<Scene> scenes() {
  std::vector<Scene> all = {
      {"flow", "flow", {}, false, true},
      {"block", "block", {}},
      {"next", "next", {}},
      {"inspector", "inspector",
       [](SyntheticWorld& w) {
         w.document.value = ValueReference{Hook::pattern, 1, {2, 4, 1}};
       }},
      {"tree", "tree",
       [](SyntheticWorld& w) {
         w.model = tiny_model();
         w.document.text = w.document.next.root = "hello";
         w.document.next.tree = true;
         w.document.next.branches = {{5}, {7, 9}};
         w.tokens = w.model->tokenizer->encode(w.document.text);
         std::vector<TokenId> ids;
         for (const Token& token : w.tokens) ids.push_back(token.id);
         w.result = Result();
         w.result.trace = run_forward(w.model, *make_cpu_backend(1), request_for(ids));
       },
       false, false, 1},                        // ends the growing
      {"model", "model", {}, false, false, 1},  // ends a check
      {"help", "help", {}},
      {"learning", "learning", {}},
      {"learning_text", "learning", [](SyntheticWorld& w) { w.document.learning.task = LearningTask::text; }},
  };
  for (const auto& named : attention_modes) {
    all.push_back({"attention_" + std::string(named.name), "attention",
                   [mode = named.value](SyntheticWorld& w) { w.document.attention_mode = mode; }});
  }
  all.push_back({"attention_sorted", "attention", [](SyntheticWorld& w) {
                   w.document.attention_mode = AttentionMode::wall;
                   w.document.attention.order = WallOrder::entropy;
                 }});
  all.push_back({"attention_compared", "attention", [](SyntheticWorld& w) {
                   w.document.attention_mode = AttentionMode::matrix;
                   w.document.attention.compared = HeadPlace{1, 2};
                 }});
  for (const auto& named : embedding_pictures) {
    all.push_back({"embeddings_" + std::string(named.name), "embeddings",
                   [picture = named.value](SyntheticWorld& w) { w.document.embedding.picture = picture; }});
  }
  all.push_back(
      {"embeddings_space", "embeddings", [](SyntheticWorld& w) { w.document.embedding.dimensions = 3; }});
  for (const auto& named : lens_parts) {
    all.push_back({"lens_" + std::string(named.name), "lens",
                   [part = named.value](SyntheticWorld& w) { w.document.lens.part = part; }});
  }
  for (const auto& named : prompt_details) {
    if (named.value == PromptDetail::none) continue;
    all.push_back({"prompt_" + std::string(named.name), "prompt_detail",
                   [detail = named.value](SyntheticWorld& w) {
                     w.document.prompt.detail = detail;
                     if (detail != PromptDetail::history) return;
                     w.model = tiny_model();  // its tokenizer tells its steps
                     w.document.text = "one two three";
                     w.tokens = w.model->tokenizer->encode(w.document.text);
                     w.result = Result();
                   },
                   true});
  }
  all.push_back({"prompt", "prompt", {}, true});
  return all;
}

class KeyboardReach : public ::testing::TestWithParam<Scene> {};

TEST_P(KeyboardReach, ComesToAllThatTheMouseComesTo) {
  load_strings(assets_folder() / "strings");
  const Scene& scene = GetParam();
  const auto meet = [&](const std::function<void(Reach&)>& go) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
    SyntheticWorld world(SyntheticShape{.weights = true});
    world.document.view = find_named(center_views, scene.view).value_or(CenterView::flow);
    if (scene.set) scene.set(world);
    for (const PlacedView& placed : make_views()) {
      if (placed.view->name() != scene.view) continue;
      Reach reach(gui, world, *placed.view, scene.selects, scene.closes);
      go(reach);
    }
  };
  std::set<std::string> by_mouse, by_keys;
  std::set<ImGuiID> over, on;
  std::map<ImGuiID, ImVec2> where;
  meet([&](Reach& reach) {
    reach.with_mouse();
    by_mouse = reach.asked;
    over = reach.items;
    where = reach.where;
    for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows) {  // the keyboard scrolls by itself
      for (const char* bar : {"#SCROLLX", "#SCROLLY"}) over.erase(ImHashStr(bar, 0, window->ID));
    }
  });
  meet([&](Reach& reach) {
    reach.with_keyboard();
    by_keys = reach.asked;
    on = reach.items;
  });
  EXPECT_FALSE(over.empty());
  RecordProperty("items", static_cast<int>(over.size()));
  RecordProperty("commands", static_cast<int>(by_mouse.size()));
  std::erase_if(over, [&](ImGuiID item) { return on.contains(item); });
  if (over.size() <= static_cast<std::size_t>(scene.passing)) over.clear();
  for (const ImGuiID item : over) {
    ADD_FAILURE() << "no key comes to what is at " << where[item].x << ", " << where[item].y;
  }
  for (const std::string& command : by_mouse) EXPECT_TRUE(by_keys.contains(command)) << command;
}

INSTANTIATE_TEST_SUITE_P(Views, KeyboardReach, ::testing::ValuesIn(scenes()),
                         [](const auto& named) { return named.param.name; });

// The program around the views: bars, tabs, panels' marks, the status bar. Ctrl+Tab goes from window to
// window, Tab within one.
TEST(KeyboardReachTest, ComesToEveryWindowOfTheProgram) {
  load_strings(assets_folder() / "strings");
  ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
  StartOptions options;
  options.compute.model = golden_path("tiny_llama_q.gguf");
  options.text = "one two three";
  App app(options, {}, [] {});
  app.wait_idle();
  double seconds = 0.0;
  const auto frames = [&](int count) { gui.draw_frames([&] { app.draw(seconds += 1.0 / 60.0); }, count); };
  frames(20);
  ImGuiIO& io = ImGui::GetIO();
  ImGuiContext& g = *ImGui::GetCurrentContext();
  std::map<ImGuiID, std::string> over;
  for (float y = 4; y < height; y += 9) {
    for (float x = 4; x < width; x += 11) {
      io.AddMousePosEvent(x, y);
      frames(1);
      if (g.HoveredId != 0 && !over.contains(g.HoveredId)) frames(8);  // the cursor changes late
      // Borders between panels are for the mouse; "Reset the layout" is in the palette.
      const ImGuiMouseCursor cursor = ImGui::GetMouseCursor();
      const bool border = cursor == ImGuiMouseCursor_ResizeEW || cursor == ImGuiMouseCursor_ResizeNS;
      if (g.HoveredId == 0 || border) continue;
      over.try_emplace(g.HoveredId, fmt::format("{:.0f}, {:.0f} in {}", x, y,
                                                g.HoveredWindow ? g.HoveredWindow->Name : "?"));
    }
  }
  io.AddMousePosEvent(-FLT_MAX, -FLT_MAX);
  for (const ImGuiWindow* window : g.Windows) {
    for (const char* bar : {"#SCROLLX", "#SCROLLY"}) over.erase(ImHashStr(bar, 0, window->ID));
  }
  EXPECT_GT(over.size(), 30U);
  const auto press = [&](ImGuiKey key) {
    for (const bool down : {true, false}) {
      io.AddKeyEvent(key, down);
      frames(1);
    }
    frames(1);
  };
  std::set<ImGuiWindow*> windows;
  for (int turn = 0; turn < 12; ++turn) {
    io.AddKeyEvent(ImGuiMod_Ctrl, true);
    io.AddKeyEvent(ImGuiKey_LeftCtrl, true);
    frames(2);
    for (int i = 0; i <= turn; ++i) press(ImGuiKey_Tab);
    io.AddKeyEvent(ImGuiKey_LeftCtrl, false);
    io.AddKeyEvent(ImGuiMod_Ctrl, false);
    frames(4);
    if (g.NavWindow == nullptr || !windows.insert(g.NavWindow->RootWindow).second) continue;
    std::set<ImGuiID> stops;
    for (int tab = 0; tab < 200; ++tab) {
      over.erase(g.NavId);
      press(ImGuiKey_Tab);
      if (!stops.insert(g.NavId).second) break;
      if (io.WantTextInput) press(ImGuiKey_Escape);
    }
    // Of a row of tokens Tab comes to one, the arrows to the others.
    for (int tab = 0; tab < 6; ++tab) {
      for (ImGuiID at = 0; at != g.NavId;) {
        at = g.NavId;
        over.erase(at);
        press(ImGuiKey_LeftArrow);
      }
      press(ImGuiKey_Tab);
      if (io.WantTextInput) press(ImGuiKey_Escape);
    }
  }
  press(ImGuiKey_Escape);  // lets go, and Tab begins anew
  press(ImGuiKey_Escape);
  press(ImGuiKey_Tab);
  EXPECT_NE(g.NavId, 0U);
  for (const auto& [item, place] : over) ADD_FAILURE() << "no key comes to what is at " << place;
}

}  // namespace
}  // namespace headlight
