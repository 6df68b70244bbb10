// Compile-time configuration of Dear ImGui, the same for every translation unit (IMGUI_USER_CONFIG).
#pragma once

#define IMGUI_DISABLE_OBSOLETE_FUNCTIONS
#define IMGUI_USE_WCHAR32       // emoji lie beyond the first 65,536 code points
#define IMGUI_ENABLE_FREETYPE   // hinting and OpenType outlines (Inter, Noto Sans CJK)
#define ImDrawIdx unsigned int  // a wall of heads or arcs passes 65,536 vertices
