// The list of everything that can be done, made anew while the palette is open.
#include "gui/command_palette.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <regex>
#include <vector>

#include "core/session/document_names.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "imgui.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

struct Entry {
  std::string name;
  std::string keys;  // its shortcut
  std::function<void(Commands&)> run;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void add_views(std::vector<Entry>& entries) {
  for (std::size_t tab = 0; tab < center_views.size(); ++tab) {
    const auto& [name, view] = center_views[tab];
    const std::string key = "name." + std::string(name);
    entries.push_back({format_text("palette.show", fmt::arg("name", text(key))),
                       fmt::format("Ctrl+{}", tab + 1),
                       [which = view](Commands& c) { c.edit(ShowView{which}); }});
  }
  const auto mode = [&](const char* key, AttentionMode which) {
    entries.push_back({text(key), "", [which](Commands& c) { c.edit(ShowAttention{which}); }});
  };
  mode("palette.wall", AttentionMode::wall);
  mode("palette.matrix", AttentionMode::matrix);
  mode("palette.row", AttentionMode::row);
  mode("palette.arcs", AttentionMode::arcs);
  mode("palette.heat", AttentionMode::heat);
  mode("palette.neuron", AttentionMode::neuron);
  mode("palette.rollout", AttentionMode::rollout);
}

void add_actions(std::vector<Entry>& entries, const Frame& frame) {
  const auto action = [&](const char* key, const char* keys, Action which) {
    entries.push_back({text(key), keys, [which](Commands& c) { c.act(which); }});
  };
  if (frame.can_undo) action("palette.undo", "Ctrl+Z", Undo{});
  if (frame.can_redo) action("palette.redo", "Ctrl+Shift+Z", Redo{});
  action("palette.prompt", "Ctrl+L", FocusPrompt{});
  action("palette.generate", "", Generate{20});
  if (frame.generating) action("palette.stop", "Esc", StopGenerating{});
  NextChoices next = frame.document.next;
  next.tree = !next.tree;
  entries.push_back({text("palette.tree"), "", [next](Commands& c) { c.edit(SetChoices{next}); }});
  action("palette.model", "", ShowModel{});
  action("palette.catalog", "", ShowCatalog{});
  action("palette.help", "F1", ShowHelp{});
  action("palette.layout", "", ResetLayout{});
  action("palette.presenter", "F5", TogglePresenter{});
  Settings settings = frame.settings;
  settings.theme = settings.theme == Theme::dark ? Theme::light : Theme::dark;
  action(settings.theme == Theme::dark ? "palette.dark" : "palette.light", "", ChangeSettings{settings});
  settings = frame.settings;
  settings.language = settings.language == "ko" ? "en" : "ko";
  action(settings.language == "ko" ? "palette.korean" : "palette.english", "", ChangeSettings{settings});
  settings = frame.settings;
  settings.zoom = std::min(2.5F, settings.zoom * 1.1F);
  action("palette.larger", "Ctrl+=", ChangeSettings{settings});
  settings.zoom = std::max(0.75F, frame.settings.zoom / 1.1F);
  action("palette.smaller", "Ctrl+-", ChangeSettings{settings});
  settings = frame.settings;
  settings.reduced_motion = !settings.reduced_motion;
  action(settings.reduced_motion ? "palette.less_motion" : "palette.more_motion", "",
         ChangeSettings{settings});
  action("palette.quit", "Ctrl+Q", Quit{});
}

void add_files(std::vector<Entry>& entries, SessionDesk& desk, const RecentFiles& recent) {
  const auto ask = [&](std::string name, const char* keys, FileRequest request) {
    entries.push_back({std::move(name), keys, [&desk, request](Commands&) { desk.ask(request); }});
  };
  using Kind = FileRequest::Kind;
  ask(text("palette.new_session"), "", {Kind::start_new, ""});
  ask(text("palette.open_file"), "Ctrl+O", {Kind::choose_to_open, ""});
  ask(text("palette.save_session"), "Ctrl+S", {Kind::save, ""});
  ask(text("palette.save_session_as"), "Ctrl+Shift+S", {Kind::save_as, ""});
  for (const std::string& path : recent.sessions) {
    const std::string name = std::filesystem::path(path).filename().string();
    ask(format_text("palette.recent_session", fmt::arg("name", name)), "", {Kind::open, path});
  }
}

void add_texts(std::vector<Entry>& entries, const Frame& frame) {
  const bool korean = frame.settings.language == "ko";
  for (const Example& example : frame.examples) {
    entries.push_back({text("window.examples") + ": " + (korean ? example.title.ko : example.title.en), "",
                       [&frame, &example](Commands& c) {
                         c.edit(ReplaceDocument{with_example(frame.document, example)});
                       }});
  }
  for (const LessonOrError& lesson_or_error : frame.lessons) {
    if (const auto* lesson = std::get_if<Lesson>(&lesson_or_error)) {
      entries.push_back({text("window.lessons") + ": " + (korean ? lesson->title.ko : lesson->title.en), "",
                         [lesson](Commands& c) {
                           c.edit(SetLesson{LessonPlace{lesson->id, 0}});
                         }});
    }
  }
}

std::vector<Entry> entries_for(const Frame& frame, const std::string& words, SessionDesk& desk,
                               const RecentFiles& recent) {
  std::vector<Entry> entries;
  if (frame.model) {
    const ArchitectureDescription& a = frame.model->architecture;
    if (const auto head = parse_head(words, a.layers, a.heads)) {
      entries.push_back(
          {format_text("palette.head", fmt::arg("layer", head->first), fmt::arg("head", head->second)), "",
           [head](Commands& c) {
             c.edit(SelectHead{head->first, head->second});
             c.edit(ShowAttention{AttentionMode::matrix});
           }});
    }
  }
  std::vector<Entry> all;
  add_views(all);
  add_actions(all, frame);
  add_files(all, desk, recent);
  add_texts(all, frame);
  for (Entry& entry : all) {
    if (palette_matches(words, entry.name)) entries.push_back(std::move(entry));
  }
  return entries;
}

// Returns true when the entry was chosen by a click.
bool draw_entry(const Entry& entry, bool chosen, int index) {
  ImGui::PushID(index);
  const bool clicked = ImGui::Selectable(entry.name.c_str(), chosen);
  if (chosen) ImGui::SetScrollHereY(0.5F);
  if (!entry.keys.empty()) {
    const float width = ImGui::CalcTextSize(entry.keys.c_str()).x;
    ImGui::SameLine(ImGui::GetWindowWidth() - ImGui::GetStyle().WindowPadding.x - width);
    ImGui::TextDisabled("%s", entry.keys.c_str());
  }
  ImGui::PopID();
  return clicked;
}

}  // namespace

std::optional<std::pair<std::int64_t, std::int64_t>> parse_head(const std::string& words, std::int64_t layers,
                                                                std::int64_t heads) {
  static const std::regex form(R"(\s*(?:[lL]\s*(\d{1,5})\s*[hH]\s*(\d{1,5})|(\d{1,5})\.(\d{1,5}))\s*)");
  std::smatch match;
  if (!std::regex_match(words, match, form)) return std::nullopt;
  const bool spelled = match[1].matched;
  const std::int64_t layer = std::stoll(match[spelled ? 1 : 3]);
  const std::int64_t head = std::stoll(match[spelled ? 2 : 4]);
  if (layer >= layers || head >= heads) return std::nullopt;
  return std::pair(layer, head);
}

bool palette_matches(const std::string& words, const std::string& name) {
  std::size_t found = 0;
  for (const char c : words) {
    if (c == ' ') continue;
    while (found < name.size() && lower(name[found]) != lower(c)) ++found;
    if (found == name.size()) return false;
    ++found;
  }
  return true;
}

void CommandPalette::draw(const Frame& frame, Commands& commands, SessionDesk& desk) {
  if (opening_) {
    recent_ = desk.recent();
    ImGui::OpenPopup("palette");
    words_.clear();
    chosen_ = 0;
  }
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const float font = ImGui::GetFontSize();
  const float width = std::min(viewport->Size.x * 0.9F, font * 38.0F);
  ImGui::SetNextWindowPos(ImVec2(viewport->GetCenter().x, viewport->Pos.y + font * 5.0F), ImGuiCond_Always,
                          ImVec2(0.5F, 0.0F));
  ImGui::SetNextWindowSize(ImVec2(width, 0.0F));
  if (ImGui::BeginPopup("palette", ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoNav)) {
    if (opening_) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(-1.0F);
    if (ImGui::InputTextWithHint("##words", text("palette.hint").c_str(), &words_)) chosen_ = 0;
    const std::vector<Entry> entries = entries_for(frame, words_, desk, recent_);
    const int count = static_cast<int>(entries.size());
    if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ++chosen_;
    if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) --chosen_;
    chosen_ = std::clamp(chosen_, 0, std::max(0, count - 1));
    const bool enter = ImGui::IsKeyPressed(ImGuiKey_Enter) || ImGui::IsKeyPressed(ImGuiKey_KeypadEnter);
    int run = enter && count > 0 ? chosen_ : -1;
    ImGui::BeginChild("##list", ImVec2(0.0F, font * 18.0F));
    for (int i = 0; i < count; ++i) {
      if (draw_entry(entries[static_cast<std::size_t>(i)], i == chosen_, i)) run = i;
    }
    if (count == 0) ImGui::TextDisabled("%s", text("palette.nothing").c_str());
    ImGui::EndChild();
    if (run >= 0) entries[static_cast<std::size_t>(run)].run(commands);
    if (run >= 0 || ImGui::IsKeyPressed(ImGuiKey_Escape)) ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
  }
  opening_ = false;
}

}  // namespace headlight
