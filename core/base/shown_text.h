// Text from files that we did not make, as it may stand in a message: short, and nothing unprintable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headlight {

// At most `limit` bytes; every byte that is not printable ASCII becomes '?'.
std::string printable(std::string_view text, std::size_t limit);

// 'name', at most 60 bytes of it.
std::string in_quotes(std::string_view name);

}  // namespace headlight
