// The one place that sets up ImGui for the program.
#include "gui/interface.h"

#include <fmt/format.h>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "imgui.h"

namespace headlight {

Interface::Interface() {
  load_strings(assets_folder() / "strings");
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  io.IniFilename = nullptr;
  for (const std::string& warning : load_fonts().warnings) fmt::print(stderr, "headlight: {}\n", warning);
}

Interface::~Interface() { ImGui::DestroyContext(); }

}  // namespace headlight
