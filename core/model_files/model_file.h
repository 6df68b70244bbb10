// What every file format answers: which tensors are there, and their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/tensor.h"
#include "core/model_files/number_formats.h"

namespace headlight {

enum class ModelFileKind { gguf, hugging_face };

struct StoredTensor {
  std::string name;
  NumberFormat format = NumberFormat::f32;
  // Row-major, slowest axis first (GGUF's own order is reversed). Safetensors also have tensors without axes
  // (one value) and with an axis of length 0 (no bytes).
  Shape shape;
  std::span<const std::byte>
      bytes;  // inside a mapped file, at any address; valid as long as the ModelFile lives
};

class ModelFile {
 public:
  virtual ~ModelFile() = default;
  virtual ModelFileKind kind() const = 0;
  virtual const std::string& path() const = 0;  // the file, or the directory of a Hugging Face model
  virtual const std::vector<StoredTensor>& tensors() const = 0;
  // GGUF: the key/value pairs as one flat JSON object; strings are raw bytes and may not be valid UTF-8.
  // Hugging Face: config.json.
  virtual const nlohmann::json& metadata() const = 0;
  // All files with weights together.
  virtual std::int64_t byte_size() const = 0;
  // A small file that lies beside the weights of a Hugging Face model ("tokenizer.json"), as it is; empty
  // when there is none, as always for GGUF. Throws FileError when it is there but cannot be read or is far
  // too large, std::logic_error for a name that is not among companion_names().
  virtual std::optional<std::string> companion(std::string_view name) const;

  const StoredTensor* find(std::string_view name) const;  // null if there is none
};

std::span<const std::string_view> companion_names();

// Opens a file by what is in it, not by its name: a GGUF file (the first part of a split one stands for all),
// a directory as Hugging Face's libraries write it, or a safetensors file or index inside such a directory.
// Throws FileError: missing, truncated, damaged, or of a kind that this program does not read (and then says
// which kinds it does).
std::shared_ptr<const ModelFile> open_model_file(const std::string& path);

}  // namespace headlight
