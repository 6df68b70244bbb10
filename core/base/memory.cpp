// Reads what the kernel says about memory. Sources: proc(5), and the kernel's documentation of control
// groups, versions 1 and 2.
#include "core/base/memory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "core/base/bytes_text.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

// The files that one version of control groups keeps for a group, and the words in its statistics for pages
// of files, which the kernel drops when it needs room.
struct GroupVersion {
  const char* limit;
  const char* used;
  const char* inactive_files;
  const char* active_files;
};
constexpr GroupVersion version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
                                    "total_active_file"};
constexpr GroupVersion version_2 = {"memory.max", "memory.current", "inactive_file", "active_file"};

// The first number of a file; empty when there is no file or something else in it ("max": no limit).
std::optional<std::int64_t> number_in_file(const fs::path& path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

// The number behind a word at the beginning of a line.
std::optional<std::int64_t> number_behind(const fs::path& path, const std::string& word) {
  std::ifstream file(path);
  std::string first;
  std::int64_t number = 0;
  std::string rest;
  while (file >> first) {
    if (first == word && file >> number) return number;
    file.clear();
    std::getline(file, rest);
  }
  return std::nullopt;
}

// The same, where the kernel counts in units of 1024 bytes ("kB").
std::optional<std::int64_t> bytes_behind(const fs::path& path, const std::string& word) {
  const auto number = number_behind(path, word);
  if (!number || *number > std::numeric_limits<std::int64_t>::max() / 1024) return std::nullopt;
  return *number * 1024;
}

// What a group's limit leaves.
std::optional<std::int64_t> left_in_group(const fs::path& folder, const GroupVersion& version) {
  const auto limit = number_in_file(folder / version.limit);
  const auto used = number_in_file(folder / version.used);
  if (!limit || !used) return std::nullopt;
  const fs::path statistics = folder / "memory.stat";
  const std::int64_t droppable = number_behind(statistics, version.inactive_files).value_or(0) +
                                 number_behind(statistics, version.active_files).value_or(0);
  return std::max(std::int64_t{0}, *limit - std::max(std::int64_t{0}, *used - droppable));
}

std::optional<std::int64_t> smaller(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

std::optional<std::int64_t> limit_of_group(const fs::path& folder, const GroupVersion& version) {
  return number_in_file(folder / version.limit);
}

// The limits of a group and of all groups around it hold together. Inside a container the named group may not
// be visible; its own limits then stand at the top.
using GroupBytes = std::optional<std::int64_t>(const fs::path& folder, const GroupVersion& version);

std::optional<std::int64_t> least_of_groups(const fs::path& top, const std::string& group,
                                            const GroupVersion& version, GroupBytes* bytes) {
  auto least = bytes(top, version);
  fs::path folder = top;
  for (const fs::path& name : fs::path(group).relative_path()) {
    if (name == "..") break;
    folder /= name;
    least = smaller(least, bytes(folder, version));
  }
  return least;
}

// Each line: "0::/user.slice" (version 2) or "7:memory,hugetlb:/docker/1234" (version 1).
std::optional<std::int64_t> by_limits(const MemoryPlaces& places, GroupBytes* bytes) {
  std::optional<std::int64_t> least;
  std::ifstream file(places.groups);
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      least = smaller(least, least_of_groups(places.group_folder, group, version_2, bytes));
    } else if (controllers.find(",memory,") != std::string::npos) {
      const fs::path folder = fs::path(places.group_folder) / "memory";
      least = smaller(least, least_of_groups(folder, group, version_1, bytes));
    }
  }
  return least;
}

}  // namespace

std::optional<std::int64_t> available_memory(const MemoryPlaces& places) {
  return smaller(bytes_behind(places.meminfo, "MemAvailable:"), by_limits(places, left_in_group));
}

std::optional<std::int64_t> total_memory(const MemoryPlaces& places) {
  return smaller(bytes_behind(places.meminfo, "MemTotal:"), by_limits(places, limit_of_group));
}

std::optional<std::int64_t> peak_memory(const std::string& status) { return bytes_behind(status, "VmHWM:"); }

void require_memory(std::int64_t needed_bytes, const Bilingual& what) {
  require_memory(needed_bytes, what, available_memory());
}

void require_memory(std::int64_t needed_bytes, const Bilingual& what, std::optional<std::int64_t> available) {
  if (!available || needed_bytes <= *available / 100 * 95) return;
  throw told<UserError>(
      "{} needs {} of memory, but {} are free, of which at most 95% are used. Close other programs, or "
      "choose a smaller or a more strongly quantised model.",
      "{}: 필요한 메모리는 {}인데 남은 메모리는 {}이고, 그 가운데 95%까지만 씁니다. 다른 프로그램을 닫거나, "
      "더 작거나 더 많이 양자화된 모델을 골라 주세요.",
      what, bytes_text(needed_bytes), bytes_text(*available));
}

}  // namespace headlight
