// The program: command-line words, then the window, or a picture of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "core/base/errors.h"
#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/markdown.h"
#include "gui/offscreen.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/window.h"
#include "imgui.h"

namespace headlight {
namespace {

struct Options {
  std::string screenshot;
  std::string size = "1440x900";
  float scale = 1.0F;
  std::string theme = "dark";
  std::string language = "en";
  std::string ini_file;
};

void draw_chips() {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float height = ImGui::GetFrameHeight();
  std::size_t position = 0;
  ImGui::PushFont(fonts().mono, 0.0F);
  for (const char* piece :
       {"The", "·capital", "·of", "·France", "·is", "·수도", "는", "·👩", "·€", "⏎", "Ġthe"}) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const ImVec2 text_size = ImGui::CalcTextSize(piece);
    const float width = text_size.x + height * 0.6F;
    list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height), token_color(position++),
                        height * 0.2F);
    list->AddText(ImVec2(corner.x + height * 0.3F, corner.y + (height - text_size.y) * 0.5F),
                  palette().token_text, piece);
    ImGui::Dummy(ImVec2(width, height));
    ImGui::SameLine(0, height * 0.2F);
  }
  ImGui::PopFont();
  ImGui::NewLine();
}

void draw_color_maps() {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float height = ImGui::GetFontSize();
  for (const ColorMap map :
       {ColorMap::viridis, ColorMap::magma, ColorMap::cividis, ColorMap::violet, ColorMap::diverging}) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float step = ImGui::GetContentRegionAvail().x / 256.0F;
    for (std::size_t entry = 0; entry < 256; ++entry) {
      const float left = corner.x + step * static_cast<float>(entry);
      list->AddRectFilled(ImVec2(left, corner.y), ImVec2(left + step, corner.y + height),
                          color_table(map)[entry]);
    }
    ImGui::Dummy(ImVec2(1, height));
  }
}

void draw_specimen(Markdown& markdown, std::string& prompt) {
  ImGui::DockSpaceOverViewport(0, nullptr, ImGuiDockNodeFlags_PassthruCentralNode);
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const float gap = ImGui::GetFontSize();
  ImGui::SetNextWindowPos(ImVec2(viewport->WorkPos.x + gap, viewport->WorkPos.y + gap));
  ImGui::SetNextWindowSize(ImVec2(viewport->WorkSize.x * 0.62F - gap * 1.5F, viewport->WorkSize.y - gap * 2));
  if (ImGui::Begin("##prompt", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove)) {
    {
      const ScopedFont headline(fonts().large, 1.7F);
      ImGui::TextUnformatted("Headlight — 트랜스포머 들여다보기 🔦");
    }
    ImGui::TextDisabled("%s", text("window.invitation").c_str());
    std::array<char, 512> buffer{};
    prompt.copy(buffer.data(), buffer.size() - 1);
    ImGui::SetNextItemWidth(-1);
    if (ImGui::InputText("##text", buffer.data(), buffer.size())) prompt = buffer.data();
    draw_chips();
    ImGui::Spacing();
    markdown.draw(
        "## Attention, 주목\n\n**Scores**는 *query*와 *key*의 내적을 $\\sqrt{d}$로 나눈 값입니다. Emoji: "
        "🙂 🚀 ❤️ 🇰🇷\n\n"
        "$$\\mathrm{Attention}(Q,K,V)=\\mathrm{softmax}\\left(\\frac{QK^{\\top}}{\\sqrt{d_k}}+M\\right)V$$"
        "\n\n"
        "- 첫째, `blocks.5.attn.hook_pattern`\n- second: $p_i=\\frac{e^{z_i/T}}{\\sum_j e^{z_j/T}}$\n");
    ImGui::Spacing();
    draw_color_maps();
  }
  ImGui::End();
  ImGui::SetNextWindowPos(
      ImVec2(viewport->WorkPos.x + viewport->WorkSize.x * 0.62F, viewport->WorkPos.y + gap));
  ImGui::SetNextWindowSize(ImVec2(viewport->WorkSize.x * 0.38F - gap, viewport->WorkSize.y - gap * 2));
  if (ImGui::Begin("##next", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove)) {
    {
      const ScopedFont strong(fonts().strong);
      ImGui::TextUnformatted(text("panel.next_token").c_str());
    }
    ImGui::TextDisabled("%s", format_text("status.tokens", fmt::arg("tokens", 5)).c_str());
    static float temperature = 1.0F;
    static bool mask = true;
    ImGui::SliderFloat("temperature", &temperature, 0.0F, 2.0F);
    ImGui::Checkbox("mask", &mask);
    ImGui::Button(text("window.examples").c_str());
    ImGui::SameLine();
    ImGui::Button(text("window.lessons").c_str());
    const Palette& with = palette();
    for (const ImU32 accent :
         {with.query, with.key, with.value, with.attention, with.residual, with.probability}) {
      ImGui::PushStyleColor(ImGuiCol_Text, accent);
      ImGui::PushFont(fonts().mono, 0.0F);
      ImGui::TextUnformatted("L5 H1  0.3712  −1.25e−3");
      ImGui::PopFont();
      ImGui::PopStyleColor();
    }
  }
  ImGui::End();
}

int run(const Options& options) {
  int width = 0;
  int height = 0;
  char after = 0;
  if (std::sscanf(options.size.c_str(), "%dx%d%c", &width, &height, &after) != 2) {
    throw UsageError(fmt::format("'{}' is no size: write it as 1440x900.", options.size));
  }
  const Theme theme = options.theme == "light" ? Theme::light : Theme::dark;
  load_strings(assets_folder() / "strings");
  set_language(options.language == "ko" ? Language::korean : Language::english);
  ImGui::CreateContext();
  ImGui::GetIO().ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  ImGui::GetIO().IniFilename = nullptr;
  for (const std::string& warning : load_fonts().warnings) fmt::print(stderr, "headlight: {}\n", warning);
  apply_theme(theme, options.scale);
  std::string prompt = "The capital of France is";
  if (!options.screenshot.empty()) {
    Offscreen surface(width, height, options.scale);
    Markdown markdown;
    surface.run([&] { draw_specimen(markdown, prompt); });
    write_png(surface.picture(), options.screenshot);
  } else {
    WindowOptions window_options;
    window_options.width = width;
    window_options.height = height;
    window_options.ini_file = options.ini_file;
    window_options.on_scale = [theme](float scale) { apply_theme(theme, scale); };
    Window window(window_options);
    Markdown markdown;
    window.run([&] { draw_specimen(markdown, prompt); });
  }
  ImGui::DestroyContext();
  return 0;
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  headlight::Options options;
  CLI::App app{"Watch a transformer think while you type."};
  app.add_option("--screenshot", options.screenshot, "Draw into this PNG file instead of opening a window");
  app.add_option("--size", options.size, "Width and height, as 1440x900");
  app.add_option("--scale", options.scale, "Scale of the picture");
  app.add_option("--theme", options.theme, "dark or light")->check(CLI::IsMember({"dark", "light"}));
  app.add_option("--lang", options.language, "en or ko")->check(CLI::IsMember({"en", "ko"}));
  app.add_option("--layout", options.ini_file, "File that remembers the layout");
  CLI11_PARSE(app, argc, argv);
  try {
    return headlight::run(options);
  } catch (const headlight::UsageError& error) {
    fmt::print(stderr, "headlight: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "headlight: {}\n", error.what());
    return 1;
  }
}
