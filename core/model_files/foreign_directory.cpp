// Looks at the names in a directory, and says what is missing or what else it holds.
#include "core/model_files/foreign_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
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
    throw told<FileError>("{}: the directory cannot be read: {}. Give yourself read access to it.",
                          "{}: 폴더를 읽을 수 없습니다: {}. 읽기 권한을 주세요.", directory,
                          system_reason(error.value()));
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
Bilingual advice_about_weights(const std::vector<std::string>& names) {
  if (has(names, "adapter_config.json") || has(names, "adapter_model.safetensors")) {
    return {
        "this is an adapter (LoRA), which only changes another model. Merge it into its base model with "
        "the peft library's merge_and_unload(), save that, and open the result.",
        "다른 모델을 바꾸기만 하는 어댑터(LoRA)입니다. peft 라이브러리의 merge_and_unload()로 바탕 모델에 "
        "합쳐 저장한 다음 그 결과를 열어 주세요."};
  }
  const auto pickles = ending_with(names, {".bin", ".bin.index.json", ".pt", ".pth", ".ckpt"});
  if (has(names, "pytorch_model.bin") || has(names, "pytorch_model.bin.index.json")) {
    return in_both(
        "the weights are a PyTorch pickle ({}), which can run code when it is opened and is never read. {}",
        "가중치가 PyTorch pickle({})입니다. 열 때 코드를 실행할 수 있어 읽지 않습니다. {}", first_of(pickles),
        pickle_advice());
  }
  if (const auto found = ending_with(names, {".h5", ".msgpack", ".onnx", ".tflite", ".mlmodel", ".ot"});
      !found.empty()) {
    return in_both(
        "the weights are in a format of TensorFlow, Flax, ONNX or another program ({}), which is not read. "
        "Download the same model as safetensors or GGUF.",
        "가중치가 TensorFlow, Flax, ONNX 같은 다른 프로그램의 형식({})이라 읽지 않습니다. 같은 모델을 "
        "safetensors나 GGUF로 내려받아 주세요.",
        first_of(found));
  }
  if (!pickles.empty()) {
    return in_both(
        "the weights seem to be PyTorch pickles ({}), which can run code when they are opened and are never "
        "read. {}",
        "가중치가 PyTorch pickle({})로 보입니다. 열 때 코드를 실행할 수 있어 읽지 않습니다. {}",
        first_of(pickles), pickle_advice());
  }
  return {};
}

Bilingual advice(const std::string& directory, const std::vector<std::string>& names) {
  const auto safetensors = ending_with(names, {".safetensors", ".safetensors.index.json"});
  if (has(names, "snapshots")) {
    const auto snapshots = names_in((fs::path(directory) / "snapshots").string());
    const std::string found = first_of(snapshots);
    return in_both(
        "this is a model's place in the cache of Hugging Face's libraries. Open one of the "
        "directories below 'snapshots': {}.",
        "Hugging Face 라이브러리 캐시의 모델 폴더입니다. 'snapshots' 아래의 폴더를 열어 주세요: {}.",
        snapshots.empty()
            ? Bilingual{"there is none yet, so download the model", "아직 없으니 모델을 내려받아 주세요"}
            : Bilingual{found, found});
  }
  if (!has(names, "config.json") && !safetensors.empty()) {
    return in_both(
        "there are weights ({}), but no config.json, which says what kind of model they are. Download "
        "config.json and tokenizer.json of the same model into this directory.",
        "가중치({})는 있지만 어떤 모델인지 알려 주는 config.json이 없습니다. 같은 모델의 config.json과 "
        "tokenizer.json을 이 폴더에 내려받아 주세요.",
        first_of(safetensors));
  }
  if (const Bilingual found = advice_about_weights(names); !found.empty()) return found;
  if (!safetensors.empty()) {
    return in_both(
        "there is neither model.safetensors nor model.safetensors.index.json, but {}. Open the file with the "
        "weights itself.",
        "model.safetensors도 model.safetensors.index.json도 없고 다른 파일만 있습니다: {}. 가중치 파일을 "
        "직접 열어 주세요.",
        first_of(safetensors));
  }
  if (has(names, "config.json")) {
    return {
        "there is a config.json, but no weights: model.safetensors, or model.safetensors.index.json with "
        "its files, was expected. Download them too.",
        "config.json은 있지만 가중치가 없습니다. model.safetensors, 또는 model.safetensors.index.json과 그 "
        "파일들이 있어야 합니다. 그것도 내려받아 주세요."};
  }
  const std::string found = first_of(names);
  return in_both(
      "this directory holds no model; config.json with model.safetensors, or a .gguf file, was expected, but "
      "there is {}. Name the directory or file of a model.",
      "이 폴더에는 모델이 없습니다. config.json과 model.safetensors, 또는 .gguf 파일이 있어야 하는데, 있는 "
      "것: {}. 모델의 폴더나 파일을 골라 주세요.",
      names.empty() ? Bilingual{"nothing", "없음"} : Bilingual{found, found});
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
  throw told<FileError>(
      "{}: this directory has {} GGUF models, but one was expected. Name the file that you want: {}.",
      "{}: 이 폴더에는 GGUF 모델이 {}개 있습니다. 원하는 파일을 골라 주세요: {}.", directory, models.size(),
      first_of(models));
}

void refuse_directory(const std::string& directory) {
  throw told<FileError>("{}: {}", "{}: {}", directory, advice(directory, names_in(directory)));
}

Bilingual pickle_advice() {
  constexpr const char* commands =
      "  python3 -c \"import transformers as t; n = t.AutoConfig.from_pretrained('DIR').architectures[0]; "
      "getattr(t, n).from_pretrained('DIR').save_pretrained('DIR-safetensors', safe_serialization=True)\"\n"
      "  python3 -c \"import transformers as t; "
      "t.AutoTokenizer.from_pretrained('DIR').save_pretrained('DIR-safetensors')\"";
  return in_both(
      "Convert it with these two commands, where DIR is the directory of the model, and open "
      "DIR-safetensors:\n{}",
      "다음 두 명령으로 변환한 다음(DIR은 모델의 폴더) DIR-safetensors 폴더를 열어 주세요:\n{}", commands);
}

}  // namespace headlight
