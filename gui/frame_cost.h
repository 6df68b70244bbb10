// What frames of the window cost, drawn off screen: the part of `headlight bench` that core cannot do.
#pragma once

#include "core/command_line/command_line.h"

namespace headlight {

// Makes its own ImGui context for as long as it runs: none may be current. `scenes`: every view as well, with
// texts of several lengths. Throws UserError when there is no OpenGL, or when the model cannot be run.
FrameFigures measure_frames(const ComputeOptions& compute, bool scenes = false);

}  // namespace headlight
