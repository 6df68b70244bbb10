// The top bar and the status bar.
#include "gui/bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/model/catalog.h"
#include "gui/fonts.h"
#include "gui/load_panel.h"
#include "gui/strings.h"
#include "gui/views/catalog_view.h"
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

void model_menu(const Frame& frame, Commands& commands) {
  const std::string label = frame.model ? frame.document.model : text("window.model");
  if (menu_button("model", with_room_for_arrow(label))) ImGui::OpenPopup("models");
  if (!ImGui::BeginPopup("models")) return;
  const float width = ImGui::GetFontSize() * 24.0F;
  static std::vector<CatalogEntry> here;
  if (ImGui::IsWindowAppearing()) here = installed_models();
  for (const CatalogEntry& entry : here) {
    if (ImGui::Selectable(entry.title.c_str(), entry.name == frame.document.model))
      commands.edit(OpenModel{entry.name});
    muted_wrapped(in_language(entry.about), width);
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
      muted_wrapped(fmt::format("{}:{}: {}", broken.file, broken.line, broken.reason),
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
    if (ImGui::InvisibleButton("##half", ImVec2(width, height))) clicked = i;
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

void right_side(const Frame& frame, Commands& commands) {
  const std::string search = text("window.search") + "   Ctrl+K";
  const float font = ImGui::GetFontSize();
  const float gap = font * 0.7F;
  const float search_width = ImGui::CalcTextSize(search.c_str()).x + font * 1.6F;
  const float help_width = font * 2.0F;
  const float width = search_width + segmented_width(text("theme.dark"), text("theme.light")) +
                      segmented_width("한국어", "English") + help_width + 3.0F * gap;
  ImGui::SameLine(
      std::max(ImGui::GetCursorPosX(), ImGui::GetWindowWidth() - width - ImGui::GetStyle().WindowPadding.x));
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  if (ImGui::Button(search.c_str(), ImVec2(search_width, 0.0F))) commands.act(ShowPalette{});
  ImGui::PopStyleColor();
  ImGui::SameLine(0.0F, gap);
  Settings settings = frame.settings;
  const int theme =
      segmented("theme", text("theme.dark"), text("theme.light"), settings.theme == Theme::light ? 1 : 0);
  if (theme >= 0) settings.theme = theme == 1 ? Theme::light : Theme::dark;
  ImGui::SameLine(0.0F, gap);
  const int language = segmented("language", "한국어", "English", settings.language == "ko" ? 0 : 1);
  if (language >= 0) settings.language = language == 0 ? "ko" : "en";
  if (!(settings == frame.settings)) commands.act(ChangeSettings{settings});
  ImGui::SameLine(0.0F, gap);
  if (ImGui::Button("?", ImVec2(help_width, 0.0F))) commands.act(ShowHelp{});
  ImGui::SetItemTooltip("%s", text("window.help").c_str());
}

// "SmolLM2-135M · CPU … · Q4_1 · 5 tokens · 4 re-used · 11 ms · trace 3 MB"
std::string status_line(const Frame& frame) {
  std::vector<std::string> parts;
  if (frame.model) {
    parts.push_back(frame.model->title);
    parts.push_back(frame.device);
    parts.push_back(frame.model->number_format);
  }
  if (frame.model && !frame.tokens.empty()) {
    parts.push_back(format_text("status.tokens", fmt::arg("tokens", frame.tokens.size())));
  }
  if (const Trace* trace = frame.trace()) {
    if (trace->reused_positions > 0) {
      parts.push_back(format_text("status.reused", fmt::arg("tokens", trace->reused_positions)));
    } else if (!trace->model().architecture.causal) {
      parts.emplace_back(text("status.no_reuse"));
    }
    if (trace->complete()) parts.push_back(fmt::format("{:.0f} ms", 1e3 * trace->seconds));
    parts.push_back(
        format_text("status.trace",
                    fmt::arg("size", fmt::format("{:.0f}", static_cast<double>(trace->byte_size()) / 1e6))));
  }
  if (frame.frame_seconds > 0.0) {
    parts.push_back(format_text("status.frame",
                                fmt::arg("milliseconds", fmt::format("{:.1f}", 1e3 * frame.frame_seconds))));
  }
  return fmt::format("{}", fmt::join(parts, "  ·  "));
}

// "Opening gpt2", or how far its fetch is.
std::string loading_line(const LoadState& load) {
  if (load.phase != LoadPhase::fetching) return format_text("load.loading", fmt::arg("model", load.model));
  return format_text("load.fetching", fmt::arg("model", load.model)) + "  " + fetch_line(load.fetch);
}

void status_messages(const Frame& frame) {
  if (!frame.error.empty()) {
    ImGui::SameLine(0.0F, ImGui::GetFontSize() * 1.5F);
    ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(palette().error), "%s", frame.error.c_str());
    ImGui::SetItemTooltip("%s", frame.error.c_str());
  } else if (frame.model && frame.load.phase == LoadPhase::failed) {
    ImGui::SameLine(0.0F, ImGui::GetFontSize() * 1.5F);
    ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(palette().error), "%s", frame.load.error.c_str());
    ImGui::SetItemTooltip("%s", frame.load.error.c_str());
  } else if (frame.model && frame.load.phase != LoadPhase::ready) {
    ImGui::SameLine(0.0F, ImGui::GetFontSize() * 1.5F);
    ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(palette().attention), "%s",
                       loading_line(frame.load).c_str());
  }
  const std::int64_t context = frame.model ? runnable_positions(*frame.model) : 0;
  if (frame.model && static_cast<std::int64_t>(frame.tokens.size()) > context) {
    ImGui::SameLine(0.0F, ImGui::GetFontSize() * 1.5F);
    ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(palette().warning), "%s",
                       format_text("status.over_context", fmt::arg("context", context)).c_str());
  }
}

// How many layers of the running pass are done, as a thin line along the bar's upper edge.
void progress_line(const Frame& frame) {
  if (!frame.busy || !frame.model) return;
  const Trace* trace = frame.trace();
  const float done = trace && !trace->complete() ? static_cast<float>(trace->layers_done()) /
                                                       static_cast<float>(frame.model->architecture.layers)
                                                 : 0.0F;
  const ImVec2 corner = ImGui::GetWindowPos();
  const float line = std::max(2.0F, ImGui::GetFontSize() * 0.12F);
  ImGui::GetWindowDrawList()->AddRectFilled(
      corner, ImVec2(corner.x + ImGui::GetWindowWidth() * std::max(0.02F, done), corner.y + line),
      palette().attention);
}

}  // namespace

void draw_top_bar(const Frame& frame, Commands& commands) {
  const float height = ImGui::GetFrameHeight() + ImGui::GetStyle().WindowPadding.y * 1.2F;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding,
                      ImVec2(ImGui::GetStyle().WindowPadding.x, ImGui::GetStyle().WindowPadding.y * 0.6F));
  if (ImGui::BeginViewportSideBar("##bar.top", nullptr, ImGuiDir_Up, height, bar_flags)) {
    ImGui::AlignTextToFramePadding();
    {
      const ScopedFont wordmark(fonts().large, 1.15F);
      ImGui::TextUnformatted("Headlight");
    }
    ImGui::SameLine(0.0F, ImGui::GetFontSize() * 1.5F);
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

void draw_status_bar(const Frame& frame, Commands&) {
  const float height = ImGui::GetFontSize() * 1.9F;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding,
                      ImVec2(ImGui::GetStyle().WindowPadding.x, ImGui::GetFontSize() * 0.4F));
  if (ImGui::BeginViewportSideBar("##bar.status", nullptr, ImGuiDir_Down, height, bar_flags)) {
    progress_line(frame);
    const ScopedFont small(fonts().mono, 0.85F);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextUnformatted(status_line(frame).c_str());
    ImGui::PopStyleColor();
    status_messages(frame);
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

}  // namespace headlight
