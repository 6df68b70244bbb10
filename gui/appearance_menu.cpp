// The button "Aa" and its menu.
#include "gui/appearance_menu.h"

#include <algorithm>
#include <array>
#include <string>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/thin_slider.h"
#include "imgui.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// A colour map as a strip with its name; true when it was chosen.
bool map_choice(ColorMap map, bool chosen, float width) {
  const std::string& name = text(std::string("appearance.map_") + name_of(map));
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = em() * 1.9F;
  const bool clicked = ImGui::Selectable((std::string("###map_") + name_of(map)).c_str(), chosen,
                                         ImGuiSelectableFlags_NoAutoClosePopups, ImVec2(width, height));
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float strip = em() * 8.0F;
  const float top = corner.y + height * 0.5F - em() * 0.45F;
  const auto& table = color_table(map);
  constexpr std::size_t pieces = 64;
  for (std::size_t i = 0; i < pieces; ++i) {
    const float from = corner.x + em() * 0.4F + strip * static_cast<float>(i) / pieces;
    list->AddRectFilled(ImVec2(from, top), ImVec2(from + strip / pieces + 0.5F, top + em() * 0.9F),
                        table[i * 255 / (pieces - 1)]);
  }
  list->AddText(ImVec2(corner.x + strip + em() * 1.2F, corner.y + (height - em()) * 0.5F),
                chosen ? palette().text : palette().muted, name.c_str());
  return clicked;
}

void caption(const std::string& words) {
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ScopedFont small(fonts().body, 0.85F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopStyleColor();
}

}  // namespace

float appearance_button_width() { return em() * 2.6F; }

void appearance_menu(const Frame& frame, Commands& commands) {
  if (ImGui::Button("Aa###appearance", ImVec2(appearance_button_width(), 0.0F)))
    ImGui::OpenPopup("appearance");
  ImGui::SetItemTooltip("%s", text("appearance.tip").c_str());
  if (!ImGui::BeginPopup("appearance")) return;
  Settings settings = frame.settings;
  const float width = em() * 20.0F;
  const std::array<Segment, 2> themes = {{{text("theme.dark"), ""}, {text("theme.light"), ""}}};
  if (const auto chosen = segmented("theme", themes, settings.theme == Theme::light ? 1 : 0))
    settings.theme = *chosen == 1 ? Theme::light : Theme::dark;
  ImGui::SameLine();
  const std::array<Segment, 2> languages = {{{"한국어", ""}, {"English", ""}}};
  if (const auto chosen = segmented("language", languages, settings.language == "ko" ? 0 : 1))
    settings.language = *chosen == 0 ? "ko" : "en";
  caption(text("appearance.size"));
  ImGui::PushItemWidth(width);
  double percent = static_cast<double>(settings.zoom) * 100.0;
  if (thin_slider("##size", text("appearance.type"), "", text("appearance.type_tip"), {75.0, 250.0, "%.0f%%"},
                  em() * 5.0F, percent))
    settings.zoom = static_cast<float>(percent / 100.0);
  ImGui::PopItemWidth();
  caption(text("appearance.maps"));
  for (const ColorMap map : sequential_maps) {
    if (map_choice(map, map == settings.color_map, width)) settings.color_map = map;
  }
  ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width);
  caption(text("appearance.maps_note"));
  ImGui::PopTextWrapPos();
  ImGui::Separator();
  ImGui::Checkbox((text("appearance.motion") + "###motion").c_str(), &settings.reduced_motion);
  ImGui::SetItemTooltip("%s", text("appearance.motion_tip").c_str());
  if (ImGui::Selectable((text("appearance.presenter") + "   F5###presenter").c_str()))
    commands.act(TogglePresenter{});
  if (ImGui::Selectable((text("palette.layout") + "###layout").c_str())) commands.act(ResetLayout{});
  if (!(settings == frame.settings)) commands.act(ChangeSettings{settings});
  ImGui::EndPopup();
}

}  // namespace headlight
