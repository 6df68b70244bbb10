// Loads one bitmap strike of an emoji font and scales it with a box filter to the size that is asked for.
#include "gui/emoji_font.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

// An emoji is as tall as this share of the line, and its middle lies this share of the line above the
// baseline (half of a capital's height), so that it sits in a line of text like a capital letter with a
// little air.
constexpr float height_share = 0.94F;
constexpr float middle_share = 0.30F;

struct EmojiFace {
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  ~EmojiFace() {
    if (face != nullptr) FT_Done_Face(face);
    if (library != nullptr) FT_Done_FreeType(library);
  }
};

EmojiFace& face_of(const ImFontConfig* source) { return *static_cast<EmojiFace*>(source->FontLoaderData); }

bool open_face(ImFontAtlas* /*atlas*/, ImFontConfig* source) {
  auto* emoji = IM_NEW(EmojiFace)();
  const bool opened =
      FT_Init_FreeType(&emoji->library) == 0 &&
      FT_New_Memory_Face(emoji->library, static_cast<const FT_Byte*>(source->FontData), source->FontDataSize,
                         static_cast<FT_Long>(source->FontNo), &emoji->face) == 0 &&
      emoji->face->num_fixed_sizes > 0 && FT_Select_Size(emoji->face, emoji->face->num_fixed_sizes - 1) == 0;
  if (!opened) {
    IM_DELETE(emoji);
    return false;
  }
  source->FontLoaderData = emoji;
  return true;
}

void close_face(ImFontAtlas* /*atlas*/, ImFontConfig* source) {
  if (source->FontLoaderData == nullptr) return;
  IM_DELETE(&face_of(source));
  source->FontLoaderData = nullptr;
}

int glyph_index(ImFontAtlas* /*atlas*/, ImFontConfig* source, ImWchar codepoint) {
  return static_cast<int>(FT_Get_Char_Index(face_of(source).face, codepoint));
}

bool contains_glyph(ImFontAtlas* /*atlas*/, ImFontConfig* source, int index) {
  return index > 0 && index < face_of(source).face->num_glyphs;
}

// Average of the source pixels that fall into each target pixel; colours are premultiplied in, straight out.
std::vector<std::uint8_t> shrink(const FT_Bitmap& from, int width, int height) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4);
  const float step_x = static_cast<float>(from.width) / static_cast<float>(width);
  const float step_y = static_cast<float>(from.rows) / static_cast<float>(height);
  const auto columns = static_cast<int>(from.width);
  const auto rows = static_cast<int>(from.rows);
  for (int y = 0; y < height; ++y) {
    const int top = std::min(static_cast<int>(static_cast<float>(y) * step_y), rows - 1);
    const int bottom =
        std::clamp(static_cast<int>(std::ceil(static_cast<float>(y + 1) * step_y)), top + 1, rows);
    for (int x = 0; x < width; ++x) {
      const int left = std::min(static_cast<int>(static_cast<float>(x) * step_x), columns - 1);
      const int right =
          std::clamp(static_cast<int>(std::ceil(static_cast<float>(x + 1) * step_x)), left + 1, columns);
      unsigned int sum[4] = {0, 0, 0, 0};  // blue, green, red, alpha
      for (int source_y = top; source_y < bottom; ++source_y) {
        const std::uint8_t* pixel =
            from.buffer + static_cast<std::ptrdiff_t>(source_y) * from.pitch + left * 4;
        for (int source_x = left; source_x < right; ++source_x, pixel += 4) {
          for (int channel = 0; channel < 4; ++channel) sum[channel] += pixel[channel];
        }
      }
      const auto count = static_cast<unsigned int>((bottom - top) * (right - left));
      std::uint8_t* out = &pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                                   static_cast<std::size_t>(x)) *
                                  4];
      const unsigned int alpha = sum[3];
      for (int channel = 0; channel < 3; ++channel) {
        const unsigned int straight = alpha == 0 ? 0 : std::min(255U, sum[2 - channel] * 255U / alpha);
        out[channel] = static_cast<std::uint8_t>(straight);
      }
      out[3] = static_cast<std::uint8_t>(alpha / count);
    }
  }
  return pixels;
}

bool load_glyph(ImFontAtlas* atlas, ImFontConfig* source, ImFontBaked* baked, void* /*baked_data*/, int index,
                ImFontGlyph* glyph, float* advance_only) {
  const FT_Face face = face_of(source).face;
  if (FT_Load_Glyph(face, static_cast<FT_UInt>(index), FT_LOAD_COLOR) != 0) return false;
  const FT_Bitmap& bitmap = face->glyph->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || bitmap.width == 0 || bitmap.rows == 0) return false;

  const float density = source->RasterizerDensity * baked->RasterizerDensity;
  const float height = std::max(1.0F, std::round(baked->Size * height_share * density));
  const float width =
      std::max(1.0F, std::round(height * static_cast<float>(bitmap.width) / static_cast<float>(bitmap.rows)));
  const float advance = (width + std::round(height * 0.08F)) / density;
  if (advance_only != nullptr) {
    *advance_only = advance;
    return true;
  }

  const int pixel_width = static_cast<int>(width);
  const int pixel_height = static_cast<int>(height);
  const std::vector<std::uint8_t> pixels = shrink(bitmap, pixel_width, pixel_height);
  const ImFontAtlasRectId place = ImFontAtlasPackAddRect(atlas, pixel_width, pixel_height);
  if (place == ImFontAtlasRectId_Invalid) return false;
  ImTextureRect* rectangle = ImFontAtlasPackGetRect(atlas, place);

  const float middle = baked->Ascent - middle_share * baked->Size;
  glyph->AdvanceX = advance;
  glyph->X0 = std::round(height * 0.04F) / density;
  glyph->X1 = glyph->X0 + width / density;
  glyph->Y0 = std::round(middle * density - height * 0.5F) / density;
  glyph->Y1 = glyph->Y0 + height / density;
  glyph->Visible = true;
  glyph->Colored = true;
  glyph->PackId = place;
  ImFontAtlasBakedSetFontGlyphBitmap(atlas, baked, source, glyph, rectangle, pixels.data(),
                                     ImTextureFormat_RGBA32, pixel_width * 4);
  return true;
}

}  // namespace

const ImFontLoader* emoji_font_loader() {
  static const ImFontLoader loader = [] {
    ImFontLoader with;
    with.Name = "emoji strikes";
    with.FontSrcInit = open_face;
    with.FontSrcDestroy = close_face;
    with.FontSrcGetGlyphIndexFromCodepoint = glyph_index;
    with.FontSrcContainsGlyph = contains_glyph;
    with.FontBakedLoadGlyph = load_glyph;
    return with;
  }();
  return &loader;
}

}  // namespace headlight
