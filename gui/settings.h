// What is remembered between starts and is not part of the document.
#pragma once

#include <filesystem>

#include "gui/frame.h"

namespace headlight {

// ${XDG_CONFIG_HOME:-~/.config}/headlight, made if it is not there; empty if it cannot be made.
std::filesystem::path config_folder();

// Defaults for what is missing or damaged: a broken settings file never keeps the window from opening.
// The first start takes the language from the environment (LC_ALL, LC_MESSAGES, LANG).
Settings load_settings(const std::filesystem::path& folder);
// Atomic; failures are ignored, since nothing the user made is lost.
void save_settings(const Settings& settings, const std::filesystem::path& folder);

}  // namespace headlight
