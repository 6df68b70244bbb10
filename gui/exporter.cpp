// Finds a panel's window, reads its pixels, and writes values in the background.
#include "gui/exporter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/whole_file.h"
#include "core/forward/trace_file.h"
#include "gui/strings.h"
#include "imgui.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

struct Area {
  int x = 0, y = 0, width = 0, height = 0;
};

// The windows that a panel may be drawn in: docked, or on the stage of presenter mode.
std::array<std::string, 3> windows_of(const std::string& panel) {
  return {panel == "center" ? "##center" : "##panel." + panel, "##strip." + panel, "##stage." + panel};
}

Area area_of(const std::string& panel) {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  ImVec2 corner = viewport->Pos, size = viewport->Size;
  if (panel != "window") {
    const ImGuiWindow* found = nullptr;
    for (const std::string& name : windows_of(panel)) {
      const ImGuiWindow* window = ImGui::FindWindowByName(name.c_str());
      if (window != nullptr && window->WasActive) found = window;
    }
    if (found == nullptr) {
      throw told<UserError>(
          "There is no panel '{}' in the window; known are window, center, next, inspector, prompt, lesson.",
          "창에 '{}' 패널이 없습니다. 쓸 수 있는 패널: window, center, next, inspector, prompt, lesson.",
          panel);
    }
    corner = found->Pos;
    size = found->Size;
  }
  const int right = static_cast<int>(std::min(corner.x + size.x, viewport->Size.x));
  const int bottom = static_cast<int>(std::min(corner.y + size.y, viewport->Size.y));
  const int left = std::max(0, static_cast<int>(corner.x)), top = std::max(0, static_cast<int>(corner.y));
  return {left, top, right - left, bottom - top};
}

constexpr auto grace = std::chrono::hours(1);  // a file that was asked for is written to its end

}  // namespace

void write_panel_picture(const std::string& panel, const std::string& path, const ReadPixels& read) {
  const Area area = area_of(panel);
  const Picture picture = read(area.x, area.y, area.width, area.height);
  if (path.ends_with(".png")) {
    write_png(picture, path);
  } else if (path.ends_with(".svg")) {
    const ImVec2 corner(static_cast<float>(area.x), static_cast<float>(area.y));
    write_whole_file(path, svg_picture(*ImGui::GetDrawData(), corner, picture));
  } else {
    throw told<UserError>(
        "'{}' does not say which format to write. Give it a name that ends in .png or .svg.",
        "'{}': 이름만으로는 저장할 형식을 알 수 없습니다. .png나 .svg로 끝나는 이름을 써 주세요.", path);
  }
}

Exporter::Exporter(std::function<void(const std::string&, bool)> say)
    : say_(std::move(say)),
      writer_(
          [this](const ValuesJob& job, const std::function<bool()>&) {
            write_trace(*job.trace, job.path, job.hooks);
            say_(job.done, false);
          },
          [this](const Bilingual& error) { say_(in_language(error), true); }, grace) {}

void Exporter::take_picture(std::string panel, std::string path) {
  picture_.emplace();
  picture_->panel = std::move(panel);
  picture_->path = std::move(path);
  if (picture_->path.ends_with(".svg")) picture_->sharp.emplace();
}

void Exporter::write_values(std::shared_ptr<const Trace> trace, std::string path, std::string hooks) {
  const std::string done = format_text("export.written", fmt::arg("path", path));
  writer_.submit({std::move(trace), std::move(path), std::move(hooks), done});
}

void Exporter::frame_is_drawn(const ReadPixels& read) {
  if (!picture_ || --picture_->frames_to_wait > 0) return;
  try {
    write_panel_picture(picture_->panel, picture_->path, read);
    say_(format_text("export.written", fmt::arg("path", picture_->path)), false);
  } catch (const UserError& error) {
    say_(in_language(said(error)), true);
  }
  picture_.reset();
}

}  // namespace headlight
