// Opens a directory's weights, and checks that the index and the files that it names tell the same story.
#include "core/model_files/hugging_face_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"
#include "core/base/strict_json.h"
#include "core/model_files/foreign_directory.h"
#include "core/model_files/model_file_list.h"
#include "core/model_files/part_name.h"
#include "core/model_files/safetensors_file.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view one_file = "model.safetensors";
constexpr std::string_view index_ending = ".safetensors.index.json";
constexpr std::string_view shard_ending = ".safetensors";
constexpr std::size_t largest_config = std::size_t{4} << 20;  // labels of 20,000 classes fit
constexpr std::size_t largest_index = std::size_t{64} << 20;  // seven times the largest one known
constexpr std::size_t largest_companion = std::size_t{256} << 20;
constexpr std::size_t longest_file_name = 255;  // as in Linux's file systems

constexpr std::string_view companions[] = {"tokenizer.json",
                                           "tokenizer_config.json",
                                           "generation_config.json",
                                           "special_tokens_map.json",
                                           "added_tokens.json",
                                           "chat_template.jinja",
                                           "chat_template.json",
                                           "vocab.json",
                                           "vocab.txt",
                                           "merges.txt",
                                           "spiece.model",
                                           "tokenizer.model",
                                           "sentencepiece.bpe.model",
                                           "source.spm",
                                           "target.spm",
                                           "modules.json",
                                           "sentence_bert_config.json",
                                           "config_sentence_transformers.json",
                                           "1_Pooling/config.json",
                                           "2_Dense/config.json",
                                           "2_Normalize/config.json"};

// True when something of this name is there; a link that leads nowhere is an error of its own.
bool is_there(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error)) return true;
  if (!fs::is_symlink(fs::symlink_status(path, error))) return false;
  throw told<FileError>(
      "{}: this is a link to '{}', where no file is. The download was probably not finished, or the file was "
      "removed; fetch the model again.",
      "{}: 링크가 가리키는 '{}'에 파일이 없습니다. 내려받기가 끝나지 않았거나 파일이 지워진 것 같으니 모델을 "
      "다시 내려받아 주세요.",
      path.string(), fs::read_symlink(path, error).string());
}

std::shared_ptr<const MappedFile> open_bounded(const fs::path& path, std::size_t largest) {
  auto file = std::make_shared<const MappedFile>(path.string());
  if (file->bytes().size() <= largest) return file;
  throw told<FileError>(
      "{}: the file has {} bytes, but at most {} were expected. It is not what its name says; download it "
      "again.",
      "{}: 파일의 크기가 {}바이트입니다. 많아야 {}바이트여야 합니다. 이름과 다른 파일인 것 같으니 다시 "
      "내려받아 주세요.",
      path.string(), file->bytes().size(), largest);
}

class HuggingFaceDirectory final : public ModelFile {
 public:
  explicit HuggingFaceDirectory(fs::path directory)
      : directory_(std::move(directory)), path_(directory_.string()) {
    const fs::path config = directory_ / "config.json";
    metadata_ = parse_config(config.string(), letters_of(open_bounded(config, largest_config)->bytes()));
  }

  void add_file(const fs::path& path) {
    const auto file = std::make_shared<const MappedFile>(path.string());
    if (!begins_like_safetensors(file->bytes())) refuse_foreign_file(file->path(), file->bytes());
    for (StoredTensor& tensor : read_safetensors(file->path(), file->bytes())) {
      const auto [place, fresh] = shards_.emplace(tensor.name, path.filename().string());
      if (!fresh) {
        throw told<FileError>(
            "{0}: the tensor {1} stands in '{2}' too, but once was expected. The files do not belong "
            "together; "
            "download them again.",
            "{0}: '{2}' 파일에도 같은 텐서가 있습니다: {1}. 파일들이 서로 맞지 않으니 다시 내려받아 주세요.",
            file->path(), in_quotes(tensor.name), place->second);
      }
      tensors_.push_back(std::move(tensor));
    }
    files_.push_back(file);
  }

  void add_shards(const fs::path& index) {
    const auto index_file = open_bounded(index, largest_index);
    const auto expected = parse_shard_index(index.string(), letters_of(index_file->bytes()));
    std::set<std::string> names;
    for (const auto& [tensor, shard] : expected) names.insert(shard);
    for (const std::string& name : names) {
      if (!is_there(directory_ / name)) {
        throw told<FileError>(
            "{}: the index names the file {}, which is not there ({} files belong to this model). Download "
            "it "
            "into the same directory.",
            "{}: 색인에 적힌 파일이 없습니다: {} (이 모델의 파일은 모두 {}개). 같은 폴더에 내려받아 주세요.",
            index.string(), in_quotes(name), names.size());
      }
      add_file(directory_ / name);
    }
    for (const auto& [tensor, shard] : expected) {
      const auto found = shards_.find(tensor);
      if (found != shards_.end() && found->second == shard) continue;
      const Bilingual instead = found == shards_.end()
                                    ? Bilingual{"is not there", "없습니다"}
                                    : in_both("lies in {}", "{} 파일에 있습니다", in_quotes(found->second));
      throw told<FileError>(
          "{}: the tensor {} should lie in {}, but {}. The files do not belong together; download them "
          "again.",
          "{}: 텐서 {}의 자리는 {} 파일인데 {}. 파일들이 서로 맞지 않으니 다시 내려받아 주세요.",
          index.string(), in_quotes(tensor), in_quotes(shard), instead);
    }
  }

  ModelFileKind kind() const override { return ModelFileKind::hugging_face; }
  const std::string& path() const override { return path_; }
  const std::vector<StoredTensor>& tensors() const override { return tensors_; }
  const nlohmann::json& metadata() const override { return metadata_; }

  std::int64_t byte_size() const override {
    std::size_t size = 0;
    for (const auto& file : files_) size += file->bytes().size();
    return static_cast<std::int64_t>(size);
  }

  std::optional<std::string> companion(std::string_view name) const override {
    if (std::find(std::begin(companions), std::end(companions), name) == std::end(companions)) {
      throw std::logic_error("companion: unknown name " + std::string(name));
    }
    const fs::path path = directory_ / name;
    if (!is_there(path)) return std::nullopt;
    return std::string(letters_of(open_bounded(path, largest_companion)->bytes()));
  }

 private:
  fs::path directory_;
  std::string path_;
  nlohmann::json metadata_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::string> shards_;  // of each tensor
};

fs::path folder_of(const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

// Weights alone do not say what they are.
std::shared_ptr<HuggingFaceDirectory> directory_around(const std::string& file) {
  const fs::path folder = folder_of(file);
  if (is_there(folder / "config.json")) return std::make_shared<HuggingFaceDirectory>(folder);
  throw told<FileError>(
      "{}: there is no config.json beside these weights, which says what kind of model they are. Download "
      "config.json and tokenizer.json of the same model into the same directory.",
      "{}: 어떤 모델인지 알려 주는 config.json이 가중치 옆에 없습니다. 같은 모델의 config.json과 "
      "tokenizer.json을 같은 폴더에 내려받아 주세요.",
      file);
}

// "model.safetensors.index.json" for "model-00001-of-00003.safetensors"; empty when the name is not of a
// shard.
std::string index_of_shard(const std::string& path) {
  const auto name = part_name(path, shard_ending);
  return name ? name->beginning + std::string(index_ending) : std::string();
}

void check_shard_name(const std::string& path, const std::string& tensor, const nlohmann::json& shard) {
  if (!shard.is_string()) {
    throw told<FileError>(
        "{}: the file of the tensor {} is of type {}, but a name was expected. The file is damaged; download "
        "it again.",
        "{}: 텐서 {}의 파일 이름 자리에 {} 값이 있습니다. 파일이 손상되었으니 다시 내려받아 주세요.", path,
        in_quotes(tensor), shard.type_name());
  }
  const auto& name = shard.get_ref<const std::string&>();
  const bool plain = !name.empty() && name.size() <= longest_file_name &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  if (plain && name.ends_with(shard_ending)) return;
  throw told<FileError>(
      "{}: the tensor {} is said to lie in {}, but the plain name of a .safetensors file in the same "
      "directory was expected. Do not use this model unless you know who made it.",
      "{}: 텐서 {}의 파일 이름이 {}인데, 같은 폴더에 있는 .safetensors 파일의 이름이어야 합니다. 누가 "
      "만들었는지 모르는 모델이라면 쓰지 마세요.",
      path, in_quotes(tensor), in_quotes(name));
}

}  // namespace

nlohmann::json parse_config(const std::string& path, std::string_view text) {
  return parse_strict_object(text, {.path = path, .largest_text = largest_config});
}

std::map<std::string, std::string> parse_shard_index(const std::string& path, std::string_view text) {
  const nlohmann::json index = parse_strict_object(
      text, {.path = path, .largest_text = largest_index, .most_values = std::size_t{1} << 22});
  const auto weight_map = index.find("weight_map");
  if (weight_map == index.end() || !weight_map->is_object() || weight_map->empty()) {
    throw told<FileError>(
        "{}: the object 'weight_map', which names the file of each tensor, is missing or empty. The file is "
        "damaged; download it again.",
        "{}: 텐서마다 파일을 적어 둔 'weight_map'이 없거나 비어 있습니다. 파일이 손상되었으니 다시 내려받아 "
        "주세요.",
        path);
  }
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : weight_map->items()) {
    check_shard_name(path, tensor, shard);
    shards.emplace(tensor, shard.get<std::string>());
  }
  return shards;
}

std::span<const std::string_view> companion_names() { return companions; }

std::shared_ptr<const ModelFile> open_model_directory(const std::string& directory) {
  const fs::path folder(directory);
  const fs::path whole = folder / one_file;
  const fs::path index = folder / ("model" + std::string(index_ending));
  if (!is_there(folder / "config.json") || (!is_there(whole) && !is_there(index))) {
    const auto gguf = only_gguf_file(directory);
    if (gguf) return open_model_file(*gguf);
    refuse_directory(directory);
  }
  auto model = std::make_shared<HuggingFaceDirectory>(folder);
  if (is_there(whole)) {
    model->add_file(whole);
  } else {
    model->add_shards(index);
  }
  return model;
}

std::shared_ptr<const ModelFile> open_safetensors_file(const std::shared_ptr<const MappedFile>& file) {
  if (!begins_like_safetensors(file->bytes())) return nullptr;
  auto model = directory_around(file->path());
  const std::string index = index_of_shard(file->path());
  if (index.empty()) {
    model->add_file(file->path());
    return model;
  }
  if (!is_there(index)) {
    throw told<FileError>(
        "{}: this is one of several files of a model, but the index '{}' that lists them is not there. "
        "Download it into the same directory.",
        "{}: 여러 파일로 나뉜 모델의 하나인데, 그 목록인 '{}' 파일이 없습니다. 같은 폴더에 내려받아 주세요.",
        file->path(), fs::path(index).filename().string());
  }
  model->add_shards(index);
  return model;
}

std::shared_ptr<const ModelFile> open_shard_index(const std::shared_ptr<const MappedFile>& file) {
  if (!file->path().ends_with(index_ending)) return nullptr;
  auto model = directory_around(file->path());
  model->add_shards(file->path());
  return model;
}

}  // namespace headlight
