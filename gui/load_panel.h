// What the center shows while there is no model: progress, or why there is none and what to do.
#pragma once

#include <string>

#include "gui/frame.h"

namespace headlight {

// "downloading  12.0 / 93.0 MB · 13 %", and "3 of 7: model.safetensors", in the language of the window.
std::string fetch_line(const FetchState& fetch);
std::string fetch_file_line(const FetchState& fetch);

void draw_load_panel(const Frame& frame, Commands& commands);

}  // namespace headlight
