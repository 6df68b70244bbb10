// Lays out the parts of a tool bar from left to right, and goes on in a new line where one ends.
#pragma once

#include "imgui.h"

namespace headlight {

class ToolRow {
 public:
  ToolRow() : right_(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x) {}

  // Before each part: it will be `width` wide.
  void next(float width) {
    const float gap = ImGui::GetFontSize();
    if (!first_) {
      ImGui::SameLine(0, gap);
      if (ImGui::GetCursorPosX() + width > right_) ImGui::NewLine();
    }
    first_ = false;
  }
  // What is left of the line.
  float room() const { return right_ - ImGui::GetCursorPosX(); }

 private:
  float right_;
  bool first_ = true;
};

}  // namespace headlight
