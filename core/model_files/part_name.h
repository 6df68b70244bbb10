// File names of models in parts: "model-00002-of-00003.safetensors".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headlight {

struct PartName {
  std::string beginning;   // "model", with its folders
  std::uint32_t part = 0;  // from 1
  std::uint32_t parts = 0;
};

// Empty when the name is not that of a part. `ending` is ".gguf" or ".safetensors".
std::optional<PartName> part_name(std::string_view path, std::string_view ending);

// The path of another part, or of the same.
std::string part_path(const PartName& name, std::uint32_t part, std::string_view ending);

}  // namespace headlight
