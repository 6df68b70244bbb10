// Base64 (RFC 4648), as JSON files carry bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headlight {

// The bytes; none when a character is outside the alphabet or the padding is wrong.
std::optional<std::string> bytes_from_base64(std::string_view text);
std::string base64_of(std::string_view bytes);  // with padding

}  // namespace headlight
