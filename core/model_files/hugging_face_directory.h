// A model as Hugging Face's libraries write it: a directory with config.json, the weights as safetensors in
// one or several files, and small files about its tokenizer.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/base/mapped_file.h"
#include "core/model_files/model_file.h"

namespace headlight {

// Throws FileError, and says what to do instead where the directory has weights of another kind. Links are
// followed: the cache of Hugging Face's libraries is made of them. A directory with nothing but one GGUF file
// is opened as that file.
std::shared_ptr<const ModelFile> open_model_directory(const std::string& directory);

// A safetensors file or the index of several: the model is the directory in which it lies. Null when the file
// is neither.
std::shared_ptr<const ModelFile> open_safetensors_file(const std::shared_ptr<const MappedFile>& file);
std::shared_ptr<const ModelFile> open_shard_index(const std::shared_ptr<const MappedFile>& file);

// config.json: an object.
nlohmann::json parse_config(const std::string& path, std::string_view text);

// model.safetensors.index.json: the name of the file in which each tensor lies. Every one is a plain file
// name, so that none leads out of the directory.
std::map<std::string, std::string> parse_shard_index(const std::string& path, std::string_view text);

}  // namespace headlight
