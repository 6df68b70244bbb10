#include "core/base/relative_path.h"

#include <algorithm>

namespace headlight {
namespace {

constexpr std::size_t longest_part = 255;
constexpr std::size_t longest_path = 1024;

}  // namespace

bool is_plain_relative_path(std::string_view path) {
  if (path.empty() || path.size() > longest_path) return false;
  const auto is_odd = [](char letter) {
    const auto code = static_cast<unsigned char>(letter);
    return code < 0x20 || code == 0x7F || letter == '\\';
  };
  if (std::any_of(path.begin(), path.end(), is_odd)) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.size() > longest_part) return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace headlight
