// Text fields whose text the document has: undo, a session or an example may change it while one types.
#pragma once

#include <string>

#include "imgui.h"

namespace headlight {

// While a field is active ImGui keeps its own copy of the text, and writes that back. Before the field is
// drawn, with its id: `changed`, and the copy becomes `text`; and Esc lets go of the field without bringing
// an old text back. True while the field is active.
bool keep_field_in_step(ImGuiID id, const std::string& text, bool changed);

}  // namespace headlight
