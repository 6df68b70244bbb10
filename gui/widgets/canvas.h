// A picture that is one item: mouse and keyboard point into it in the same way.
#pragma once

#include <cstddef>
#include <functional>

#include "imgui.h"

namespace headlight {

// What points into a canvas in this frame.
struct Hand {
  bool inside = false;   // the mouse is over it, or Tab has gone to it
  bool clicked = false;  // the left button, Space or Enter
  bool by_keys = false;
  ImVec2 at;              // on the screen
  std::size_t place = 0;  // which of a canvas's places, by_keys
};

// How the arrow keys go over a canvas.
struct Cells {
  ImVec2 corner;  // of any cell, on the screen
  ImVec2 size;    // of one
  // What is at a point: equal for two points of one thing, 0 for nothing. When it is there, an arrow goes on
  // to the next thing in its direction, past what is nothing.
  std::function<std::size_t(ImVec2)> thing;
};

// An item of this size at the cursor. Tab goes to it; then arrows, Home and End walk over its cells, Enter
// presses, Esc lets go, and the cell is ringed.
Hand canvas(const char* id, ImVec2 size, const Cells& cells);

// The same where places are to be walked in an order of their own: back with left and up, on with right and
// down.
Hand canvas(const char* id, ImVec2 size, std::size_t places, const std::function<ImVec2(std::size_t)>& place);

// An item where something is drawn already; the cursor stays. Tab and arrows go to it. ImGui::IsItemHovered()
// tells whether something points at it. Returns whether it was pressed.
bool pressed_at(const char* id, ImVec2 from, ImVec2 to);

// Whether the keyboard is on an item that it has gone to with Tab or the arrows.
bool keyboard_is_on_an_item();

// Once a frame: after Esc, which puts it on nothing, Tab begins with the first item again.
void let_tab_begin_anew();

// Puts it on the last item, when it is on another one.
void move_keyboard_here();

// Whether arrows, Enter and their like are the panel's that is drawn: it is in front, nothing is typed, and
// the keyboard is not on one of its items. The arrows do not move the keyboard from item to item then.
bool panel_has_keys();

}  // namespace headlight
