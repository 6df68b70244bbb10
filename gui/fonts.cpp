// Finds faces through fontconfig, maps their files into memory and merges them into one ImFont a role.
#include "gui/fonts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fontconfig/fontconfig.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <initializer_list>
#include <map>
#include <memory>

#include "gui/emoji_font.h"
#include "imgui_freetype.h"

namespace headlight {
namespace {

struct FoundFace {
  std::string path;  // empty: this machine has none of the families
  unsigned int index = 0;
};

// The file's bytes for as long as the program runs: ImGui reads glyphs from them until its context is gone.
FaceBytes map_file(const std::string& path) {
  static std::map<std::string, FaceBytes> mapped;
  const auto known = mapped.find(path);
  if (known != mapped.end()) return known->second;
  FaceBytes face;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0 && status.st_size < INT_MAX) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes != MAP_FAILED) face = {bytes, size};
  }
  if (file >= 0) close(file);
  mapped.emplace(path, face);
  return face;
}

// The first of the families that is installed. fontconfig always answers with something, so the family is
// compared.
FoundFace find_face(std::initializer_list<const char*> families, int weight, int slant = FC_SLANT_ROMAN) {
  static FcConfig* const config = FcInitLoadConfigAndFonts();
  for (const char* family : families) {
    const std::unique_ptr<FcPattern, decltype(&FcPatternDestroy)> wanted(FcPatternCreate(),
                                                                         &FcPatternDestroy);
    FcPatternAddString(wanted.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>(family));
    FcPatternAddInteger(wanted.get(), FC_WEIGHT, weight);
    FcPatternAddInteger(wanted.get(), FC_SLANT, slant);
    FcPatternAddBool(wanted.get(), FC_VARIABLE, FcFalse);  // a named instance: its index alone selects it
    FcConfigSubstitute(config, wanted.get(), FcMatchPattern);
    FcDefaultSubstitute(wanted.get());
    FcResult result = FcResultMatch;
    const std::unique_ptr<FcPattern, decltype(&FcPatternDestroy)> match(
        FcFontMatch(config, wanted.get(), &result), &FcPatternDestroy);
    if (match == nullptr) continue;
    FcChar8* name = nullptr;
    for (int n = 0; FcPatternGetString(match.get(), FC_FAMILY, n, &name) == FcResultMatch; ++n) {
      if (FcStrCmpIgnoreCase(name, reinterpret_cast<const FcChar8*>(family)) != 0) continue;
      FcChar8* path = nullptr;
      int index = 0;
      if (FcPatternGetString(match.get(), FC_FILE, 0, &path) != FcResultMatch) continue;
      FcPatternGetInteger(match.get(), FC_INDEX, 0, &index);
      return {reinterpret_cast<const char*>(path), static_cast<unsigned int>(index)};
    }
  }
  return {};
}

// ranges: pairs of first and last code point that this face must leave to others, ended by 0; or null.
ImFont* add_face(const FoundFace& face, ImFont* into, float extra_scale, const ImFontLoader* loader,
                 const ImWchar* excluded) {
  if (face.path.empty()) return nullptr;
  const FaceBytes bytes = map_file(face.path);
  if (bytes.bytes == nullptr) return nullptr;
  ImFontConfig config;
  config.FontData = const_cast<void*>(bytes.bytes);
  config.FontDataSize = static_cast<int>(bytes.size);
  config.FontDataOwnedByAtlas = false;
  config.FontNo = face.index;
  config.ExtraSizeScale = extra_scale;
  config.FontLoader = loader;
  config.FontLoaderFlags = ImGuiFreeTypeLoaderFlags_LightHinting;
  config.GlyphExcludeRanges = excluded;
  config.MergeMode = into != nullptr;
  config.DstFont = into;
  fmt::format_to_n(config.Name, sizeof(config.Name) - 1, "{}", face.path.substr(face.path.rfind('/') + 1));
  return ImGui::GetIO().Fonts->AddFont(&config);
}

// Emoji have a face of their own; a monochrome one must not take them.
constexpr ImWchar emoji_ranges[] = {0x1F300, 0x1FAFF, 0};

struct FallbackFaces {
  FoundFace korean, korean_bold, emoji, symbols, dejavu;
};

const FallbackFaces& fallback_faces() {
  static const FallbackFaces faces = {
      find_face({"Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "UnDotum"}, FC_WEIGHT_REGULAR),
      find_face({"Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "UnDotum"}, FC_WEIGHT_BOLD),
      find_face({"Noto Color Emoji"}, FC_WEIGHT_REGULAR),
      find_face({"Noto Sans Symbols2", "Noto Sans Symbols 2", "Noto Sans Symbols"}, FC_WEIGHT_REGULAR),
      find_face({"DejaVu Sans", "Noto Sans"}, FC_WEIGHT_REGULAR)};
  return faces;
}

FoundFace latin_face(Face face) {
  const bool bold = face == Face::bold || face == Face::bold_italic;
  const bool italic = face == Face::italic || face == Face::bold_italic;
  if (face == Face::mono) {
    return find_face({"JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono"}, FC_WEIGHT_REGULAR);
  }
  return find_face({"Inter", "Noto Sans", "DejaVu Sans"}, bold ? FC_WEIGHT_SEMIBOLD : FC_WEIGHT_REGULAR,
                   italic ? FC_SLANT_ITALIC : FC_SLANT_ROMAN);
}

ImFont* add_role(const FoundFace& latin, const char* role, bool bold, Fonts& loaded) {
  ImFont* font = add_face(latin, nullptr, 1.0F, nullptr, nullptr);
  if (font == nullptr) {
    loaded.warnings.push_back(fmt::format(
        "No typeface for {} was found: a plain one is used. Install fonts-inter, fonts-noto-core and "
        "fonts-jetbrains-mono.",
        role));
    font = ImGui::GetIO().Fonts->AddFontDefault();
  }
  merge_fallback_faces(font, bold);
  return font;
}

Fonts current;

}  // namespace

void merge_fallback_faces(ImFont* font, bool bold) {
  const FallbackFaces& faces = fallback_faces();
  // 1.25: ImGui sizes a face by ascent + descent, which Noto Sans CJK has much larger than Inter; with it, a
  // syllable is as tall as a capital letter.
  add_face(bold ? faces.korean_bold : faces.korean, font, 1.25F, nullptr, emoji_ranges);
  add_face(faces.emoji, font, 1.0F, emoji_font_loader(), nullptr);
  add_face(faces.symbols, font, 1.0F, nullptr, emoji_ranges);
  add_face(faces.dejavu, font, 1.0F, nullptr, emoji_ranges);
}

FaceBytes face_bytes(Face face) {
  const FoundFace found = latin_face(face);
  return found.path.empty() ? FaceBytes{} : map_file(found.path);
}

Fonts load_fonts() {
  Fonts loaded;
  loaded.body = add_role(latin_face(Face::regular), "words", false, loaded);
  loaded.strong = add_role(latin_face(Face::bold), "headings", true, loaded);
  loaded.mono = add_role(latin_face(Face::mono), "numbers", false, loaded);
  // Its minus is as short as its hyphen, which makes a sign look like a dash: the dash as wide as a digit is
  // one.
  constexpr ImWchar minus = 0x2212, en_dash = 0x2013;
  loaded.mono->AddRemapCodepoint(minus, en_dash);
  FoundFace headline = find_face({"Inter Display", "Inter", "Noto Sans"}, FC_WEIGHT_SEMIBOLD);
  loaded.large = add_role(headline, "headlines", true, loaded);
  if (fallback_faces().korean.path.empty()) {
    loaded.warnings.emplace_back("No Korean typeface was found: install fonts-noto-cjk.");
  }
  if (fallback_faces().emoji.path.empty()) {
    loaded.warnings.emplace_back("No colour emoji were found: install fonts-noto-color-emoji.");
  }
  ImGui::GetIO().FontDefault = loaded.body;
  current = loaded;
  return loaded;
}

const Fonts& fonts() { return current; }

}  // namespace headlight
