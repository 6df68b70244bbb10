// File + architecture table -> Model. Every shape is checked here, with numbers in the message.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "core/base/errors.h"
#include "core/model/architecture_table.h"
#include "core/model/catalog.h"
#include "core/model/model.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

std::string in_layer(std::string name, std::int64_t layer) {
  const std::size_t place = name.find("{l}");
  return place == std::string::npos ? name : name.replace(place, 3, std::to_string(layer));
}

// Hands out the file's tensors after checking their shapes, and remembers which were asked for.
class Weights {
 public:
  explicit Weights(std::shared_ptr<const ModelFile> file, const ArchitectureDescription& architecture)
      : file_(std::move(file)), architecture_(architecture) {}

  Weight matrix(const std::string& name, std::int64_t rows, std::int64_t columns) {
    const StoredTensor& stored = checked(name, {rows, columns});
    return {stored.format, rows, columns, stored.bytes.data(), file_};
  }

  Tensor vector(const std::string& name, std::int64_t length) {
    const StoredTensor& stored = checked(name, {length});
    Tensor values({length});
    decode_row(stored.format, stored.bytes.data(), length, values.writable());
    return values;
  }

  // A tensor that nobody asked for would change the result: it is refused, not ignored.
  void refuse_leftovers() const {
    for (const StoredTensor& stored : file_->tensors()) {
      if (!used_.contains(stored.name)) {
        throw FileError(
            fmt::format("{}: the tensor '{}' {} is not part of the {} models that this version computes.",
                        file_->path(), stored.name, shape_text(stored.shape), architecture_.family));
      }
    }
  }

 private:
  const StoredTensor& checked(const std::string& name, const Shape& expected) {
    const StoredTensor* stored = file_->find(name);
    if (!stored) {
      throw FileError(fmt::format("{}: the tensor '{}' is missing; the file is incomplete, fetch it again.",
                                  file_->path(), name));
    }
    if (stored->shape != expected) {
      throw FileError(fmt::format(
          "{}: the tensor '{}' has shape {}, but {} layers of width {} with {} and {} heads need {}. "
          "The weights and their description do not belong together; fetch the file again.",
          file_->path(), name, shape_text(stored->shape), architecture_.layers, architecture_.d_model,
          architecture_.heads, architecture_.kv_heads, shape_text(expected)));
    }
    used_.insert(name);
    return *stored;
  }

  std::shared_ptr<const ModelFile> file_;
  const ArchitectureDescription& architecture_;
  std::set<std::string> used_;
};

// GGUF puts rotary pair i of a head into rows 2i and 2i+1; Hugging Face into rows i and i + d/2.
// Rows are packed one by one, so they can be moved without unpacking.
Weight in_half_split_order(const Weight& weight, std::int64_t heads, std::int64_t dimensions) {
  const auto row_size = static_cast<std::size_t>(row_bytes(weight.format, weight.columns));
  const std::int64_t head_rows = weight.rows / heads;
  auto bytes = std::make_shared<std::vector<std::byte>>(row_size * static_cast<std::size_t>(weight.rows));
  for (std::int64_t row = 0; row < weight.rows; ++row) {
    const std::int64_t head_start = row - row % head_rows;
    std::int64_t source = row % head_rows;
    if (source < dimensions) {
      source = source < dimensions / 2 ? 2 * source : 2 * (source - dimensions / 2) + 1;
    }
    std::memcpy(bytes->data() + static_cast<std::size_t>(row) * row_size,
                weight.bytes + static_cast<std::size_t>(head_start + source) * row_size, row_size);
  }
  Weight moved = weight;
  moved.bytes = bytes->data();
  moved.owner = bytes;
  return moved;
}

BlockWeights load_block(Weights& weights, const ArchitectureEntry& entry, const ArchitectureDescription& a,
                        std::int64_t layer) {
  const WeightNames& names = entry.names;
  const std::int64_t q_rows = a.heads * a.d_head;
  const std::int64_t kv_rows = a.kv_heads * a.d_head;
  BlockWeights block;
  block.ln1_gain = weights.vector(in_layer(names.ln1, layer), a.d_model);
  block.ln2_gain = weights.vector(in_layer(names.ln2, layer), a.d_model);
  block.w_q = weights.matrix(in_layer(names.q, layer), q_rows, a.d_model);
  block.w_k = weights.matrix(in_layer(names.k, layer), kv_rows, a.d_model);
  block.w_v = weights.matrix(in_layer(names.v, layer), kv_rows, a.d_model);
  block.w_o = weights.matrix(in_layer(names.o, layer), a.d_model, q_rows);
  block.w_gate = weights.matrix(in_layer(names.gate, layer), a.d_mlp, a.d_model);
  block.w_in = weights.matrix(in_layer(names.in, layer), a.d_mlp, a.d_model);
  block.w_out = weights.matrix(in_layer(names.out, layer), a.d_model, a.d_mlp);
  if (entry.interleaved_rotary_rows) {
    block.w_q = in_half_split_order(block.w_q, a.heads, a.rotary_dimensions);
    block.w_k = in_half_split_order(block.w_k, a.kv_heads, a.rotary_dimensions);
  }
  return block;
}

std::string text_value(const ModelFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  return found != file.metadata().end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The format that holds most bytes.
std::string main_number_format(const ModelFile& file) {
  std::map<NumberFormat, std::size_t> bytes;
  for (const StoredTensor& tensor : file.tensors()) {
    if (tensor.name != "token_embd.weight") bytes[tensor.format] += tensor.bytes.size();
  }
  const auto largest = std::max_element(bytes.begin(), bytes.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  return largest == bytes.end() ? std::string() : std::string(number_format_name(largest->first));
}

}  // namespace

std::shared_ptr<const Model> load_model(std::shared_ptr<const ModelFile> file, const std::string& name) {
  const ArchitectureEntry& entry = architecture_entry(*file);
  auto model = std::make_shared<Model>();
  ArchitectureDescription& a = model->architecture;
  a = entry.describe(*file);
  model->tokenizer = tokenizer_from_gguf(file->metadata(), file->path());
  a.vocabulary = model->tokenizer->vocabulary_size();

  Weights weights(file, a);
  model->embedding = weights.matrix(entry.names.embedding, a.vocabulary, a.d_model);
  model->ln_final_gain = weights.vector(entry.names.ln_final, a.d_model);
  model->unembedding =
      a.tied_output ? model->embedding : weights.matrix(entry.names.unembedding, a.vocabulary, a.d_model);
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    model->blocks.push_back(load_block(weights, entry, a, layer));
  }
  weights.refuse_leftovers();

  model->name = name;
  const auto entry_of_name = find_in_catalog(name);
  model->title = entry_of_name ? entry_of_name->title : text_value(*file, "general.name");
  if (model->title.empty()) model->title = name;
  model->number_format = main_number_format(*file);
  for (const StoredTensor& tensor : file->tensors()) {
    std::int64_t count = 1;
    for (const std::int64_t length : tensor.shape) count *= length;
    model->parameters += count;
    model->file_bytes += static_cast<std::int64_t>(tensor.bytes.size());
  }
  return model;
}

std::shared_ptr<const Model> load_model(const std::string& path, const std::string& name) {
  return load_model(open_model_file(path), name);
}

}  // namespace headlight
