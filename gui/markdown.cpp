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

// The parser takes a $ beside a letter for money; in Korean a particle follows a formula without a space
// ("$x$는"). A hair space there makes it a formula again.
bool joins(unsigned char neighbour) { return neighbour >= 0x80; }

}  // namespace

std::string show_token_spaces(const std::string& text) {
  std::string shown;
  shown.reserve(text.size() + 16);
  bool in_code = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    shown += text[at];
    if (text[at] != '`') continue;
    in_code = !in_code;
    const bool is_space = at + 2 < text.size() && text[at + 1] == ' ' && text[at + 2] != ' ';
    if (!in_code || !is_space) continue;
    shown += "·";
    ++at;
  }
  return shown;
}

std::string separate_formulas(const std::string& text) {
  constexpr std::string_view hair_space = "\xE2\x80\x8A";
  std::string separated;
  separated.reserve(text.size() + 64);
  bool in_code = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == '`') in_code = !in_code;
    if (letter == '\\' && at + 1 < text.size()) {
      separated.append(text, at++, 2);
      continue;
    }
    if (letter != '$' || in_code) {
      separated += letter;
      continue;
    }
    const std::size_t marks = text.compare(at, 2, "$$") == 0 ? 2 : 1;
    const std::size_t begin = at + marks;
    const std::size_t end = text.find(text.substr(at, marks), begin);
    const bool is_formula = end != std::string::npos && end > begin && text[begin] != ' ' &&
                            text[end - 1] != ' ' &&
                            text.substr(begin, end - begin).find("\n\n") == std::string::npos;
    if (!is_formula) {
      separated.append(text, at, marks);
      at += marks - 1;
      continue;
    }
    if (at > 0 && joins(static_cast<unsigned char>(text[at - 1]))) separated += hair_space;
    separated.append(text, at, end + marks - at);
    at = end + marks - 1;
    if (at + 1 < text.size() && joins(static_cast<unsigned char>(text[at + 1]))) separated += hair_space;
  }
  return separated;
}

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
  RichMd::Render(separate_formulas(show_token_spaces(text)));
  ImGui::PopFont();
}

}  // namespace headlight
