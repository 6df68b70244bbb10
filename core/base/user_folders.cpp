#include "core/base/user_folders.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {

namespace fs = std::filesystem;

namespace {

std::string folder_of(const char* variable, const char* below_home, const Bilingual& what_for) {
  const char* folder = std::getenv(variable);
  if (folder && fs::path(folder).is_absolute()) return (fs::path(folder) / "headlight").string();
  const char* home = std::getenv("HOME");
  if (!home || !fs::path(home).is_absolute()) {
    const passwd* user = getpwuid(getuid());
    home = user ? user->pw_dir : nullptr;
  }
  if (!home || !fs::path(home).is_absolute()) {
    throw told<UserError>(
        "There is no home folder to keep {} in: set HOME or {} to an absolute path.",
        "보관할 홈 폴더가 없습니다(보관할 것: {}). 환경 변수 HOME 또는 {}에 절대 경로를 지정해 주세요.",
        what_for, variable);
  }
  return (fs::path(home) / below_home / "headlight").string();
}

}  // namespace

std::string cache_folder() { return folder_of("XDG_CACHE_HOME", ".cache", {"models", "모델"}); }
std::string data_folder() { return folder_of("XDG_DATA_HOME", ".local/share", {"what you made", "만든 것"}); }

}  // namespace headlight
