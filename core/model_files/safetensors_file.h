// One safetensors file: eight bytes of length, that many bytes of JSON, the tensors' bytes.
// Source: the format's published description (safetensors, README.md), whose checks are made here too.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/model_files/model_file.h"

namespace headlight {

// Whether the bytes begin as such a file does; a damaged one still does.
bool begins_like_safetensors(std::span<const std::byte> bytes);

// The tensors in the order in which they lie in the file; their bytes are those given. Throws FileError.
std::vector<StoredTensor> read_safetensors(const std::string& path, std::span<const std::byte> bytes);

}  // namespace headlight
