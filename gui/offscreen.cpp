// EGL on Mesa's surfaceless platform, one framebuffer object, and libpng.
#include "gui/offscreen.h"

#include <epoxy/egl.h>
#include <epoxy/gl.h>
#include <fmt/format.h>
#include <png.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <system_error>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/whole_file.h"
#include "gui/theme.h"
#include "imgui.h"
#include "imgui_impl_null.h"
#include "imgui_impl_opengl3.h"

namespace headlight {
namespace {

[[noreturn]] void no_opengl(const char* missing) {
  throw UserError(
      fmt::format("Drawing without a display needs OpenGL 3.3 through EGL, and {} failed. Install "
                  "libegl1 and libgl1-mesa-dri.",
                  missing));
}

}  // namespace

void write_png(const Picture& picture, const std::filesystem::path& path) {
  const std::vector<std::uint8_t> png = png_bytes(picture);
  write_whole_file(path.string(), {reinterpret_cast<const char*>(png.data()), png.size()});
}

std::vector<std::uint8_t> png_bytes(const Picture& picture) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGBA;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = 0;
  std::vector<std::uint8_t> bytes;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, picture.rgba.data(), 0, nullptr) != 0) {
    bytes.resize(size);
    if (png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.rgba.data(), 0, nullptr) != 0) {
      bytes.resize(size);
      return bytes;
    }
  }
  throw told<UserError>("A picture of {} × {} pixels could not be made: {}.",
                        "{} × {} 픽셀 그림을 만들지 못했습니다: {}.", picture.width, picture.height,
                        std::string(image.message));
}

Picture read_pixels(int x, int y, int width, int height, int framebuffer_height) {
  Picture read{width, height, {}};
  const std::size_t row_bytes = static_cast<std::size_t>(width) * 4;
  std::vector<std::uint8_t> rows(row_bytes * static_cast<std::size_t>(height));
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(x, framebuffer_height - y - height, width, height, GL_RGBA, GL_UNSIGNED_BYTE, rows.data());
  read.rgba.reserve(rows.size());
  for (auto row = static_cast<std::size_t>(height); row-- > 0;) {  // OpenGL counts rows from the bottom
    const auto start = rows.begin() + static_cast<std::ptrdiff_t>(row * row_bytes);
    read.rgba.insert(read.rgba.end(), start, start + static_cast<std::ptrdiff_t>(row_bytes));
  }
  for (std::size_t alpha = 3; alpha < read.rgba.size(); alpha += 4) read.rgba[alpha] = 255;
  return read;
}

Offscreen::Offscreen(int width, int height, float scale) {
  const auto pixels = [scale](int size) {
    return std::lround(static_cast<double>(size) * static_cast<double>(scale));
  };
  const bool sensible =
      width > 0 && height > 0 && width <= 16384 && height <= 16384 && scale >= 0.25F && scale <= 8.0F;
  if (!sensible || pixels(width) < 64 || pixels(height) < 64 || pixels(width) > 16384 ||
      pixels(height) > 16384) {
    throw UserError(
        fmt::format("A picture of {} × {} at scale {} cannot be drawn: between 64 × 64 and 16384 × 16384 "
                    "pixels are possible, at a scale from 0.25 to 8.",
                    width, height, scale));
  }
  width_ = static_cast<int>(pixels(width));
  height_ = static_cast<int>(pixels(height));
  try {
    create_context();
    create_framebuffer();
  } catch (...) {
    destroy();
    throw;
  }
  ImGui_ImplNullPlatform_Init();
  ImGui_ImplOpenGL3_Init("#version 330 core");
  apply_theme(current_theme(), scale);
}

Offscreen::~Offscreen() {
  ImGui_ImplOpenGL3_Shutdown();
  ImGui_ImplNullPlatform_Shutdown();
  destroy();
}

void Offscreen::create_context() {
  EGLDisplay display = EGL_NO_DISPLAY;
  if (epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_MESA_platform_surfaceless") ||
      epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_EXT_platform_base")) {
    display = eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  }
  if (display == EGL_NO_DISPLAY) no_opengl("finding a display-less platform");
  if (eglInitialize(display, nullptr, nullptr) != EGL_TRUE) no_opengl("starting it");
  display_ = display;
  eglBindAPI(EGL_OPENGL_API);
  const EGLint config_wants[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint configs = 0;
  if (eglChooseConfig(display, config_wants, &config, 1, &configs) != EGL_TRUE || configs == 0)
    config = nullptr;
  const EGLint wants[] = {EGL_CONTEXT_MAJOR_VERSION,
                          3,
                          EGL_CONTEXT_MINOR_VERSION,
                          3,
                          EGL_CONTEXT_OPENGL_PROFILE_MASK,
                          EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                          EGL_NONE};
  context_ = eglCreateContext(display, config, EGL_NO_CONTEXT, wants);
  if (context_ == EGL_NO_CONTEXT) no_opengl("making a context");
  if (eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context_) != EGL_TRUE)
    no_opengl("using a context");
}

void Offscreen::create_framebuffer() {
  glGenTextures(1, &color_);
  glBindTexture(GL_TEXTURE_2D, color_);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width_, height_, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  glGenFramebuffers(1, &framebuffer_);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, color_, 0);
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) no_opengl("making a framebuffer");
}

void Offscreen::destroy() {
  if (context_ != nullptr) {
    glDeleteFramebuffers(1, &framebuffer_);
    glDeleteTextures(1, &color_);
    eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    eglDestroyContext(display_, context_);
    context_ = nullptr;
  }
  if (display_ != nullptr) {
    eglTerminate(display_);
    display_ = nullptr;
  }
}

void Offscreen::new_frame() {
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplNullPlatform_NewFrame();
  ImGui::GetIO().DisplaySize = ImVec2(static_cast<float>(width_), static_cast<float>(height_));
  ImGui::NewFrame();
}

void Offscreen::render() {
  ImGui::Render();
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  glViewport(0, 0, width_, height_);
  const ImVec4 clear = ImGui::ColorConvertU32ToFloat4(palette().background);
  glClearColor(clear.x, clear.y, clear.z, 1.0F);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

void Offscreen::run(const std::function<void()>& draw, int frames) {
  for (int frame = 0; frame < frames; ++frame) {
    new_frame();
    draw();
    render();
    glFinish();  // nothing swaps buffers here: a rasteriser in software would keep frames by the hundred
  }
}

Picture Offscreen::picture() const { return picture(0, 0, width_, height_); }

Picture Offscreen::picture(int x, int y, int width, int height) const {
  if (x < 0 || y < 0 || width <= 0 || height <= 0 || x > width_ - width || y > height_ - height) {
    throw std::logic_error("Offscreen::picture: the part lies outside the picture");
  }
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  return read_pixels(x, y, width, height, height_);
}

}  // namespace headlight
