#include "core/base/user_folders.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/errors.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

std::string folder_of(const char* variable, const char* below_home, const char* what_for) {
  const char* folder = std::getenv(variable);
  if (folder && fs::path(folder).is_absolute()) return (fs::path(folder) / "headlight").string();
  const char* home = std::getenv("HOME");
  if (!home || !fs::path(home).is_absolute()) {
    const passwd* user = getpwuid(getuid());
    home = user ? user->pw_dir : nullptr;
  }
  if (!home || !fs::path(home).is_absolute()) {
    throw UserError(fmt::format("There is no home folder to keep {} in: set HOME or {} to an absolute path.",
                                what_for, variable));
  }
  return (fs::path(home) / below_home / "headlight").string();
}

}  // namespace

std::string cache_folder() { return folder_of("XDG_CACHE_HOME", ".cache", "models"); }
std::string data_folder() { return folder_of("XDG_DATA_HOME", ".local/share", "what you made"); }

}  // namespace headlight
