// From ImGui's triangles to SVG. Letters are found again by their place in the font's texture.
#include "gui/svg_picture.h"

#include <fmt/format.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "core/base/base64.h"
#include "gui/fonts.h"
#include "gui/theme.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

struct Letter {
  const ImFontBaked* font = nullptr;
  const ImFontGlyph* glyph = nullptr;
};
using Place = std::array<float, 4>;  // u0, v0, u1, v1

std::map<Place, Letter> letters_by_place() {
  std::map<Place, Letter> letters;
  auto& fonts_of_atlas = ImGui::GetIO().Fonts->Builder->BakedPool;
  for (int i = 0; i < fonts_of_atlas.Size; ++i) {
    const ImFontBaked& font = fonts_of_atlas[i];
    for (const ImFontGlyph& glyph : font.Glyphs) {
      if (glyph.Visible) letters[{glyph.U0, glyph.V0, glyph.U1, glyph.V1}] = {&font, &glyph};
    }
  }
  return letters;
}

std::string escaped(unsigned int codepoint) {
  switch (codepoint) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    default:
      break;
  }
  std::array<char, 5> bytes{};
  ImTextCharToUtf8(bytes.data(), codepoint);
  return bytes.data();
}

// fill="…" of a colour, with its opacity where it has one.
std::string fill_of(ImU32 color) {
  std::string fill = fmt::format("fill=\"#{:02x}{:02x}{:02x}\"", (color >> IM_COL32_R_SHIFT) & 0xFFU,
                                 (color >> IM_COL32_G_SHIFT) & 0xFFU, (color >> IM_COL32_B_SHIFT) & 0xFFU);
  const unsigned int alpha = (color >> IM_COL32_A_SHIFT) & 0xFFU;
  if (alpha < 255) fill += fmt::format(" fill-opacity=\"{:.3f}\"", alpha / 255.0);
  return fill;
}

// The families of a font in the words of CSS.
std::string family_of(const ImFont* font) {
  const std::string fallback = "'Noto Sans','Noto Sans CJK KR','Noto Sans KR',sans-serif";
  if (font == fonts().mono) return "'JetBrains Mono','Noto Sans Mono',monospace";
  return (font == fonts().strong || font == fonts().large) ? "Inter," + fallback + "\" font-weight=\"600"
                                                           : "Inter," + fallback;
}

// What of ImGui's size, a face's ascent and descent together, is the em that SVG calls its size.
float em_share(Face face) {
  static std::map<Face, float> known;
  const auto found = known.find(face);
  if (found != known.end()) return found->second;
  float share = 1.0F;
  const FaceBytes bytes = face_bytes(face);
  FT_Library library = nullptr;
  FT_Face opened = nullptr;
  if (bytes.bytes != nullptr && FT_Init_FreeType(&library) == 0 &&
      FT_New_Memory_Face(library, static_cast<const FT_Byte*>(bytes.bytes), static_cast<FT_Long>(bytes.size),
                         0, &opened) == 0) {
    const int height = opened->ascender - opened->descender;
    if (height > 0) share = static_cast<float>(opened->units_per_EM) / static_cast<float>(height);
    FT_Done_Face(opened);
  }
  if (library != nullptr) FT_Done_FreeType(library);
  return known.emplace(face, share).first->second;
}

float em_of(const ImFont* font, float size) {
  return size * em_share(font == fonts().mono ? Face::mono : Face::regular);
}

// How far a space moves the pen.
float space_of(const ImFontBaked& font) {
  const float known = font.IndexAdvanceX.Size > ' ' ? font.IndexAdvanceX[' '] : -1.0F;
  return known > 0 ? known : font.Size * 0.28F;
}

ImU32 average(const ImDrawVert& a, const ImDrawVert& b, const ImDrawVert& c) {
  if (a.col == b.col && b.col == c.col) return a.col;
  ImU32 mixed = 0;
  for (unsigned int shift = 0; shift < 32; shift += 8) {
    const ImU32 sum = ((a.col >> shift) & 0xFFU) + ((b.col >> shift) & 0xFFU) + ((c.col >> shift) & 0xFFU);
    mixed |= (sum / 3) << shift;
  }
  return mixed;
}

class Writer {
 public:
  Writer(const ImDrawData& drawn, ImVec2 corner, const Picture& pixels)
      : drawn_(drawn), corner_(corner), pixels_(pixels), letters_(letters_by_place()) {}

  std::string write() {
    for (const ImDrawList* list : drawn_.CmdLists) {
      for (const ImDrawCmd& command : list->CmdBuffer) write_command(*list, command);
    }
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
        "width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n<defs>{2}</defs>\n"
        "<rect width=\"{0}\" height=\"{1}\" {3}/>\n{4}</svg>\n",
        pixels_.width, pixels_.height, clips_, fill_of(palette().background), body_);
  }

 private:
  struct Box {
    float left, top, right, bottom;
    bool empty() const { return right <= left || bottom <= top; }
  };

  // A rectangle of the frame, cut to the part that is written.
  Box inside(float left, float top, float right, float bottom) const {
    return {std::max(0.0F, left - corner_.x), std::max(0.0F, top - corner_.y),
            std::min(static_cast<float>(pixels_.width), right - corner_.x),
            std::min(static_cast<float>(pixels_.height), bottom - corner_.y)};
  }

  void write_command(const ImDrawList& list, const ImDrawCmd& command) {
    if (command.UserCallback != nullptr || command.ElemCount == 0) return;
    const Box clip = inside(command.ClipRect.x, command.ClipRect.y, command.ClipRect.z, command.ClipRect.w);
    if (clip.empty()) return;
    std::string shapes;
    const bool of_fonts = command.TexRef._TexData == ImGui::GetIO().Fonts->TexRef._TexData &&
                          command.TexRef._TexData != nullptr;
    if (of_fonts) {
      write_shapes(list, command, shapes);
    } else {
      write_texture(list, command, clip, shapes);
    }
    if (shapes.empty()) return;
    body_ += fmt::format("<g clip-path=\"url(#{})\">\n{}</g>\n", clip_id(clip), shapes);
  }

  std::string clip_id(const Box& box) {
    const std::string rectangle =
        fmt::format("<rect x=\"{:.4g}\" y=\"{:.4g}\" width=\"{:.5g}\" height=\"{:.5g}\"/>", box.left, box.top,
                    box.right - box.left, box.bottom - box.top);
    const auto [at, fresh] = clip_ids_.try_emplace(rectangle, fmt::format("c{}", clip_ids_.size()));
    if (fresh) clips_ += fmt::format("<clipPath id=\"{}\">{}</clipPath>", at->second, rectangle);
    return at->second;
  }

  // Triangles of one colour in a row are one path; letters of one line are one text.
  void write_shapes(const ImDrawList& list, const ImDrawCmd& command, std::string& shapes) {
    const ImDrawIdx* index = list.IdxBuffer.Data + command.IdxOffset;
    const ImDrawVert* vertices = list.VtxBuffer.Data + command.VtxOffset;
    for (unsigned int i = 0; i + 3 <= command.ElemCount;) {
      if (i + 6 <= command.ElemCount && is_quad(index + i)) {
        const ImDrawVert* corner = vertices + index[i];
        const auto found = letters_.find({corner[0].uv.x, corner[0].uv.y, corner[2].uv.x, corner[2].uv.y});
        if (found != letters_.end()) {
          end_path(shapes);
          add_letter(found->second, corner, shapes);
          i += 6;
          continue;
        }
      }
      end_text(shapes);
      add_triangle(vertices[index[i]], vertices[index[i + 1]], vertices[index[i + 2]], shapes);
      i += 3;
    }
    end_text(shapes);
    end_path(shapes);
  }

  static bool is_quad(const ImDrawIdx* index) {
    return index[1] == index[0] + 1 && index[2] == index[0] + 2 && index[3] == index[0] &&
           index[4] == index[0] + 2 && index[5] == index[0] + 3;
  }

  void add_triangle(const ImDrawVert& a, ImDrawVert b, ImDrawVert c, std::string& shapes) {
    const ImU32 color = average(a, b, c);
    if ((color & IM_COL32_A_MASK) == 0) return;
    if (color != path_color_) end_path(shapes);
    path_color_ = color;
    // All turn the same way: overlapping ones then never cancel out.
    const float turn = (b.pos.x - a.pos.x) * (c.pos.y - a.pos.y) - (b.pos.y - a.pos.y) * (c.pos.x - a.pos.x);
    if (turn == 0.0F) return;
    if (turn < 0.0F) std::swap(b, c);
    const auto point = [this](const ImDrawVert& v) {
      return fmt::format("{:.2f} {:.2f}", v.pos.x - corner_.x, v.pos.y - corner_.y);
    };
    path_ += "M" + point(a) + "L" + point(b) + "L" + point(c) + "Z";
  }

  void end_path(std::string& shapes) {
    if (!path_.empty()) shapes += fmt::format("<path {} d=\"{}\"/>\n", fill_of(path_color_), path_);
    path_.clear();
  }

  void add_letter(const Letter& letter, const ImDrawVert* corner, std::string& shapes) {
    const ImFontGlyph& glyph = *letter.glyph;
    const bool upright = corner[0].pos.y == corner[1].pos.y;
    const float width =
        upright ? corner[2].pos.x - corner[0].pos.x
                : std::hypot(corner[1].pos.x - corner[0].pos.x, corner[1].pos.y - corner[0].pos.y);
    const float scale = glyph.X1 > glyph.X0 ? width / (glyph.X1 - glyph.X0) : 1.0F;
    const float size = letter.font->Size * scale;
    // From the glyph's corner back to the pen and down to the base line, along the glyph's own axes.
    const float along_x = width > 0 ? (corner[1].pos.x - corner[0].pos.x) / width : 1.0F;
    const float along_y = width > 0 ? (corner[1].pos.y - corner[0].pos.y) / width : 0.0F;
    const float back = -glyph.X0 * scale;
    const float down = (letter.font->Ascent - glyph.Y0) * scale;
    const float x = corner[0].pos.x + along_x * back - along_y * down - corner_.x;
    const float y = corner[0].pos.y + along_y * back + along_x * down - corner_.y;
    const ImU32 color = corner[0].col;
    if ((color & IM_COL32_A_MASK) == 0) return;
    if (!upright) {
      end_text(shapes);
      shapes += fmt::format(
          "<text font-size=\"{:.2f}\" font-family=\"{}\" {} transform=\"translate({:.2f} {:.2f}) "
          "rotate({:.1f})\">{}</text>\n",
          em_of(letter.font->OwnerFont, size), family_of(letter.font->OwnerFont), fill_of(color), x, y,
          std::atan2(along_y, along_x) * 57.29578F, escaped(glyph.Codepoint));
      return;
    }
    const bool same_line = !words_.empty() && letter.font == text_font_ && color == text_color_ &&
                           std::abs(y - text_y_) < 0.01F && std::abs(size - text_size_) < 0.01F;
    // Spaces have no ink: one of them is a gap of its width, and anything else begins another text.
    const float gap = x - text_end_;
    const float tolerance = 0.06F * size + 0.5F;  // letters stand on whole pixels
    const bool adjoins = same_line && std::abs(gap) < tolerance;
    const bool behind_space = same_line && std::abs(gap - space_of(*letter.font) * scale) < tolerance;
    if (!adjoins && !behind_space) {
      end_text(shapes);
      text_font_ = letter.font;
      text_color_ = color;
      text_x_ = x;
      text_y_ = y;
      text_size_ = size;
    } else if (!adjoins) {
      words_ += ' ';
    }
    words_ += escaped(glyph.Codepoint);
    text_end_ = x + glyph.AdvanceX * scale;
  }

  void end_text(std::string& shapes) {
    if (!words_.empty()) {
      shapes += fmt::format(
          "<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{:.2f}\" font-family=\"{}\" {}>{}</text>\n", text_x_,
          text_y_, em_of(text_font_->OwnerFont, text_size_), family_of(text_font_->OwnerFont),
          fill_of(text_color_), words_);
    }
    words_.clear();
  }

  // What a texture shows, as it was drawn, lines above it included.
  void write_texture(const ImDrawList& list, const ImDrawCmd& command, const Box& clip, std::string& shapes) {
    Box box{1e9F, 1e9F, -1e9F, -1e9F};
    for (unsigned int i = 0; i < command.ElemCount; ++i) {
      const ImDrawVert& vertex = list.VtxBuffer[static_cast<int>(
          command.VtxOffset + list.IdxBuffer[static_cast<int>(command.IdxOffset + i)])];
      box.left = std::min(box.left, vertex.pos.x);
      box.top = std::min(box.top, vertex.pos.y);
      box.right = std::max(box.right, vertex.pos.x);
      box.bottom = std::max(box.bottom, vertex.pos.y);
    }
    box = inside(box.left, box.top, box.right, box.bottom);
    box = {std::max(box.left, clip.left), std::max(box.top, clip.top), std::min(box.right, clip.right),
           std::min(box.bottom, clip.bottom)};
    const int left = static_cast<int>(std::floor(box.left)), top = static_cast<int>(std::floor(box.top));
    const int right = static_cast<int>(std::ceil(box.right)),
              bottom = static_cast<int>(std::ceil(box.bottom));
    if (right <= left || bottom <= top) return;
    Picture cut{right - left, bottom - top, {}};
    for (int row = top; row < bottom; ++row) {
      const auto start = pixels_.rgba.begin() + (static_cast<std::ptrdiff_t>(row) * pixels_.width + left) * 4;
      cut.rgba.insert(cut.rgba.end(), start, start + static_cast<std::ptrdiff_t>(cut.width) * 4);
    }
    const std::vector<std::uint8_t> png = png_bytes(cut);
    shapes += fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" xlink:href=\"data:image/png;base64,{}\"/>\n",
        left, top, cut.width, cut.height, base64_of({reinterpret_cast<const char*>(png.data()), png.size()}));
  }

  const ImDrawData& drawn_;
  ImVec2 corner_;
  const Picture& pixels_;
  std::map<Place, Letter> letters_;
  std::map<std::string, std::string> clip_ids_;  // <rect …/> → id
  std::string clips_, body_;
  std::string path_;
  ImU32 path_color_ = 0;
  std::string words_;
  const ImFontBaked* text_font_ = nullptr;
  ImU32 text_color_ = 0;
  float text_x_ = 0, text_y_ = 0, text_size_ = 0, text_end_ = 0;
};

}  // namespace

SharpEdges::SharpEdges() {
  ImGuiStyle& style = ImGui::GetStyle();
  lines_ = std::exchange(style.AntiAliasedLines, false);
  areas_ = std::exchange(style.AntiAliasedFill, false);
}

SharpEdges::~SharpEdges() {
  ImGuiStyle& style = ImGui::GetStyle();
  style.AntiAliasedLines = lines_;
  style.AntiAliasedFill = areas_;
}

std::string svg_picture(const ImDrawData& drawn, ImVec2 corner, const Picture& pixels) {
  return Writer(drawn, corner, pixels).write();
}

}  // namespace headlight
