// The window's type: which faces, found where, merged with what.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "imgui.h"

namespace headlight {

// Every role draws Latin, Greek, Cyrillic, Korean (and the other CJK scripts), symbols and colour emoji.
struct Fonts {
  ImFont* body = nullptr;             // words
  ImFont* strong = nullptr;           // headings of panels, what is selected
  ImFont* mono = nullptr;             // numbers (all digits equally wide), names of hooks, code
  ImFont* large = nullptr;            // headlines; meant for 1.4 times the base size and more
  std::vector<std::string> warnings;  // one sentence for each face that this machine lacks
};

// Finds the faces through fontconfig and adds them to the current ImGui context's atlas. Never throws:
// without any face, ImGui's built-in one is used and a warning says so. Glyphs are drawn when they are first
// needed.
Fonts load_fonts();

// The fonts that load_fonts() returned last, for views.
const Fonts& fonts();

// Adds Korean, symbols and emoji to a font that has only Latin ones (the Markdown renderer's own).
void merge_fallback_faces(ImFont* font, bool bold);

// The whole file of the face for a role's Latin letters; empty if there is none. The bytes live as long as
// the program.
struct FaceBytes {
  const void* bytes = nullptr;
  std::size_t size = 0;
};
enum class Face { regular, italic, bold, bold_italic, mono };
FaceBytes face_bytes(Face face);

// The smallest type in which numbers are set, of the panel's: digits are 8 pixels high in either face. (The
// line of the mono face is higher for the same letters.)
constexpr float smallest_words = 0.84F, smallest_mono = 0.9F;

// While it lives, text is drawn with the font at `relative_size` times the size around it.
class ScopedFont {
 public:
  explicit ScopedFont(ImFont* font, float relative_size = 1.0F) {
    ImGui::PushFont(font, ImGui::GetStyle().FontSizeBase * relative_size);
  }
  ~ScopedFont() { ImGui::PopFont(); }
  ScopedFont(const ScopedFont&) = delete;
  ScopedFont& operator=(const ScopedFont&) = delete;
};

}  // namespace headlight
