// Directories that people try instead of a model's.
#pragma once

#include <optional>
#include <string>

#include "core/base/bilingual.h"

namespace headlight {

// The GGUF file of a directory that has exactly one model in that format: one file, or the parts of one (then
// the first). Empty when there is none; throws FileError, which names them, when there are several.
std::optional<std::string> only_gguf_file(const std::string& directory);

// For a directory without config.json or without weights that are read: throws FileError, which says what it
// seems to be and what to do about it.
[[noreturn]] void refuse_directory(const std::string& directory);

// How to turn a PyTorch file into safetensors: two commands.
Bilingual pickle_advice();

}  // namespace headlight
