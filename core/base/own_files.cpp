// Finds the directory that holds the program's own files.
#include "core/base/own_files.h"

#include <filesystem>
#include <optional>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

bool holds_own_files(const std::filesystem::path& directory) {
  std::error_code ignored;
  return std::filesystem::is_directory(directory / "assets", ignored) &&
         std::filesystem::is_directory(directory / "lessons", ignored);
}

std::optional<std::filesystem::path> look_upwards(std::filesystem::path directory) {
  while (!directory.empty()) {
    if (holds_own_files(directory)) return directory;
    const std::filesystem::path shared = directory / "share" / "headlight";
    if (holds_own_files(shared)) return shared;
    if (directory == directory.parent_path()) break;
    directory = directory.parent_path();
  }
  return {};
}

}  // namespace

std::string own_path(std::string_view relative) {
  std::error_code failure;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  std::optional<std::filesystem::path> root = look_upwards(program.parent_path());
  if (!root) root = look_upwards(std::filesystem::current_path(failure));
  if (!root) {
    throw told<UserError>(
        "The program's own directories assets and lessons were not found above {}; start it from its own "
        "folder or install it again.",
        "프로그램의 assets와 lessons 폴더를 찾지 못했습니다. 찾기 시작한 곳: {}. 프로그램 폴더에서 "
        "시작하거나 다시 설치해 주세요.",
        program.string());
  }
  return (*root / relative).string();
}

}  // namespace headlight
