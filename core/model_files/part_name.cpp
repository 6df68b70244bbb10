// Both GGUF's and Hugging Face's tools number parts from 1, with five digits.
#include "core/model_files/part_name.h"

#include <fmt/format.h>

namespace headlight {
namespace {

constexpr std::size_t digits = 5;

std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return number;
}

}  // namespace

std::optional<PartName> part_name(std::string_view path, std::string_view ending) {
  constexpr std::string_view of = "-of-";
  const std::size_t numbers = 1 + digits + of.size() + digits;
  if (!path.ends_with(ending)) return std::nullopt;
  path.remove_suffix(ending.size());
  if (path.size() < numbers) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - numbers);
  const auto part = number_in(tail.substr(1, digits));
  const auto parts = number_in(tail.substr(tail.size() - digits));
  if (tail[0] != '-' || tail.substr(1 + digits, of.size()) != of || !part || !parts) return std::nullopt;
  if (*part == 0 || *part > *parts) return std::nullopt;
  return PartName{std::string(path.substr(0, path.size() - numbers)), *part, *parts};
}

std::string part_path(const PartName& name, std::uint32_t part, std::string_view ending) {
  return fmt::format("{}-{:05}-of-{:05}{}", name.beginning, part, name.parts, ending);
}

}  // namespace headlight
