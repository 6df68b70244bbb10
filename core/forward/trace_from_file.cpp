// Reads the arrays, finds their hooks, checks every shape and fills a Trace.
#include "core/forward/trace_from_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "core/base/byte_reader.h"
#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/said_in_both.h"
#include "core/base/shown_text.h"
#include "core/forward/derived_architecture.h"
#include "core/forward/npz_file.h"
#include "core/model_files/safetensors_file.h"
#include "core/text/id_tokenizer.h"
#include "core/text/traced_tokenizer.h"

namespace headlight {
namespace {

constexpr std::int64_t most_layers = 10'000;
constexpr double largest_id = 4'000'000;

constexpr float lowest_score = -1e30F;

using Arrays = std::map<std::string, NumpyArray>;

class FileReader {
 public:
  FileReader(const std::string& path, std::shared_ptr<const Model> model, const std::string& name)
      : path_(path), model_(std::move(model)), name_(name) {}

  TraceFromFile read() {
    arrays_ = path_.ends_with(".npz") ? read_npz(path_) : read_tensors();
    const bool has_encoder = std::any_of(arrays_.begin(), arrays_.end(), [](const auto& entry) {
      return entry.first.starts_with("encoder.");
    });
    if (model_ && static_cast<bool>(model_->encoder) != has_encoder) {
      refuse(in_both("it has {} encoder, and the model {}", "파일에는 인코더가 {}, 모델에는 {}",
                     has_encoder ? Bilingual{"an", "있고"} : Bilingual{"no", "없고"},
                     model_->encoder ? Bilingual{"has one", "있습니다"} : Bilingual{"has none", "없습니다"}));
    }
    tokens_ = token_ids("tokens");
    if (has_encoder) source_tokens_ = token_ids("source_tokens");
    NamedArrays encoder = has_encoder ? named_arrays("encoder.") : NamedArrays();
    const NamedArrays own = named_arrays(has_encoder ? "decoder." : "");
    note_the_rest();
    if (!model_) model_ = shapes_alone(own, encoder, has_encoder);
    check_ids();
    give_own_tokens();
    auto trace = trace_of(model_, own, tokens_, source_tokens_.size());
    if (has_encoder) trace->set_source(trace_of(model_->encoder, encoder, source_tokens_, 0));
    TraceFromFile result;
    result.trace = std::move(trace);
    result.note = std::move(note_);
    return result;
  }

 private:
  [[noreturn]] void refuse(const Bilingual& sentence) const {
    throw told<FileError>("{}: {}.", "{}: {}.", path_, sentence);
  }

  Arrays read_tensors() const {
    const MappedFile file(path_);
    Arrays arrays;
    for (const StoredTensor& tensor : read_safetensors(path_, file.bytes())) {
      if (block_values(tensor.format) != 1) continue;
      NumpyArray& array = arrays[tensor.name];
      array.shape = tensor.shape;
      const std::int64_t bytes = block_bytes(tensor.format);
      const auto count = static_cast<std::int64_t>(tensor.bytes.size()) / bytes;
      array.values.reserve(static_cast<std::size_t>(count));
      for (std::int64_t i = 0; i < count; ++i) {
        const std::byte* at = tensor.bytes.data() + i * bytes;
        if (tensor.format == NumberFormat::i64) {
          array.values.push_back(static_cast<double>(little_endian<std::int64_t>(at)));
        } else {
          float value = 0.0F;
          decode_row(tensor.format, at, 1, &value);
          array.values.push_back(static_cast<double>(value));
        }
      }
    }
    return arrays;
  }

  // [pos] or [1, pos].
  std::vector<TokenId> token_ids(const char* name) {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) {
      refuse(in_both("there is no array '{}'; add the token ids, int64 [pos], under that name",
                     "'{}' 배열이 없습니다. 토큰 번호를 그 이름으로 넣어 주세요(int64 [pos])", name));
    }
    const NumpyArray& array = found->second;
    const bool has_batch = array.shape.size() == 2 && array.shape[0] == 1;
    if ((array.shape.size() != 1 && !has_batch) || array.values.empty()) {
      refuse(in_both("'{}' has the shape {}; expected [pos], the token ids of one text",
                     "'{}' 배열의 모양이 {}인데, 글 하나의 토큰 번호인 [pos]여야 합니다", name,
                     shape_text(array.shape)));
    }
    std::vector<TokenId> ids;
    for (const double value : array.values) {
      if (!(value >= 0.0 && value <= largest_id) || value != std::floor(value)) {
        refuse(in_both("'{}' has {}, which is no token id", "'{}' 배열에 토큰 번호가 아닌 값이 있습니다: {}",
                       name, value));
      }
      ids.push_back(static_cast<TokenId>(value));
    }
    arrays_.erase(found);
    return ids;
  }

  // What a name of the file is called here; empty: it is called by another one. TransformerLens 4 has
  // hook_normalized before gain and bias, hook_out behind them, and logits as the output of `unembed`.
  std::string own_name(const std::string& name) const {
    constexpr std::string_view out = ".hook_out", normalized = ".hook_normalized";
    const std::string stem = name.substr(0, name.rfind('.'));
    if (name.ends_with(out) && arrays_.contains(stem + std::string(normalized)))
      return stem + std::string(normalized);
    if (name.ends_with(normalized) && arrays_.contains(stem + std::string(out))) return "";
    if (name == "unembed.hook_out" && !arrays_.contains("logits")) return "logits";
    return name;
  }

  NamedArrays named_arrays(const std::string& prefix) {
    NamedArrays named;
    std::set<std::string> taken;
    for (auto& [name, array] : arrays_) {
      if (!name.starts_with(prefix)) continue;
      const std::string own = own_name(name);
      if (own.empty()) taken.insert(name);
      const std::optional<HookPlace> place =
          own.empty() ? std::nullopt : find_hook(std::string_view(own).substr(prefix.size()), most_layers);
      if (!place) continue;
      named.add(place->hook, place->layer, name, tensor_of(name, array, place->hook));
      taken.insert(name);
    }
    for (const std::string& name : taken) arrays_.erase(name);
    return named;
  }

  Tensor tensor_of(const std::string& name, NumpyArray& array, Hook hook) const {
    const HookInfo& info = hook_info(hook);
    const auto axes = static_cast<std::size_t>(info.axis_count);
    Shape shape = array.shape;
    if (shape.size() == axes + 1) {
      if (shape[0] != 1) {
        refuse(in_both("'{}' has the shape {}, a batch of {} texts; save one of them, for example value[0]",
                       "'{}' 배열의 모양이 {}이고 글 {}개의 묶음입니다. value[0]처럼 하나만 저장해 주세요",
                       name, shape_text(shape), shape[0]));
      }
      shape.erase(shape.begin());
    }
    if (shape.size() != axes || !array.texts.empty()) {
      refuse(in_both("'{}' has the shape {}; expected {} axes, or one more for a batch of 1",
                     "'{}' 배열의 모양이 {}인데, 축이 {}개(크기 1인 묶음이면 하나 더)여야 합니다", name,
                     shape_text(array.shape), axes));
    }
    if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
      refuse(in_both("'{}' has the shape {} and so no value", "'{}' 배열의 모양이 {}이라 값이 없습니다", name,
                     shape_text(array.shape)));
    }
    Tensor tensor(std::move(shape));
    std::transform(array.values.begin(), array.values.end(), tensor.writable(),
                   [](double value) { return static_cast<float>(value); });
    if (hook == Hook::attn_scores || hook == Hook::cross_attn_scores) {
      // Some mask with the lowest finite number of their type in place of -inf.
      float* scores = tensor.writable();
      std::replace_if(
          scores, scores + tensor.size(), [](float score) { return score < lowest_score; }, -INFINITY);
    }
    array.values = {};  // two copies of everything would be too much
    return tensor;
  }

  void note_the_rest() {
    const auto texts = arrays_.find("token_texts");
    if (texts != arrays_.end()) {
      token_texts_ = std::move(texts->second.texts);
      if (token_texts_.size() != tokens_.size()) {
        refuse(in_both("'token_texts' has the shape {}; expected a string for each of the {} tokens",
                       "'token_texts' 배열의 모양이 {}인데, 토큰 {}개마다 문자열이 하나씩 있어야 합니다",
                       shape_text(texts->second.shape), tokens_.size()));
      }
      arrays_.erase(texts);
    }
    if (arrays_.empty()) return;
    std::string names;
    int listed = 0;
    for (const auto& [name, array] : arrays_) {
      if (++listed > 5) break;
      names += (names.empty() ? "" : ", ") + in_quotes(name);
    }
    note_ = in_both("{} of the arrays are no values that Headlight knows, and are not shown: {}{}.",
                    "헤드라이트가 모르는 배열 {}개는 보여 드리지 않습니다: {}{}.", arrays_.size(), names,
                    arrays_.size() > 5 ? Bilingual{" and others", " 등"} : Bilingual{});
  }

  std::shared_ptr<Model> shapes_of(const NamedArrays& arrays, const std::vector<TokenId>& tokens,
                                   std::int64_t source, const std::vector<std::string>& texts) const {
    const TokenId largest = *std::max_element(tokens.begin(), tokens.end());
    auto model = std::make_shared<Model>();
    model->name = name_;
    model->title = std::filesystem::path(path_).filename().string();
    model->number_format = "F32";
    model->architecture =
        derived_architecture(arrays, static_cast<std::int64_t>(tokens.size()), source, largest,
                             [this](const Bilingual& sentence) { refuse(sentence); });
    model->tokenizer = std::make_shared<IdTokenizer>(model->architecture.vocabulary, tokens, texts);
    return model;
  }

  std::shared_ptr<const Model> shapes_alone(const NamedArrays& own, const NamedArrays& encoder,
                                            bool has_encoder) const {
    auto model = shapes_of(own, tokens_, static_cast<std::int64_t>(source_tokens_.size()), token_texts_);
    if (has_encoder) model->encoder = shapes_of(encoder, source_tokens_, 0, {});
    return model;
  }

  void check_ids() const {
    const auto check = [this](const char* name, const std::vector<TokenId>& ids, const Model& model) {
      const TokenId largest = ids.empty() ? 0 : *std::max_element(ids.begin(), ids.end());
      if (largest < model.architecture.vocabulary) return;
      refuse(in_both("'{}' has the id {}, and the model has {} tokens",
                     "'{}' 배열에 있는 번호({})가 모델에 없습니다. 모델의 토큰은 {}개입니다", name, largest,
                     model.architecture.vocabulary));
    };
    check("tokens", tokens_, *model_);
    if (model_->encoder) check("source_tokens", source_tokens_, *model_->encoder);
  }

  std::shared_ptr<Trace> trace_of(const std::shared_ptr<const Model>& model, const NamedArrays& arrays,
                                  const std::vector<TokenId>& tokens, std::size_t source) const {
    const ArchitectureDescription& a = model->architecture;
    const auto positions = static_cast<std::int64_t>(tokens.size());
    auto trace = std::make_shared<Trace>(model, tokens);
    for (const auto& [place, value] : arrays.values()) {
      const auto& [hook, layer] = place;
      if (!has_hook(hook, a) || (hook_info(hook).in_block && layer >= a.layers)) {
        refuse(in_both("'{}' is no value of this model, which has {} layers",
                       "이 모델에 없는 값입니다: '{}' (모델의 층은 {}개)", value.name, a.layers));
      }
      const Shape expected = hook_shape(hook, a, positions, static_cast<std::int64_t>(source));
      if (value.tensor.shape() != expected) {
        refuse(in_both("'{}' has the shape {}; expected {}", "'{}' 배열의 모양이 {}인데, {}여야 합니다",
                       value.name, shape_text(value.tensor.shape()), shape_text(expected)));
      }
      trace->set(hook, layer, value.tensor);
    }
    require_stream(*trace, arrays);
    return trace;
  }

  // What a block left is what the next one reads, so that either name will do.
  void require_stream(Trace& trace, const NamedArrays& arrays) const {
    const ArchitectureDescription& a = trace.model().architecture;
    for (std::int64_t layer = 0; layer < a.layers; ++layer) {
      if (trace.has(Hook::resid_post, layer)) continue;
      const auto* next = arrays.find(Hook::resid_pre, layer + 1);
      if (!next || a.wiring == Wiring::post_norm) {
        refuse(
            in_both("there is no array '{}'; save the whole cache, or at least the tokens and the stream "
                    "behind each block",
                    "'{}' 배열이 없습니다. 캐시 전체를, 적어도 토큰과 블록마다의 스트림을 저장해 주세요",
                    hook_name(Hook::resid_post, layer)));
      }
      trace.set(Hook::resid_post, layer, next->tensor);
    }
    if (!trace.complete()) {
      refuse(in_both("there is no array '{}', which this model ends with",
                     "이 모델의 마지막 값인 '{}' 배열이 없습니다", hook_name(last_hook(a), last_layer(a))));
    }
  }

  // A copy that shares everything but the tokenizer.
  static std::shared_ptr<const Model> with_own_tokens(const Model& model,
                                                      const std::shared_ptr<const Tokenizer>& rest,
                                                      const std::vector<TokenId>& ids) {
    auto copy = std::make_shared<Model>(model);
    if (rest) copy->tokenizer = std::make_shared<TracedTokenizer>(rest, ids);
    return copy;
  }

  void give_own_tokens() {
    std::shared_ptr<const Model> encoder = model_->encoder;
    if (encoder) {
      const auto& rest = encoder->tokenizer ? encoder->tokenizer : model_->tokenizer;
      encoder = with_own_tokens(*encoder, rest, source_tokens_);
    }
    auto own = std::make_shared<Model>(*with_own_tokens(*model_, model_->tokenizer, tokens_));
    own->encoder = std::move(encoder);
    model_ = std::move(own);
  }

  std::string path_;
  std::shared_ptr<const Model> model_;
  std::string name_;
  Arrays arrays_;  // those that nothing has been made of yet
  std::vector<TokenId> tokens_, source_tokens_;
  std::vector<std::string> token_texts_;
  Bilingual note_;
};

}  // namespace

TraceFromFile trace_from_file(const std::string& path, std::shared_ptr<const Model> model,
                              const std::string& name) {
  return FileReader(path, std::move(model), name).read();
}

}  // namespace headlight
