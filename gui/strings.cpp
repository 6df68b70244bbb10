// Loads the two tables of texts and looks keys up.
#include "gui/strings.h"

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/errors.h"

namespace headlight {
namespace {

using Table = std::map<std::string, std::string, std::less<>>;

Table english;
Table korean;
Language current = Language::english;

Table read_table(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw FileError(
        fmt::format("{}: the file could not be opened. Restore it from the repository.", path.string()));
  Table table;
  try {
    const nlohmann::json read = nlohmann::json::parse(file);
    for (const auto& item : read.items()) table[item.key()] = item.value().get<std::string>();
  } catch (const nlohmann::json::exception& problem) {
    throw FileError(
        fmt::format("{}: one JSON object of texts was expected, but {}.", path.string(), problem.what()));
  }
  return table;
}

}  // namespace

std::filesystem::path assets_folder() {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  const std::array<std::filesystem::path, 4> places = {
      program / ".." / ".." / "assets",                   // build/<preset>/headlight in a clone
      program / ".." / "share" / "headlight" / "assets",  // installed
      program / "assets",                                 // unpacked beside the program
      std::filesystem::path(HEADLIGHT_SOURCE_DIR) / "assets"};
  std::string looked;
  for (const std::filesystem::path& place : places) {
    if (std::filesystem::is_directory(place / "strings", failed)) return place.lexically_normal();
    looked += (looked.empty() ? "" : ", ") + place.lexically_normal().string();
  }
  throw FileError(
      fmt::format("The folder 'assets' was found at none of: {}. Run Headlight from its clone.", looked));
}

void load_strings(const std::filesystem::path& folder) {
  english = read_table(folder / "en.json");
  korean = read_table(folder / "ko.json");
}

void set_language(Language to) { current = to; }

Language language() { return current; }

const std::string& text(std::string_view key) {
  if (current == Language::korean) {
    const auto found = korean.find(key);
    if (found != korean.end()) return found->second;
  }
  const auto found = english.find(key);
  if (found != english.end()) return found->second;
  return english.emplace(key, key).first->second;  // a missing text is seen, never fatal
}

std::string format_text_with(std::string_view key, fmt::format_args arguments) {
  const std::string& pattern = text(key);
  try {
    return fmt::vformat(pattern, arguments);
  } catch (const fmt::format_error&) {
    return pattern;
  }
}

}  // namespace headlight
