// recent.json: three lists of strings.
#include "core/session/recent_files.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/base/whole_file.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

constexpr std::size_t most_entries = 10;

std::vector<std::string> list_in(const nlohmann::json& json, const char* name) {
  std::vector<std::string> list;
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array()) return list;
  for (const nlohmann::json& entry : *found) {
    if (entry.is_string() && list.size() < most_entries) list.push_back(entry.get<std::string>());
  }
  return list;
}

// JSON is UTF-8; a path that is not cannot be listed.
std::vector<std::string> writable(std::vector<std::string> list) {
  std::erase_if(list, [](const std::string& entry) { return invalid_utf8_offset(entry).has_value(); });
  return list;
}

}  // namespace

void remember(std::vector<std::string>& list, const std::string& entry) {
  std::erase(list, entry);
  list.insert(list.begin(), entry);
  if (list.size() > most_entries) list.resize(most_entries);
}

RecentFiles load_recent(const std::filesystem::path& folder) {
  std::ifstream file(folder / "recent.json", std::ios::binary);
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  return {list_in(json, "sessions"), list_in(json, "models"), list_in(json, "traces")};
}

void save_recent(const RecentFiles& recent, const std::filesystem::path& folder) {
  const nlohmann::ordered_json json = {{"sessions", writable(recent.sessions)},
                                       {"models", writable(recent.models)},
                                       {"traces", writable(recent.traces)}};
  try {
    write_whole_file((folder / "recent.json").string(), json.dump(1) + "\n");
  } catch (const UserError&) {
  }
}

}  // namespace headlight
