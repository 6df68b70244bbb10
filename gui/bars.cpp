// The top bar.
#include "gui/bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "core/model/catalog.h"
#include "gui/appearance_menu.h"
#include "gui/file_menu.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/catalog_view.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/token_piece.h"
#include "imgui.h"
#include "imgui_internal.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

constexpr ImGuiWindowFlags bar_flags = ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoScrollbar |
                                       ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoTitleBar;

// A quiet word that opens a menu: no frame until it is hovered.
bool menu_button(const char* id, const std::string& label) {
  ImGui::PushStyleColor(ImGuiCol_Button, 0);
  const bool pressed = ImGui::Button((label + "##" + id).c_str());
  ImGui::PopStyleColor();
  // The arrow is drawn: not every face has one.
  const ImVec2 corner = ImGui::GetItemRectMax();
  const float font = ImGui::GetFontSize();
  const ImVec2 at(corner.x - font * 0.55F, (ImGui::GetItemRectMin().y + corner.y) * 0.5F);
  ImGui::GetWindowDrawList()->AddTriangleFilled(ImVec2(at.x - font * 0.2F, at.y - font * 0.1F),
                                                ImVec2(at.x + font * 0.2F, at.y - font * 0.1F),
                                                ImVec2(at.x, at.y + font * 0.16F), palette().muted);
  return pressed;
}

std::string with_room_for_arrow(const std::string& label) { return label + "    "; }

void muted_wrapped(const std::string& words, float width) {
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
}

const std::string& in_language(const Bilingual& words, const Settings& settings) {
  return settings.language == "ko" ? words.ko : words.en;
}

void file_menu(const Frame& frame, SessionDesk& desk) {
  if (menu_button("file", with_room_for_arrow(text("session.menu")))) ImGui::OpenPopup("file");
  if (!ImGui::BeginPopup("file")) return;
  draw_file_menu(frame, desk);
  ImGui::EndPopup();
}

// As the catalog spells it. Of a trace, a path says less than what is shown.
std::string model_label(const Frame& frame) {
  const std::string& name = frame.document.model;
  const bool is_address = name.find('/') != std::string::npos;
  if (is_address && !name.starts_with("hf:")) return std::filesystem::path(name).filename().string();
  const bool is_open = !is_address && frame.model->name == name;
  return is_open ? shortened(frame.model->title, ImGui::GetFontSize() * 16.0F) : name;
}

// The same model at the steps of its learning that come with it.
void draw_kept_steps(const CatalogEntry& entry, const Frame& frame, Commands& commands) {
  std::vector<Segment> segments;
  std::vector<std::string> names;
  const auto add = [&](std::int64_t step) {
    names.push_back(name_of_step(entry, step));
    segments.push_back(
        {grouped_text(step), format_text("window.kept_step_tip", fmt::arg("step", grouped_text(step)),
                                         fmt::arg("steps", grouped_text(entry.steps)))});
  };
  for (const KeptStep& kept : entry.kept_steps) add(kept.step);
  names.push_back(entry.name);
  segments.push_back({text("window.last_step"), text("window.last_step_tip")});
  const auto open = std::find(names.begin(), names.end(), frame.document.model);
  ImGui::AlignTextToFramePadding();
  muted_text(text("window.kept_steps"));
  ImGui::SameLine();
  if (const auto chosen =
          segmented(entry.name.c_str(), segments, static_cast<std::size_t>(open - names.begin()))) {
    commands.edit(OpenModel{names[*chosen]});
  }
}

void model_menu(const Frame& frame, Commands& commands) {
  const std::string label = frame.model ? model_label(frame) : text("window.model");
  if (menu_button("model", with_room_for_arrow(label))) ImGui::OpenPopup("models");
  if (!ImGui::BeginPopup("models")) return;
  const float width = ImGui::GetFontSize() * 24.0F;
  static std::vector<CatalogEntry> here;
  if (ImGui::IsWindowAppearing()) here = installed_models();
  for (const CatalogEntry& entry : here) {
    if (ImGui::Selectable(entry.title.c_str(), entry.name == frame.document.model))
      commands.edit(OpenModel{entry.name});
    muted_wrapped(in_language(entry.about), width);
    if (!entry.kept_steps.empty()) draw_kept_steps(entry, frame, commands);
    ImGui::Spacing();
  }
  if (ImGui::Selectable(text("window.all_models").c_str())) commands.act(ShowCatalog{});
  ImGui::Separator();
  if (ImGui::Selectable(text("window.about_model").c_str())) commands.act(ShowModel{});
  ImGui::Separator();
  static std::string path;
  muted_wrapped(text("window.open_path"), width);
  ImGui::SetNextItemWidth(width);
  if (ImGui::InputTextWithHint("##path", "~/model.gguf, hf:OWNER/NAME", &path,
                               ImGuiInputTextFlags_EnterReturnsTrue) &&
      !path.empty()) {
    commands.edit(OpenModel{path});
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

void example_menu(const Frame& frame, Commands& commands) {
  if (menu_button("examples", with_room_for_arrow(text("window.examples")))) ImGui::OpenPopup("examples");
  if (!ImGui::BeginPopup("examples")) return;
  const float width = ImGui::GetFontSize() * 28.0F;
  for (const Example& example : frame.examples) {
    ImGui::PushID(example.id.c_str());
    if (ImGui::Selectable(in_language(example.title, frame.settings).c_str(), false, 0,
                          ImVec2(width, 0.0F))) {
      commands.edit(ReplaceDocument{with_example(frame.document, example)});
    }
    muted_wrapped(in_language(example.note, frame.settings), width);
    ImGui::Spacing();
    ImGui::PopID();
  }
  ImGui::EndPopup();
}

void lesson_menu(const Frame& frame, Commands& commands) {
  if (menu_button("lessons", with_room_for_arrow(text("window.lessons")))) ImGui::OpenPopup("lessons");
  if (!ImGui::BeginPopup("lessons")) return;
  for (const LessonOrError& entry : frame.lessons) {
    if (const auto* lesson = std::get_if<Lesson>(&entry)) {
      if (ImGui::Selectable(in_language(lesson->title, frame.settings).c_str())) {
        commands.edit(SetLesson{LessonPlace{lesson->id, 0}});
      }
    } else {
      const auto& broken = std::get<LessonError>(entry);
      muted_wrapped(place_of(broken) + ": " + in_language(broken.reason, frame.settings),
                    ImGui::GetFontSize() * 24.0F);
    }
  }
  if (frame.document.lesson) {
    ImGui::Separator();
    if (ImGui::Selectable(text("window.end_lesson").c_str())) commands.edit(SetLesson{std::nullopt});
  }
  ImGui::EndPopup();
}

// Two words in one rounded frame, one of them chosen. Returns the index of a clicked one, or -1.
int segmented(const char* id, const std::string& left, const std::string& right, int chosen) {
  const float font = ImGui::GetFontSize();
  const float height = ImGui::GetFrameHeight();
  const std::string* words[2] = {&left, &right};
  int clicked = -1;
  ImGui::PushID(id);
  for (int i = 0; i < 2; ++i) {
    if (i > 0) ImGui::SameLine(0.0F, 0.0F);
    const ImVec2 size = ImGui::CalcTextSize(words[i]->c_str());
    const float width = size.x + font * 1.1F;
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::PushID(i);
    if (ImGui::InvisibleButton("##half", ImVec2(width, height), ImGuiButtonFlags_EnableNav)) clicked = i;
    const bool hovered = ImGui::IsItemHovered();
    ImGui::PopID();
    ImDrawList* list = ImGui::GetWindowDrawList();
    const ImDrawFlags corners = i == 0 ? ImDrawFlags_RoundLeft : ImDrawFlags_RoundRight;
    list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height),
                        i == chosen ? with_alpha(palette().attention, 0.28F) : palette().raised, font * 0.4F,
                        corners);
    list->AddText(ImVec2(corner.x + (width - size.x) * 0.5F, corner.y + (height - size.y) * 0.5F),
                  i == chosen || hovered ? palette().text : palette().muted, words[i]->c_str());
  }
  ImGui::PopID();
  return clicked;
}

float segmented_width(const std::string& left, const std::string& right) {
  return ImGui::CalcTextSize(left.c_str()).x + ImGui::CalcTextSize(right.c_str()).x +
         ImGui::GetFontSize() * 2.2F;
}

// What of the right side has room: theme and language stand in the menu "Aa", too, and search in every key.
struct RightSide {
  bool theme = true, language = true, search_word = true, search = true;
  float width = 0.0F;
};

RightSide right_side_that_fits(float room, float gap) {
  const float font = ImGui::GetFontSize();
  RightSide side;
  const auto measure = [&] {
    side.width = appearance_button_width() + gap + font * 2.0F;
    if (side.theme) side.width += segmented_width(text("theme.dark"), text("theme.light")) + gap;
    if (side.language) side.width += segmented_width("한국어", "English") + gap;
    const std::string words = (side.search_word ? text("window.search") + "   " : std::string()) + "Ctrl+K";
    if (side.search) side.width += ImGui::CalcTextSize(words.c_str()).x + font * 1.6F + gap;
    return side.width <= room;
  };
  for (bool* part : {&side.theme, &side.language, &side.search_word, &side.search}) {
    if (measure()) return side;
    *part = false;
  }
  measure();
  return side;
}

void right_side(const Frame& frame, Commands& commands) {
  const float font = ImGui::GetFontSize();
  const float gap = font * 0.7F;
  const float edge = ImGui::GetWindowWidth() - ImGui::GetStyle().WindowPadding.x;
  const float left = ImGui::GetItemRectMax().x - ImGui::GetWindowPos().x + gap;
  const RightSide side = right_side_that_fits(edge - left, gap);
  ImGui::SameLine(std::max(left, edge - side.width));
  if (side.search) {
    const std::string search = (side.search_word ? text("window.search") + "   " : std::string()) + "Ctrl+K";
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    if (ImGui::Button((search + "###search").c_str())) commands.act(ShowPalette{});
    ImGui::PopStyleColor();
    ImGui::SetItemTooltip("%s", text("window.search").c_str());
    ImGui::SameLine(0.0F, gap);
  }
  Settings settings = frame.settings;
  if (side.theme) {
    const int theme =
        segmented("theme", text("theme.dark"), text("theme.light"), settings.theme == Theme::light ? 1 : 0);
    if (theme >= 0) settings.theme = theme == 1 ? Theme::light : Theme::dark;
    ImGui::SameLine(0.0F, gap);
  }
  if (side.language) {
    const int language = segmented("language", "한국어", "English", settings.language == "ko" ? 0 : 1);
    if (language >= 0) settings.language = language == 0 ? "ko" : "en";
    ImGui::SameLine(0.0F, gap);
  }
  if (!(settings == frame.settings)) commands.act(ChangeSettings{settings});
  appearance_menu(frame, commands);
  ImGui::SameLine(0.0F, gap);
  if (ImGui::Button("?", ImVec2(font * 2.0F, 0.0F))) commands.act(ShowHelp{});
  ImGui::SetItemTooltip("%s", text("window.help").c_str());
}

}  // namespace

void draw_top_bar(const Frame& frame, Commands& commands, SessionDesk& desk) {
  const float height = ImGui::GetFrameHeight() + ImGui::GetStyle().WindowPadding.y * 1.2F;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding,
                      ImVec2(ImGui::GetStyle().WindowPadding.x, ImGui::GetStyle().WindowPadding.y * 0.6F));
  if (ImGui::BeginViewportSideBar("##bar.top", nullptr, ImGuiDir_Up, height, bar_flags)) {
    ImGui::AlignTextToFramePadding();
    if (ImGui::GetWindowWidth() > ImGui::GetFontSize() * 45.0F) {  // else the menus need the room
      {
        const ScopedFont wordmark(fonts().large, 1.15F);
        ImGui::TextUnformatted("Headlight");
      }
      ImGui::SameLine(0.0F, ImGui::GetFontSize() * 1.5F);
    }
    file_menu(frame, desk);
    ImGui::SameLine();
    model_menu(frame, commands);
    ImGui::SameLine();
    example_menu(frame, commands);
    ImGui::SameLine();
    lesson_menu(frame, commands);
    right_side(frame, commands);
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

}  // namespace headlight
