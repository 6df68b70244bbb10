// Loads the texts of both languages and looks keys up.
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

void read_texts(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw FileError(
        fmt::format("{}: the file could not be opened. Restore it from the repository.", path.string()));
  }
  try {
    const nlohmann::json read = nlohmann::json::parse(file);
    for (const auto& item : read.items()) {
      english[item.key()] = item.value().at("en").get<std::string>();
      korean[item.key()] = item.value().at("ko").get<std::string>();
    }
  } catch (const nlohmann::json::exception& problem) {
    throw FileError(
        fmt::format("{}: texts of the form {{\"key\": {{\"en\": …, \"ko\": …}}}} were expected, but {}.",
                    path.string(), problem.what()));
  }
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
  english.clear();
  korean.clear();
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") read_texts(entry.path());
  }
  if (english.empty()) {
    throw FileError(
        fmt::format("{}: no texts were found. Restore the folder from the repository.", folder.string()));
  }
}

void set_language(Language to) { current = to; }

Language language() { return current; }

const std::string& in_language(const Bilingual& words) {
  return language() == Language::korean ? words.ko : words.en;
}

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
