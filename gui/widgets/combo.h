// A choice from a list that opens: ImGui's own, with the small arrow that every field here has.
#pragma once

#include <string>

namespace headlight {

// As ImGui::BeginCombo: on true, draw the list and call ImGui::EndCombo.
bool begin_combo(const char* id, const std::string& chosen);

}  // namespace headlight
