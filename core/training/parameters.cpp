// A file of weights in memory: the model is loaded from it as from any other, and its weights lie in the
// block.
#include "core/training/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/errors.h"
#include "core/base/float_pool.h"
#include "core/base/memory.h"
#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/model_tokenizer.h"
#include "core/model_files/model_file.h"
#include "core/training/gru.h"
#include "core/training/parameter_list.h"
#include "core/training/random_numbers.h"

namespace headlight {
namespace {

class FileInMemory final : public ModelFile {
 public:
  // For plan_of() alone: these files, with tensors that lie elsewhere.
  FileInMemory(const ModelFiles& files, const ModelFile* trained) : files_(files) {
    if (trained == nullptr) return;
    tensors_ = trained->tensors();
    path_ = trained->path();
  }

  FileInMemory(const ModelFiles& files, std::shared_ptr<const float[]> block,
               const std::vector<Parameter>& list)
      : files_(files), block_(std::move(block)) {
    for (const Parameter& parameter : list) {
      const auto values = std::span(block_.get() + parameter.first, static_cast<std::size_t>(parameter.size));
      tensors_.push_back({parameter.name, NumberFormat::f32, parameter.shape, std::as_bytes(values)});
      bytes_ += static_cast<std::int64_t>(values.size_bytes());
    }
  }

  ModelFileKind kind() const override { return ModelFileKind::hugging_face; }
  const std::string& path() const override { return path_; }
  const std::vector<StoredTensor>& tensors() const override { return tensors_; }
  const nlohmann::json& metadata() const override { return files_.config; }
  std::int64_t byte_size() const override { return bytes_; }
  std::optional<std::string> companion(std::string_view name) const override {
    const auto found = files_.companions.find(std::string(name));
    return found == files_.companions.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  ModelFiles files_;
  std::shared_ptr<const float[]> block_;
  std::vector<StoredTensor> tensors_;
  std::int64_t bytes_ = 0;
  std::string path_ = "the model in training";
};

[[noreturn]] void refuse(const Bilingual& what) {
  throw told<FileError>("this model {}, which this version computes but does not train.",
                        "이 모델은 {}. 이 버전은 그런 모델을 계산은 하지만 학습시키지는 않습니다.", what);
}

void check_trainable(const ModelPart& part) {
  const ArchitectureDescription& a = part.architecture;
  if (part.form.fused != FusedQkv::no || part.form.transposed || part.form.interleaved_rotary_rows ||
      part.form.gain_is_offset) {
    refuse(in_both("is of the family '{}', whose files hold their weights in another order",
                   "'{}' 계열이라 파일에 든 가중치의 순서가 다릅니다", a.family));
  }
  if (a.sandwich_norms) refuse({"has norms behind its parts", "어텐션과 MLP 뒤에서도 정규화합니다"});
  if (a.query_key_norm) refuse({"has norms of its queries and keys", "쿼리와 키를 정규화합니다"});
  if (a.attention_soft_cap > 0.0 || a.logit_soft_cap > 0.0)
    refuse({"caps its scores or logits", "점수나 로짓에 한계를 둡니다"});
  if (a.relative_buckets > 0) refuse({"has a relative position bias", "상대 위치 편향을 씁니다"});
  if (a.pooling != Pooling::none) refuse({"ends in a sentence embedding", "문장 임베딩을 냅니다"});
}

// Rows of the table of token types, as BERT and RoBERTa configure it.
std::int64_t token_type_rows(const nlohmann::json& config) {
  const auto found = config.find("type_vocab_size");
  if (found == config.end()) return 2;
  if (!found->is_number_integer() || *found < 1 || *found > 1024) {
    throw FileError(fmt::format(
        "the key 'type_vocab_size' of the model is {}, but a whole number from 1 to 1024 was expected.",
        found->dump()));
  }
  return found->get<std::int64_t>();
}

std::string family_of(const nlohmann::json& config) {
  const auto found = config.find("model_type");
  return found != config.end() && found->is_string() ? found->get<std::string>() : "";
}

void check_same_family(const ModelFiles& files, const ModelFile& trained) {
  if (trained.kind() != ModelFileKind::hugging_face) {
    throw told<FileError>("{}: a folder with config.json and model.safetensors was expected to start from.",
                          "{}: 이어서 학습하려면 config.json과 model.safetensors가 있는 폴더여야 합니다.",
                          trained.path());
  }
  const std::string wanted = family_of(files.config), found = family_of(trained.metadata());
  if (wanted != found) {
    throw told<FileError>(
        "{}: is of the family '{}', but the configuration asks for '{}'. Start from a model of the same "
        "family, or leave \"model_type\" out.",
        "{}: 모델의 계열은 '{}'인데, 설정의 계열은 '{}'입니다. 같은 계열의 모델에서 시작하거나 "
        "\"model_type\"을 빼 주세요.",
        trained.path(), found, wanted);
  }
}

// The tensor of that name, or of the name that files of before 2019 have for it.
const StoredTensor* stored_in(const ModelFile& trained, const std::string& name) {
  if (const StoredTensor* stored = trained.find(name)) return stored;
  if (name.ends_with(".weight")) return trained.find(name.substr(0, name.size() - 6) + "gamma");
  if (name.ends_with(".bias")) return trained.find(name.substr(0, name.size() - 4) + "beta");
  return nullptr;
}

void check_finite(std::span<const float> values, const std::string& path, const std::string& name) {
  const auto bad = std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
  if (bad == values.end()) return;
  throw told<FileError>(
      "{}: the tensor '{}' has {} at place {}, but only finite numbers can be trained: the model is damaged "
      "or ran away. Start from another one.",
      "{}: '{}' 텐서에 유한하지 않은 값({})이 있습니다({}번째). 모델이 손상되었거나 학습이 발산했으니 다른 "
      "모델에서 시작해 주세요.",
      path, name, *bad, bad - values.begin());
}

std::vector<PlannedTensor> plan_of(const ModelFile& file) {
  if (const auto gru = describe_gru(file.metadata())) return planned_tensors(*gru);
  const ModelDescription description = describe_hugging_face(file);
  check_trainable(description.main);
  if (description.encoder) check_trainable(*description.encoder);
  return planned_tensors(description, token_type_rows(file.metadata()));
}

}  // namespace

ModelFiles model_files(const ModelFile& file) {
  ModelFiles files{file.metadata(), {}};
  for (const std::string_view name : companion_names()) {
    if (std::optional<std::string> text = file.companion(name)) {
      files.companions.emplace(name, std::move(*text));
    }
  }
  return files;
}

Parameters::Parameters(ModelFiles files, std::uint64_t seed) : files_(std::move(files)) {
  draw(nullptr, seed);
  make_model();
}

Parameters::Parameters(ModelFiles files, const ModelFile& trained, std::uint64_t seed)
    : files_(std::move(files)) {
  check_same_family(files_, trained);
  draw(&trained, seed);
  bool any = false;
  for (Parameter& parameter : list_) {
    const StoredTensor* stored = stored_in(trained, parameter.name);
    if (stored == nullptr) continue;
    any = true;
    if (stored->shape == Shape{1, parameter.size}) parameter.shape = stored->shape;  // a row, as some write
    if (stored->shape != parameter.shape || !is_weight_format(stored->format)) {
      throw told<FileError>(
          "{}: the tensor '{}' is {} {}, but the configuration asks for {} in a number format of weights. "
          "Give "
          "the configuration the shape of this model, or start from another one.",
          "{}: '{}' 텐서는 {} {}인데, 설정이 바라는 모양은 {}이고 수 형식은 가중치의 것이어야 합니다. 설정을 "
          "이 모델에 맞추거나 다른 모델에서 시작해 주세요.",
          trained.path(), parameter.name, number_format_name(stored->format), shape_text(stored->shape),
          shape_text(parameter.shape));
    }
    float* values = block_.get() + parameter.first;
    decode_row(stored->format, stored->bytes.data(), parameter.size, values);
    check_finite({values, static_cast<std::size_t>(parameter.size)}, trained.path(), parameter.name);
  }
  if (!any) {
    throw told<FileError>(
        "{}: has none of the tensors of the configuration ('{}' and {} others); start from a model of the "
        "same "
        "family.",
        "{}: 설정에 있는 텐서가 하나도 없습니다('{}' 등, 나머지 {}개). 같은 계열의 모델에서 시작해 주세요.",
        trained.path(), list_.front().name, list_.size() - 1);
  }
  make_model();
}

void Parameters::draw(const ModelFile* trained, std::uint64_t seed) {
  const std::vector<PlannedTensor> plan = plan_of(FileInMemory(files_, trained));
  for (const PlannedTensor& tensor : plan) {
    std::int64_t size = 1;
    for (const std::int64_t length : tensor.shape) size *= length;
    list_.push_back({tensor.name, tensor.shape, size_, size});
    size_ += (size + 15) / 16 * 16;  // each begins at a multiple of 64 bytes
  }
  require_memory(size_ * static_cast<std::int64_t>(sizeof(float)) * 6,
                 {"training a model of this size", "이 크기의 모델 학습"});
  block_ = pooled_floats(static_cast<std::size_t>(size_));
  std::fill_n(block_.get(), size_, 0.0F);
  RandomNumbers random(seed);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    float* values = block_.get() + list_[i].first;
    for (std::int64_t n = 0; n < list_[i].size; ++n) {
      if (plan[i].beginning == Beginning::ones) values[n] = 1.0F;
      if (plan[i].beginning == Beginning::normal) {
        values[n] = static_cast<float>(random.normal() * normal_deviation / plan[i].shrink);
      }
    }
  }
}

void Parameters::make_model() {
  const auto file = std::make_shared<const FileInMemory>(files_, block_, list_);
  const bool has_tokenizer = files_.companions.contains("tokenizer.json");
  if (const auto description = describe_gru(files_.config)) {
    const auto gru = std::make_shared<GruModel>(make_gru(*description));
    if (has_tokenizer) gru->tokenizer = model_tokenizer(*file, description->vocabulary);
    gru_ = gru;
    return;
  }
  model_ = has_tokenizer ? load_model(file, "training") : load_weights(file, "training");
}

// Its tensors in the order of planned_tensors().
GruModel Parameters::make_gru(const GruDescription& description) const {
  auto next = list_.begin();
  const auto matrix = [&] {
    const Parameter& at = *next++;
    return Weight{NumberFormat::f32, at.shape[0], at.shape[1],
                  reinterpret_cast<const std::byte*>(block_.get() + at.first), block_};
  };
  const auto bias = [&] {
    const Parameter& at = *next++;
    return Tensor::view(at.shape, block_, block_.get() + at.first);
  };
  GruModel gru{description, matrix(), {}, nullptr};
  for (std::int64_t layer = 0; layer < description.layers; ++layer) {
    GruLayer& made = gru.layers.emplace_back();
    made.w_input = matrix();
    made.w_state = matrix();
    made.b_input = bias();
    made.b_state = bias();
  }
  return gru;
}

std::shared_ptr<const GruModel> load_gru(const ModelFile& file) {
  if (!describe_gru(file.metadata())) return nullptr;
  return Parameters(model_files(file), file, /*seed=*/1).gru();
}

const std::shared_ptr<const Tokenizer>& Parameters::tokenizer() const {
  return gru_ ? gru_->tokenizer : model_->tokenizer;
}

std::int64_t Parameters::place(const void* weight) const {
  const auto* at = static_cast<const float*>(weight);
  const std::less<const float*> before;
  if (before(at, block_.get()) || !before(at, block_.get() + size_)) return -1;
  return at - block_.get();
}

}  // namespace headlight
