#include "gui/widgets/chip.h"

#include "gui/widgets/small_mark.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float pad() { return ImGui::GetFontSize() * 0.25F; }

}  // namespace

float chip_width(const std::string& words) { return piece_width(words) + 2.0F * pad(); }

void draw_chip(const std::string& words, ImU32 ground, ImU32 ink, float widest) {
  const std::string shown = shortened(words, widest);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 size(chip_width(shown), ImGui::GetTextLineHeight());
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, ImVec2(corner.x + size.x, corner.y + size.y), ground, pad());
  add_piece(*list, ImVec2(corner.x + pad(), corner.y), ink, shown);
  ImGui::Dummy(size);
}

}  // namespace headlight
