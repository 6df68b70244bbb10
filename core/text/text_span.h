// A range of a text.
#pragma once

#include <cstddef>

namespace headlight {

struct TextSpan {
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  bool operator==(const TextSpan&) const = default;
};

}  // namespace headlight
