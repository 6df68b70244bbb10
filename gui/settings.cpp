// settings.json in the user's configuration folder.
#include "gui/settings.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace headlight {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string language_of_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const std::string value = environment(name);
    if (!value.empty()) return value.starts_with("ko") ? "ko" : "en";
  }
  return "en";
}

}  // namespace

std::filesystem::path config_folder() {
  std::filesystem::path base = environment("XDG_CONFIG_HOME");
  if (base.empty()) {
    if (environment("HOME").empty()) return {};
    base = std::filesystem::path(environment("HOME")) / ".config";
  }
  std::error_code failed;
  std::filesystem::create_directories(base / "headlight", failed);
  return failed ? std::filesystem::path() : base / "headlight";
}

Settings load_settings(const std::filesystem::path& folder) {
  Settings settings;
  settings.language = language_of_environment();
  std::ifstream file(folder / "settings.json", std::ios::binary);
  const nlohmann::json read = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!read.is_object()) return settings;
  const auto theme = read.find("theme");
  if (theme != read.end() && *theme == "light") settings.theme = Theme::light;
  const auto language = read.find("language");
  if (language != read.end() && (*language == "en" || *language == "ko"))
    settings.language = language->get<std::string>();
  const auto zoom = read.find("zoom");
  if (zoom != read.end() && zoom->is_number()) settings.zoom = std::clamp(zoom->get<float>(), 0.75F, 2.5F);
  const auto motion = read.find("reduced_motion");
  if (motion != read.end() && motion->is_boolean()) settings.reduced_motion = motion->get<bool>();
  const auto map = read.find("color_map");
  for (const ColorMap known : sequential_maps) {
    if (map != read.end() && *map == name_of(known)) settings.color_map = known;
  }
  return settings;
}

void save_settings(const Settings& settings, const std::filesystem::path& folder) {
  if (folder.empty()) return;
  const nlohmann::json value = {{"theme", settings.theme == Theme::light ? "light" : "dark"},
                                {"language", settings.language},
                                {"zoom", settings.zoom},
                                {"reduced_motion", settings.reduced_motion},
                                {"color_map", name_of(settings.color_map)}};
  const std::filesystem::path temporary = folder / "settings.json.new";
  {
    std::ofstream file(temporary, std::ios::binary);
    file << value.dump(2) << '\n';
    if (!file.flush()) return;
  }
  std::error_code ignored;
  std::filesystem::rename(temporary, folder / "settings.json", ignored);
}

}  // namespace headlight
