// Hands the Markdown renderer our faces, merges Korean and emoji into them, and follows the theme's colours.
#include "gui/markdown.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui.h"
#include "imgui_rich_md/rich_md.h"

namespace headlight {
namespace {

// The renderer asks for its fonts by these names; everything else (the maths font) travels inside the
// program.
RichMd::AssetBytes read_asset(const std::string& name) {
  constexpr std::string_view prefix = "fonts/headlight-";
  std::optional<Face> face;
  if (name == "fonts/headlight-Regular.ttf") face = Face::regular;
  if (name == "fonts/headlight-RegularItalic.ttf") face = Face::italic;
  if (name == "fonts/headlight-Bold.ttf") face = Face::bold;
  if (name == "fonts/headlight-BoldItalic.ttf") face = Face::bold_italic;
  if (name == "fonts/Inconsolata-Medium.ttf") face = Face::mono;
  if (!face && name.substr(0, prefix.size()) != prefix) return RichMd::ReadAssetDefault(name);
  FaceBytes bytes = face_bytes(face.value_or(Face::regular));
  if (bytes.bytes == nullptr) bytes = face_bytes(Face::regular);
  if (bytes.bytes == nullptr) return std::nullopt;
  const auto* begin = static_cast<const std::uint8_t*>(bytes.bytes);
  return std::vector<std::uint8_t>(begin, begin + bytes.size);
}

}  // namespace

Markdown::Markdown() {
  RichMd::HostServices services;
  services.ReadAsset = read_asset;
  services.Log = [](const std::string& message) { std::fprintf(stderr, "headlight: %s\n", message.c_str()); };
  RichMd::SetHostServices(services);
  RichMd::MarkdownOptions options;
  options.withLatex = true;
  options.fontOptions.fontBasePath = "fonts/headlight";
  options.fontOptions.regularSize = 16.0F;
  RichMd::CreateContext(options);
  RichMd::Style& style = RichMd::GetStyle();
  style.blockGap = 0.55F;
  style.listItemGap = 0.15F;
}

Markdown::~Markdown() { RichMd::DestroyContext(); }

// At the first use: a program that shows no Markdown pays nothing for it.
void Markdown::load_faces() {
  if (loaded_) return;
  loaded_ = true;
  RichMd::GetFontLoaderFunction()();
  for (const bool bold : {false, true}) {
    for (const bool italic : {false, true}) {
      merge_fallback_faces(RichMd::GetFont(RichMd::MarkdownFontSpec(italic, bold)).font, bold);
    }
  }
  merge_fallback_faces(RichMd::GetCodeFont().font, false);
}

void Markdown::draw(const std::string& text, float relative_size) {
  load_faces();
  RichMd::GetStyle().linkColor = ImGui::ColorConvertU32ToFloat4(palette().query);
  RichMd::GetStyle().errorColor = ImGui::ColorConvertU32ToFloat4(palette().error);
  ImGui::PushFont(nullptr, ImGui::GetStyle().FontSizeBase * relative_size);
  RichMd::Render(text);
  ImGui::PopFont();
}

}  // namespace headlight
