// OpenGL of the heat map: textures, the colour-map program, and its place between two draw callbacks.
#include "gui/widgets/heatmap_texture.h"

#include <epoxy/gl.h>

#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/base/errors.h"
#include "gui/color_map.h"
#include "gui/strings.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

using Rgba = std::array<float, 4>;

struct DrawParameters {
  HeatmapProgram* program;
  GLuint table;
  GLint scale;
  Rgba masked;
  Rgba unknown;
  Rgba broken;
};

Rgba rgba(ImU32 color) {
  const ImVec4 parts = ImGui::ColorConvertU32ToFloat4(color);
  return {parts.x, parts.y, parts.z, parts.w};
}

std::string read_shader(const char* name) {
  try {
    std::ifstream file(assets_folder().parent_path() / "shaders" / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  } catch (const UserError&) {
    return {};
  }
}

GLuint compile(GLenum kind, const char* name) {
  const std::string source = read_shader(name);
  const char* start = source.c_str();
  const GLuint shader = glCreateShader(kind);
  glShaderSource(shader, 1, &start, nullptr);
  glCompileShader(shader);
  return shader;
}

void link(HeatmapProgram& program, GLuint renderer) {
  program.name = glCreateProgram();
  const GLuint vertex = compile(GL_VERTEX_SHADER, "heatmap.vert");
  const GLuint fragment = compile(GL_FRAGMENT_SHADER, "heatmap.frag");
  glAttachShader(program.name, vertex);
  glAttachShader(program.name, fragment);
  for (const char* attribute : {"Position", "UV", "Color"}) {
    const GLint location = glGetAttribLocation(renderer, attribute);
    if (location >= 0) glBindAttribLocation(program.name, static_cast<GLuint>(location), attribute);
  }
  glLinkProgram(program.name);
  glDeleteShader(vertex);
  glDeleteShader(fragment);
  GLint linked = GL_FALSE;
  glGetProgramiv(program.name, GL_LINK_STATUS, &linked);
  program.failed = linked != GL_TRUE;
}

// Called while the renderer draws: its own program is bound, with the projection that ours needs too.
void use_program(const ImDrawList*, const ImDrawCmd* command) {
  DrawParameters with{};
  std::memcpy(&with, command->UserCallbackData, sizeof with);
  GLint bound = 0;
  glGetIntegerv(GL_CURRENT_PROGRAM, &bound);
  const auto renderer = static_cast<GLuint>(bound);
  if (with.program->name == 0) link(*with.program, renderer);
  if (with.program->failed) return;
  std::array<GLfloat, 16> projection{};
  glGetUniformfv(renderer, glGetUniformLocation(renderer, "ProjMtx"), projection.data());
  const GLuint program = with.program->name;
  glUseProgram(program);
  const auto uniform = [program](const char* name) { return glGetUniformLocation(program, name); };
  glUniformMatrix4fv(uniform("ProjMtx"), 1, GL_FALSE, projection.data());
  glUniform1i(uniform("cells"), 0);
  glUniform1i(uniform("colors"), 1);
  glUniform1i(uniform("scale"), with.scale);
  glUniform4fv(uniform("masked"), 1, with.masked.data());
  glUniform4fv(uniform("unknown"), 1, with.unknown.data());
  glUniform4fv(uniform("broken"), 1, with.broken.data());
  glActiveTexture(GL_TEXTURE1);
  glBindTexture(GL_TEXTURE_2D, with.table);
  glActiveTexture(GL_TEXTURE0);
}

GLuint new_texture() {
  GLuint texture = 0;
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  for (const GLenum filter : {GLenum{GL_TEXTURE_MIN_FILTER}, GLenum{GL_TEXTURE_MAG_FILTER}}) {
    glTexParameteri(GL_TEXTURE_2D, filter, GL_NEAREST);
  }
  for (const GLenum wrap : {GLenum{GL_TEXTURE_WRAP_S}, GLenum{GL_TEXTURE_WRAP_T}}) {
    glTexParameteri(GL_TEXTURE_2D, wrap, GL_CLAMP_TO_EDGE);
  }
  return texture;
}

bool software_renderer() {
  const auto* name = reinterpret_cast<const char*>(glGetString(GL_RENDERER));
  return name == nullptr || std::strstr(name, "llvmpipe") != nullptr ||
         std::strstr(name, "softpipe") != nullptr;
}

// The colour of every float32 by its upper 16 bits: sign, exponent and 7 bits of mantissa, finer than the 256
// colours of a map between 0 and 1.
std::vector<ImU32> colors_of_upper_bits(MapScale scale, ColorMap map) {
  std::vector<ImU32> colors(1U << 16U);
  for (std::uint32_t upper = 0; upper < colors.size(); ++upper) {
    colors[upper] = cell_color(scale, std::bit_cast<float>(upper << 16U), map);
  }
  return colors;
}

// Uploads without disturbing what is bound.
template <typename Upload>
void with_bound(GLuint& texture, const Upload& upload) {
  GLint before = 0;
  glGetIntegerv(GL_TEXTURE_BINDING_2D, &before);
  if (texture == 0) texture = new_texture();
  glBindTexture(GL_TEXTURE_2D, texture);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  upload();
  glBindTexture(GL_TEXTURE_2D, static_cast<GLuint>(before));
}

// The renderer of the current context when it is OpenGL; null for any other, or none.
void* opengl_renderer() {
  if (ImGui::GetCurrentContext() == nullptr) return nullptr;
  const ImGuiIO& io = ImGui::GetIO();
  const bool opengl =
      io.BackendRendererName != nullptr && std::strstr(io.BackendRendererName, "opengl3") != nullptr;
  return opengl ? io.BackendRendererUserData : nullptr;
}

}  // namespace

HeatmapTexture::~HeatmapTexture() { release(); }

void HeatmapTexture::set_cells(int width, int height, std::vector<float> cells) {
  width_ = width;
  height_ = height;
  cells_ = std::move(cells);
  in_parts_ = false;
  cells_changed_ = true;
}

void HeatmapTexture::make_room(int width, int height) {
  width_ = width;
  height_ = height;
  cells_.clear();
  parts_.clear();
  in_parts_ = true;
  cells_changed_ = true;
  ++parts_number_;
}

void HeatmapTexture::set_part(int x, int y, int width, int height, std::vector<float> cells) {
  parts_.push_back({x, y, width, height, std::move(cells)});
}

void HeatmapTexture::set_scale(MapScale scale, ColorMap colors) {
  const bool changed = scale != scale_ || colors != map_ || current_theme() != theme_;
  if (changed) colors_.clear();
  if (changed && !by_shader_) ++parts_number_;
  colors_changed_ = colors_changed_ || changed;
  scale_ = scale;
  map_ = colors;
  theme_ = current_theme();
}

const char* HeatmapTexture::method() const {
  if (texture_ == 0) return "none";
  return by_shader_ ? "shader" : "colors";
}

// Names of another renderer are lost with its context; only our own may be deleted.
void HeatmapTexture::release() {
  if (renderer_ != nullptr && renderer_ == opengl_renderer()) {
    glDeleteTextures(1, &texture_);
    glDeleteTextures(1, &table_);
    glDeleteProgram(program_.name);
  }
  texture_ = 0;
  table_ = 0;
  program_ = {};
  renderer_ = nullptr;
  cells_changed_ = true;
  colors_changed_ = true;
  ++parts_number_;
}

bool HeatmapTexture::prepare() {
  void* renderer = opengl_renderer();
  if (renderer != renderer_) release();
  if (renderer == nullptr || width_ <= 0 || height_ <= 0) {
    parts_.clear();
    return false;
  }
  renderer_ = renderer;
  const bool shader = !program_.failed &&
                      (wanted_ == Method::shader || (wanted_ == Method::automatic && !software_renderer()));
  if (shader != by_shader_) {
    cells_changed_ = true;
    if (texture_ != 0) ++parts_number_;
  }
  by_shader_ = shader;
  if (in_parts_) {
    upload_parts();
  } else if (cells_changed_ || (colors_changed_ && !by_shader_)) {
    by_shader_ ? upload_weights() : upload_colored();
  }
  if (colors_changed_ && by_shader_) upload_table();
  cells_changed_ = false;
  colors_changed_ = false;
  return true;
}

void HeatmapTexture::upload_weights() {
  with_bound(texture_, [this] {
    glTexImage2D(GL_TEXTURE_2D, 0, GL_R32F, width_, height_, 0, GL_RED, GL_FLOAT, cells_.data());
  });
}

std::vector<ImU32> HeatmapTexture::colored(const std::vector<float>& cells) {
  if (colors_.empty()) colors_ = colors_of_upper_bits(scale_, map_);
  std::vector<ImU32> pixels(cells.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = colors_[std::bit_cast<std::uint32_t>(cells[i]) >> 16U];
  }
  return pixels;
}

void HeatmapTexture::upload_parts() {
  with_bound(texture_, [this] {
    if (cells_changed_) {
      const GLint stored = by_shader_ ? GL_R32F : GL_RGBA8;
      glTexImage2D(GL_TEXTURE_2D, 0, stored, width_, height_, 0, by_shader_ ? GL_RED : GL_RGBA,
                   by_shader_ ? GL_FLOAT : GL_UNSIGNED_BYTE, nullptr);
    }
    for (const Part& part : parts_) {
      if (by_shader_) {
        glTexSubImage2D(GL_TEXTURE_2D, 0, part.x, part.y, part.width, part.height, GL_RED, GL_FLOAT,
                        part.cells.data());
      } else {
        const std::vector<ImU32> pixels = colored(part.cells);
        glTexSubImage2D(GL_TEXTURE_2D, 0, part.x, part.y, part.width, part.height, GL_RGBA, GL_UNSIGNED_BYTE,
                        pixels.data());
      }
    }
  });
  parts_.clear();
}

void HeatmapTexture::upload_colored() {
  const std::vector<ImU32> pixels = colored(cells_);
  with_bound(texture_, [this, &pixels] {
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width_, height_, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
  });
}

void HeatmapTexture::upload_table() {
  with_bound(table_, [this] {
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, 256, 1, 0, GL_RGBA, GL_UNSIGNED_BYTE, color_table(map_).data());
  });
}

bool HeatmapTexture::begin(ImDrawList& list) {
  if (!prepare()) return false;
  const ImGuiPlatformIO& platform = ImGui::GetPlatformIO();
  if (by_shader_) {
    DrawParameters with{&program_,
                        table_,
                        static_cast<GLint>(scale_),
                        rgba(cell_color(scale_, masked_cell, map_)),
                        rgba(cell_color(scale_, unknown_cell, map_)),
                        rgba(palette().error)};
    list.AddCallback(use_program, &with, sizeof with);
  } else {
    list.AddCallback(platform.DrawCallback_SetSamplerNearest);
  }
  list.PushTexture(ImTextureRef(static_cast<ImTextureID>(texture_)));
  return true;
}

void HeatmapTexture::add(ImDrawList& list, ImVec2 corner, ImVec2 opposite, ImVec2 first_cell,
                         ImVec2 last_cell) const {
  const auto width = static_cast<float>(width_);
  const auto height = static_cast<float>(height_);
  list.AddImage(ImTextureRef(static_cast<ImTextureID>(texture_)), corner, opposite,
                ImVec2(first_cell.x / width, first_cell.y / height),
                ImVec2(last_cell.x / width, last_cell.y / height));
}

void HeatmapTexture::end(ImDrawList& list) const {
  list.PopTexture();
  list.AddCallback(ImGui::GetPlatformIO().DrawCallback_ResetRenderState);
}

void HeatmapTexture::draw(ImDrawList& list, ImVec2 corner, ImVec2 opposite) {
  if (!begin(list)) return;
  add(list, corner, opposite, ImVec2(0, 0), ImVec2(static_cast<float>(width_), static_cast<float>(height_)));
  end(list);
}

}  // namespace headlight
