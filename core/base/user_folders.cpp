#include "core/base/user_folders.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/errors.h"

namespace headlight {

namespace fs = std::filesystem;

std::string cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && fs::path(cache).is_absolute()) return (fs::path(cache) / "headlight").string();
  const char* home = std::getenv("HOME");
  if (!home || !fs::path(home).is_absolute()) {
    const passwd* user = getpwuid(getuid());
    home = user ? user->pw_dir : nullptr;
  }
  if (!home || !fs::path(home).is_absolute()) {
    throw UserError(
        "There is no home folder to keep models in: set HOME or XDG_CACHE_HOME to an absolute path.");
  }
  return (fs::path(home) / ".cache" / "headlight").string();
}

}  // namespace headlight
