// Asks one format after the other whether the file is its own.
#include "core/model_files/model_file.h"

#include <array>
#include <filesystem>

#include "core/model_files/gguf_file.h"
#include "core/model_files/hugging_face_directory.h"
#include "core/model_files/model_file_list.h"

namespace headlight {

const StoredTensor* ModelFile::find(std::string_view name) const {
  for (const StoredTensor& tensor : tensors()) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

std::optional<std::string> ModelFile::companion(std::string_view) const { return std::nullopt; }

std::span<const ModelFileFormat> model_file_list() {
  static constexpr std::array formats = {ModelFileFormat{"GGUF", open_gguf_file},
                                         ModelFileFormat{"safetensors", open_safetensors_file},
                                         ModelFileFormat{"safetensors index", open_shard_index}};
  return formats;
}

std::shared_ptr<const ModelFile> open_model_file(const std::string& path) {
  std::error_code error;
  // A zero byte in the path would cut it short; MappedFile refuses it.
  if (path.find('\0') == std::string::npos && std::filesystem::is_directory(path, error)) {
    return open_model_directory(path);
  }
  const auto file = std::make_shared<const MappedFile>(path);
  for (const ModelFileFormat& format : model_file_list()) {
    if (auto opened = format.open(file)) return opened;
  }
  refuse_foreign_file(path, file->bytes());
}

}  // namespace headlight
