// Looks at the names in a directory, and says what is missing or what else it holds.
#include "core/model_files/foreign_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "core/base/errors.h"
#include "core/model_files/part_name.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_entries = 10000;  // looked at; a model has a dozen
constexpr std::size_t most_shown = 5;

// The names in the directory, sorted; throws FileError when it cannot be read.
std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator() && names.size() < most_entries; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) {
    throw FileError(fmt::format("{}: the directory cannot be read: {}. Give yourself read access to it.",
                                directory, error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string first_of(const std::vector<std::string>& names) {
  std::string shown;
  for (std::size_t i = 0; i < std::min(names.size(), most_shown); ++i) {
    shown += fmt::format("{}'{}'", i == 0 ? "" : ", ", names[i]);
  }
  return names.size() > most_shown ? shown + ", ..." : shown;
}

bool has(const std::vector<std::string>& names, std::string_view wanted) {
  return std::find(names.begin(), names.end(), wanted) != names.end();
}

std::vector<std::string> ending_with(const std::vector<std::string>& names,
                                     std::initializer_list<std::string_view> endings) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    if (std::any_of(endings.begin(), endings.end(),
                    [&](std::string_view ending) { return name.ends_with(ending); })) {
      found.push_back(name);
    }
  }
  return found;
}

// Weights that are not read, and what to do about them; empty when there are none.
std::string advice_about_weights(const std::vector<std::string>& names) {
  if (has(names, "adapter_config.json") || has(names, "adapter_model.safetensors")) {
    return "this is an adapter (LoRA), which only changes another model. Merge it into its base model with "
           "the "
           "peft library's merge_and_unload(), save that, and open the result.";
  }
  const auto pickles = ending_with(names, {".bin", ".bin.index.json", ".pt", ".pth", ".ckpt"});
  if (has(names, "pytorch_model.bin") || has(names, "pytorch_model.bin.index.json")) {
    return fmt::format(
        "the weights are a PyTorch pickle ({}), which can run code when it is opened and is never "
        "read. {}",
        first_of(pickles), pickle_advice());
  }
  if (const auto found = ending_with(names, {".h5", ".msgpack", ".onnx", ".tflite", ".mlmodel", ".ot"});
      !found.empty()) {
    return fmt::format(
        "the weights are in a format of TensorFlow, Flax, ONNX or another program ({}), which is not "
        "read. Download the same model as safetensors or GGUF.",
        first_of(found));
  }
  if (!pickles.empty()) {
    return fmt::format(
        "the weights seem to be PyTorch pickles ({}), which can run code when they are opened and "
        "are never read. {}",
        first_of(pickles), pickle_advice());
  }
  return {};
}

std::string advice(const std::string& directory, const std::vector<std::string>& names) {
  const auto safetensors = ending_with(names, {".safetensors", ".safetensors.index.json"});
  if (has(names, "snapshots")) {
    const auto snapshots = names_in((fs::path(directory) / "snapshots").string());
    return fmt::format(
        "this is a model's place in the cache of Hugging Face's libraries. Open one of the "
        "directories below 'snapshots': {}.",
        snapshots.empty() ? "there is none yet, so download the model" : first_of(snapshots));
  }
  if (!has(names, "config.json") && !safetensors.empty()) {
    return fmt::format(
        "there are weights ({}), but no config.json, which says what kind of model they are. Download "
        "config.json and tokenizer.json of the same model into this directory.",
        first_of(safetensors));
  }
  if (const std::string found = advice_about_weights(names); !found.empty()) return found;
  if (!safetensors.empty()) {
    return fmt::format(
        "there is neither model.safetensors nor model.safetensors.index.json, but {}. Open the file "
        "with the weights itself.",
        first_of(safetensors));
  }
  if (has(names, "config.json")) {
    return "there is a config.json, but no weights: model.safetensors, or model.safetensors.index.json with "
           "its "
           "files, was expected. Download them too.";
  }
  return fmt::format(
      "this directory holds no model; config.json with model.safetensors, or a .gguf file, was "
      "expected, but there is {}. Name the directory or file of a model.",
      names.empty() ? "nothing" : first_of(names));
}

}  // namespace

std::optional<std::string> only_gguf_file(const std::string& directory) {
  std::vector<std::string> models;
  for (const std::string& name : ending_with(names_in(directory), {".gguf"})) {
    const auto part = part_name(name, ".gguf");
    if (!part || part->part == 1) models.push_back(name);
  }
  if (models.empty()) return std::nullopt;
  if (models.size() == 1) return (fs::path(directory) / models.front()).string();
  throw FileError(
      fmt::format("{}: this directory has {} GGUF models, but one was expected. Name the file that you "
                  "want: {}.",
                  directory, models.size(), first_of(models)));
}

void refuse_directory(const std::string& directory) {
  throw FileError(fmt::format("{}: {}", directory, advice(directory, names_in(directory))));
}

std::string pickle_advice() {
  return "Convert it with these two commands, where DIR is the directory of the model, and open "
         "DIR-safetensors:\n"
         "  python3 -c \"import transformers as t; n = t.AutoConfig.from_pretrained('DIR').architectures[0]; "
         "getattr(t, n).from_pretrained('DIR').save_pretrained('DIR-safetensors', "
         "safe_serialization=True)\"\n"
         "  python3 -c \"import transformers as t; "
         "t.AutoTokenizer.from_pretrained('DIR').save_pretrained('DIR-safetensors')\"";
}

}  // namespace headlight
