// What every file format answers: which tensors are there, and their bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/model_files/number_formats.h"

namespace headlight {

struct StoredTensor {
  std::string name;
  NumberFormat format = NumberFormat::f32;
  Shape shape;                       // row-major, slowest axis first (GGUF's own order is reversed)
  std::span<const std::byte> bytes;  // inside the mapped file; valid as long as the ModelFile lives
};

class ModelFile {
 public:
  virtual ~ModelFile() = default;
  virtual const std::string& path() const = 0;
  virtual const std::vector<StoredTensor>& tensors() const = 0;
  // GGUF key/value pairs as one flat JSON object; strings are raw bytes and may not be valid UTF-8.
  virtual const nlohmann::json& metadata() const = 0;

  const StoredTensor* find(std::string_view name) const;  // null if there is none
};

// Opens a file by what is in it, not by its name. Throws FileError: missing, a directory, truncated, damaged,
// or of a kind that this program does not read (and then says which kinds it does).
std::shared_ptr<const ModelFile> open_model_file(const std::string& path);

}  // namespace headlight
