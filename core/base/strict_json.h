// JSON from files that we did not make: bounded before it is built, no key twice, and every error knows its
// place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace headlight {

struct StrictJson {
  std::string path;                                 // begins every message
  std::size_t largest_text = std::size_t{4} << 20;  // bytes
  std::size_t most_values = std::size_t{1} << 20;   // a value takes up to a hundred bytes of memory
  std::size_t deepest = 64;                         // objects and arrays inside one another
  // For JSON inside a binary file: where it begins there. Places are then bytes of that file, otherwise
  // lines.
  std::optional<std::uint64_t> first_byte = std::nullopt;
};

// Strings are valid UTF-8 afterwards and numbers finite. Throws FileError: too long, too deep, too many
// values, no JSON (also NaN and Infinity, which Python's writer may leave in a file), or a key that stands
// twice in one object.
nlohmann::json parse_strict_json(std::string_view text, const StrictJson& limits);

// The same, and the outermost value must be an object.
nlohmann::json parse_strict_object(std::string_view text, const StrictJson& limits);

}  // namespace headlight
