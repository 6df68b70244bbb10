// What was opened before: sessions, models and traces, the newest first.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headlight {

struct RecentFiles {
  std::vector<std::string> sessions;  // absolute paths
  std::vector<std::string> models;    // catalog names or absolute paths
  std::vector<std::string> traces;    // absolute paths
  bool operator==(const RecentFiles&) const = default;
};

// `entry` becomes the first; at most ten stay.
void remember(std::vector<std::string>& list, const std::string& entry);

// Of recent.json in `folder`; empty when there is none or it is damaged: nothing that the user made is in it.
RecentFiles load_recent(const std::filesystem::path& folder);
// Atomic; failures are ignored for the same reason.
void save_recent(const RecentFiles& recent, const std::filesystem::path& folder);

}  // namespace headlight
