// The numbers by which GGUF names number formats, also of those that we cannot read: a message should name
// them. Source: the type list of the published GGUF specification and ggml.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model_files/number_formats.h"

namespace headlight {

std::optional<NumberFormat> number_format_of_ggml_type(std::uint32_t type);  // empty: not supported
std::string ggml_type_name(
    std::uint32_t type);                 // "Q4_K"; "type 99" for a number that nobody has given a name
std::string supported_number_formats();  // "F32, F16, BF16, ..."

}  // namespace headlight
