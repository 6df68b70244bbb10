// libFuzzer target for what a model says about itself: any JSON object, taken as config.json or, when it
// names an architecture as GGUF does, as GGUF's metadata. It is refused with a FileError, or the description
// is one that later steps can rely on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/errors.h"
#include "core/model/architecture_table.h"
#include "core/model_files/model_file.h"

namespace {

using namespace headlight;

void check(bool holds) {
  if (!holds) std::abort();
}

// A file that has these words and no tensors.
class WordsAlone final : public ModelFile {
 public:
  explicit WordsAlone(nlohmann::json words) : words_(std::move(words)) {}
  ModelFileKind kind() const override {
    return words_.contains("general.architecture") ? ModelFileKind::gguf : ModelFileKind::hugging_face;
  }
  const std::string& path() const override { return path_; }
  const std::vector<StoredTensor>& tensors() const override { return tensors_; }
  const nlohmann::json& metadata() const override { return words_; }
  std::int64_t byte_size() const override { return 0; }

 private:
  nlohmann::json words_;
  std::string path_ = "fuzz";
  std::vector<StoredTensor> tensors_;
};

void check_part(const ArchitectureDescription& a) {
  check(a.layers > 0 && a.d_model > 0 && a.heads > 0 && a.kv_heads > 0 && a.d_head > 0 && a.d_mlp > 0);
  check(a.heads % a.kv_heads == 0 && a.context > 0 && a.norm_epsilon > 0.0);
  check(a.local_layers.empty() || static_cast<std::int64_t>(a.local_layers.size()) == a.layers);
  for (const Rotary* rotary : {&a.rotary, &a.local_rotary}) {
    check(rotary->dimensions % 2 == 0 && rotary->dimensions <= a.d_head);
    if (rotary->dimensions < 4096) rotation_of(*rotary, a.context);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  nlohmann::json words = nlohmann::json::parse(input, input + size, nullptr, /*allow_exceptions=*/false);
  if (!words.is_object()) return 0;
  try {
    const ModelDescription description = describe_model(WordsAlone(std::move(words)));
    check_part(description.main.architecture);
    if (description.encoder) check_part(description.encoder->architecture);
  } catch (const FileError&) {
  }
  return 0;
}
