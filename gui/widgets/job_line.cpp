// A short bar, what is being done, and "Cancel".
#include "gui/widgets/job_line.h"

#include <algorithm>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "imgui.h"

namespace headlight {
namespace {

constexpr double quiet_seconds = 0.3;

}  // namespace

bool JobLine::draw(bool pending, double seconds, float fraction, const std::string& what) {
  if (!pending) {
    since_ = -1.0;
    return false;
  }
  if (since_ < 0.0) since_ = seconds;
  if (seconds - since_ < quiet_seconds) return false;
  const float em = ImGui::GetFontSize();
  const float height = em * 1.5F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = em * 9.0F;
  const float middle = corner.y + height * 0.5F;
  const float line = std::max(2.0F, em * 0.2F);
  list->AddRectFilled(ImVec2(corner.x, middle - line * 0.5F), ImVec2(corner.x + width, middle + line * 0.5F),
                      palette().grid, line);
  const float end = corner.x + width * std::clamp(fraction, 0.02F, 1.0F);
  list->AddRectFilled(ImVec2(corner.x, middle - line * 0.5F), ImVec2(end, middle + line * 0.5F),
                      palette().probability, line);
  const ScopedFont small(fonts().body, 0.88F);
  const float size = ImGui::GetFontSize();
  list->AddText(ImVec2(corner.x + width + em * 0.7F, middle - size * 0.5F), palette().muted, what.c_str());
  ImGui::Dummy(ImVec2(width + em * 1.4F + ImGui::CalcTextSize(what.c_str()).x, height));
  ImGui::SameLine(0, em * 0.6F);
  return ImGui::SmallButton((text("embeddings.cancel") + "##job").c_str());
}

}  // namespace headlight
