// The two palettes, and how they and our spacing become an ImGuiStyle.
#include "gui/theme.h"

#include <algorithm>

namespace headlight {
namespace {

constexpr ImU32 rgb(unsigned int hex) {
  return IM_COL32((hex >> 16U) & 0xFFU, (hex >> 8U) & 0xFFU, hex & 0xFFU, 0xFFU);
}

// Hues about 137 degrees apart (the golden angle), so that neighbours never look alike.
constexpr Palette dark_palette = {
    .background = rgb(0x0F1216),
    .panel = rgb(0x161A20),
    .raised = rgb(0x222831),
    .text = rgb(0xE6E9EF),
    .muted = rgb(0xA0A8B6),
    .grid = rgb(0x2A303A),
    .query = rgb(0x5B9CFF),
    .key = rgb(0xFF7A70),
    .value = rgb(0x4FCF9B),
    .attention = rgb(0xA98BFF),
    .residual = rgb(0x9AA4B2),
    .mlp = rgb(0xE97FCB),
    .probability = rgb(0xF5C04E),
    .hover = rgb(0xFFFFFF),
    .lock = rgb(0xF5C04E),
    .masked = rgb(0x2A2F38),
    .warning = rgb(0xF5C04E),
    .error = rgb(0xFF6B6B),
    .token_text = rgb(0xE6E9EF),
    .tokens = {rgb(0x2B3F5E), rgb(0x5A3A36), rgb(0x2A4F42), rgb(0x43395F), rgb(0x57492A), rgb(0x264A57),
               rgb(0x57344B), rgb(0x37502E), rgb(0x333B63), rgb(0x5B3F2D), rgb(0x25504D), rgb(0x4D365B),
               rgb(0x4A4D2A), rgb(0x2A4564), rgb(0x5B353F), rgb(0x2B5238), rgb(0x3B3864), rgb(0x574329),
               rgb(0x2A4C55)},
};

constexpr Palette light_palette = {
    .background = rgb(0xF1F3F6),
    .panel = rgb(0xFFFFFF),
    .raised = rgb(0xE6E9EE),
    .text = rgb(0x1B2027),
    .muted = rgb(0x545C69),
    .grid = rgb(0xDDE1E7),
    .query = rgb(0x1B64D6),
    .key = rgb(0xC03A30),
    .value = rgb(0x0E784D),
    .attention = rgb(0x7450D8),
    .residual = rgb(0x616B79),
    .mlp = rgb(0xAD2A86),
    .probability = rgb(0xB67A00),
    .hover = rgb(0x1B2027),
    .lock = rgb(0xC27E00),
    .masked = rgb(0xD0D5DC),
    .warning = rgb(0x8F6000),
    .error = rgb(0xC92A2A),
    .token_text = rgb(0x1B2027),
    .tokens = {rgb(0xCFE0FB), rgb(0xFBD6D2), rgb(0xCDEEDF), rgb(0xE0D7FA), rgb(0xF8E7C0), rgb(0xCDEAF3),
               rgb(0xF6D5EA), rgb(0xDCEFD0), rgb(0xD6DBFA), rgb(0xFADDC8), rgb(0xCBEDEA), rgb(0xEBD6F5),
               rgb(0xEBECC5), rgb(0xCFE3F8), rgb(0xF9D5DD), rgb(0xD2EFD8), rgb(0xDAD6FA), rgb(0xF6E1C4),
               rgb(0xCEE9EF)},
};

Theme applied = Theme::dark;

ImVec4 color(ImU32 value, float alpha = 1.0F) {
  return ImGui::ColorConvertU32ToFloat4(with_alpha(value, alpha));
}

void set_sizes(ImGuiStyle& style) {
  style.FontSizeBase = 16.0F;
  style.WindowPadding = ImVec2(16, 14);
  style.FramePadding = ImVec2(10, 6);
  style.ItemSpacing = ImVec2(10, 8);
  style.ItemInnerSpacing = ImVec2(8, 6);
  style.CellPadding = ImVec2(10, 5);
  style.IndentSpacing = 18;
  style.ScrollbarSize = 11;
  style.ScrollbarPadding = 2;
  style.GrabMinSize = 12;
  style.WindowBorderSize = 0;
  style.ChildBorderSize = 0;
  style.PopupBorderSize = 1;
  style.FrameBorderSize = 0;
  style.TabBorderSize = 0;
  style.TabBarBorderSize = 0;
  style.TabBarOverlineSize = 2;
  style.ImageBorderSize = 0;
  style.WindowRounding = 10;
  style.ChildRounding = 8;
  style.PopupRounding = 8;
  style.FrameRounding = 6;
  style.GrabRounding = 6;
  style.TabRounding = 6;
  style.ScrollbarRounding = 6;
  style.SelectableRounding = 4;
  style.MenuItemRounding = 4;
  style.WindowMenuButtonPosition = ImGuiDir_None;
  style.DockingSeparatorSize = 3;
  style.DockingNodeHasCloseButton = false;
  style.SeparatorTextBorderSize = 1;
  style.InputTextCursorSize = 2;
  style.HoverDelayShort = 0.15F;
  style.HoverDelayNormal = 0.35F;
  style.CurveTessellationMaxError = 0.6F;
}

void set_surface_colors(ImVec4* colors, const Palette& with) {
  colors[ImGuiCol_Text] = color(with.text);
  colors[ImGuiCol_TextDisabled] = color(with.muted);
  colors[ImGuiCol_WindowBg] = color(with.panel);
  colors[ImGuiCol_ChildBg] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_PopupBg] = color(mix(with.panel, with.raised, 0.5F));
  colors[ImGuiCol_Border] = color(with.grid);
  colors[ImGuiCol_BorderShadow] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_TitleBg] = color(with.background);
  colors[ImGuiCol_TitleBgActive] = color(with.background);
  colors[ImGuiCol_TitleBgCollapsed] = color(with.background);
  colors[ImGuiCol_MenuBarBg] = color(with.background);
  colors[ImGuiCol_ScrollbarBg] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_ScrollbarGrab] = color(with.muted, 0.30F);
  colors[ImGuiCol_ScrollbarGrabHovered] = color(with.muted, 0.55F);
  colors[ImGuiCol_ScrollbarGrabActive] = color(with.muted, 0.80F);
  colors[ImGuiCol_Separator] = color(with.grid);
  colors[ImGuiCol_SeparatorHovered] = color(with.query, 0.6F);
  colors[ImGuiCol_SeparatorActive] = color(with.query);
  colors[ImGuiCol_ResizeGrip] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_ResizeGripHovered] = color(with.query, 0.4F);
  colors[ImGuiCol_ResizeGripActive] = color(with.query, 0.7F);
  colors[ImGuiCol_DockingPreview] = color(with.query, 0.35F);
  colors[ImGuiCol_DockingEmptyBg] = color(with.background);
  colors[ImGuiCol_TableHeaderBg] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_TableBorderStrong] = color(with.grid);
  colors[ImGuiCol_TableBorderLight] = color(with.grid, 0.6F);
  colors[ImGuiCol_TableRowBg] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_TableRowBgAlt] = color(with.text, 0.025F);
  colors[ImGuiCol_TreeLines] = color(with.grid);
  colors[ImGuiCol_NavWindowingDimBg] = color(with.background, 0.5F);
  colors[ImGuiCol_ModalWindowDimBg] = color(with.background, 0.7F);
}

void set_control_colors(ImVec4* colors, const Palette& with) {
  colors[ImGuiCol_FrameBg] = color(with.raised, 0.75F);
  colors[ImGuiCol_FrameBgHovered] = color(with.raised);
  colors[ImGuiCol_FrameBgActive] = color(mix(with.raised, with.query, 0.18F));
  colors[ImGuiCol_CheckMark] = color(with.query);
  colors[ImGuiCol_CheckboxSelectedBg] = color(with.query, 0.20F);
  colors[ImGuiCol_SliderGrab] = color(with.query, 0.45F);
  colors[ImGuiCol_SliderGrabActive] = color(with.query, 0.75F);
  colors[ImGuiCol_Button] = color(with.raised);
  colors[ImGuiCol_ButtonHovered] = color(mix(with.raised, with.query, 0.20F));
  colors[ImGuiCol_ButtonActive] = color(mix(with.raised, with.query, 0.38F));
  colors[ImGuiCol_Header] = color(with.query, 0.16F);
  colors[ImGuiCol_HeaderHovered] = color(with.query, 0.22F);
  colors[ImGuiCol_HeaderActive] = color(with.query, 0.32F);
  colors[ImGuiCol_InputTextCursor] = color(with.text);
  colors[ImGuiCol_TextSelectedBg] = color(with.query, 0.32F);
  colors[ImGuiCol_TextLink] = color(with.query);
  colors[ImGuiCol_Tab] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_TabHovered] = color(with.query, 0.18F);
  colors[ImGuiCol_TabSelected] = color(with.panel);
  colors[ImGuiCol_TabSelectedOverline] = color(with.query);
  colors[ImGuiCol_TabDimmed] = ImVec4(0, 0, 0, 0);
  colors[ImGuiCol_TabDimmedSelected] = color(with.panel);
  colors[ImGuiCol_TabDimmedSelectedOverline] = color(with.query, 0.5F);
  colors[ImGuiCol_PlotLines] = color(with.query);
  colors[ImGuiCol_PlotLinesHovered] = color(with.probability);
  colors[ImGuiCol_PlotHistogram] = color(with.probability);
  colors[ImGuiCol_PlotHistogramHovered] = color(with.probability);
  colors[ImGuiCol_DragDropTarget] = color(with.query);
  colors[ImGuiCol_DragDropTargetBg] = color(with.query, 0.10F);
  colors[ImGuiCol_UnsavedMarker] = color(with.probability);
  colors[ImGuiCol_NavCursor] = color(with.query);
  colors[ImGuiCol_NavWindowingHighlight] = color(with.query, 0.7F);
}

}  // namespace

const Palette& palette_of(Theme theme) { return theme == Theme::dark ? dark_palette : light_palette; }

const Palette& palette() { return palette_of(applied); }

Theme current_theme() { return applied; }

ImU32 token_color(std::size_t position) {
  const Palette& with = palette();
  return with.tokens[position % with.tokens.size()];
}

ImU32 with_alpha(ImU32 value, float alpha) {
  const float old_alpha = static_cast<float>((value >> IM_COL32_A_SHIFT) & 0xFFU);
  const auto new_alpha = static_cast<ImU32>(old_alpha * std::clamp(alpha, 0.0F, 1.0F) + 0.5F);
  return (value & ~IM_COL32_A_MASK) | (new_alpha << IM_COL32_A_SHIFT);
}

ImU32 mix(ImU32 from, ImU32 to, float amount) {
  const float weight = std::clamp(amount, 0.0F, 1.0F);
  ImU32 mixed = 0;
  for (unsigned int shift = 0; shift < 32; shift += 8) {
    const auto first = static_cast<float>((from >> shift) & 0xFFU);
    const auto second = static_cast<float>((to >> shift) & 0xFFU);
    mixed |= static_cast<ImU32>(first + (second - first) * weight + 0.5F) << shift;
  }
  return mixed;
}

void apply_theme(Theme theme, float scale, float zoom) {
  applied = theme;
  ImGuiStyle style;  // from fresh: scaling a scaled style would accumulate
  set_sizes(style);
  set_surface_colors(style.Colors, palette());
  set_control_colors(style.Colors, palette());
  style.ScaleAllSizes(scale);
  style.FontScaleDpi = scale;
  style.FontScaleMain = zoom;
  ImGui::GetStyle() = style;
}

}  // namespace headlight
