// File + description -> Model. Every shape is checked here, with numbers in the message; what a family stores
// in another form (fused, transposed, interleaved) is brought into the one that the forward pass reads.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/base/memory.h"
#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/catalog.h"
#include "core/model/model.h"
#include "core/model/model_tokenizer.h"
#include "core/model/stored_weights.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

// The names of one part, with the layer put in.
class Part {
 public:
  Part(StoredWeights& weights, const ModelPart& part)
      : weights_(weights), a_(part.architecture), part_(part) {}

  Weight matrix(const std::string& name, std::int64_t rows, std::int64_t columns, std::int64_t layer = 0) {
    return weights_.matrix(in_layer(name, layer), rows, columns);
  }

  Tensor bias(const std::string& weight_name, std::int64_t length, std::int64_t layer = 0) {
    return weights_.vector(bias_name(in_layer(weight_name, layer)), length);
  }

  NormWeights norm(const std::string& name, std::int64_t layer = 0) {
    NormWeights result;
    const std::string full = in_layer(name, layer);
    result.gain = weights_.norm_gain(full, a_.d_model, part_.form.gain_is_offset);
    if (a_.norm == Norm::layer) result.bias = weights_.norm_bias(full, a_.d_model);
    return result;
  }

  BlockWeights block(std::int64_t layer) {
    const WeightNames& names = part_.names;
    BlockWeights block;
    block.ln1 = norm(names.ln1, layer);
    if (a_.has_mlp()) block.ln2 = norm(names.ln2, layer);
    if (a_.sandwich_norms) {
      block.ln1_post = norm(names.ln1_post, layer);
      block.ln2_post = norm(names.ln2_post, layer);
    }
    block.attention = attention(layer);
    if (a_.cross_attention) {
      block.ln_cross = norm(names.ln_cross, layer);
      block.cross = projections(names.cross_q, names.cross_k, names.cross_v, names.cross_o, layer);
    }
    if (!a_.has_mlp()) return block;
    block.w_in = block_matrix(names.in, a_.d_mlp, a_.d_model, layer);
    if (a_.gated) block.w_gate = block_matrix(names.gate, a_.d_mlp, a_.d_model, layer);
    block.w_out = block_matrix(names.out, a_.d_model, a_.d_mlp, layer);
    if (a_.mlp_bias) {
      block.b_in = bias(names.in, a_.d_mlp, layer);
      if (a_.gated) block.b_gate = bias(names.gate, a_.d_mlp, layer);
      block.b_out = bias(names.out, a_.d_model, layer);
    }
    return block;
  }

 private:
  Weight block_matrix(const std::string& name, std::int64_t rows, std::int64_t columns, std::int64_t layer) {
    if (!part_.form.transposed) return matrix(name, rows, columns, layer);
    return transposed(matrix(name, columns, rows, layer), in_layer(name, layer));
  }

  AttentionWeights projections(const std::string& q, const std::string& k, const std::string& v,
                               const std::string& o, std::int64_t layer) {
    const std::int64_t q_rows = a_.heads * a_.d_head, kv_rows = a_.kv_heads * a_.d_head;
    AttentionWeights weights;
    weights.w_q = matrix(q, q_rows, a_.d_model, layer);
    weights.w_k = matrix(k, kv_rows, a_.d_model, layer);
    weights.w_v = matrix(v, kv_rows, a_.d_model, layer);
    if (a_.attention_bias) {
      weights.b_q = bias(q, q_rows, layer);
      weights.b_k = bias(k, kv_rows, layer);
      weights.b_v = bias(v, kv_rows, layer);
    }
    read_output(weights, o, layer);
    return weights;
  }

  void read_output(AttentionWeights& weights, const std::string& o, std::int64_t layer) {
    weights.w_o = block_matrix(o, a_.d_model, a_.heads * a_.d_head, layer);
    if (a_.attention_output_bias) weights.b_o = bias(o, a_.d_model, layer);
  }

  // q, k and v of one tensor; such families have as many key heads as query heads.
  AttentionWeights fused(std::int64_t layer) {
    const std::int64_t rows = a_.heads * a_.d_head;
    const std::string& name = part_.names.q;
    Weight all = block_matrix(name, 3 * rows, a_.d_model, layer);
    Tensor biases = a_.attention_bias ? bias(name, 3 * rows, layer) : Tensor();
    if (part_.form.fused == FusedQkv::per_head) {
      const RowOrder order = rows_by_part(a_.heads, a_.d_head);
      all = reordered(all, order);
      if (!biases.empty()) biases = reordered(biases, order);
    }
    AttentionWeights weights;
    weights.w_q = some_rows(all, 0, rows);
    weights.w_k = some_rows(all, rows, 2 * rows);
    weights.w_v = some_rows(all, 2 * rows, 3 * rows);
    if (!biases.empty()) {
      weights.b_q = biases.rows(0, rows);
      weights.b_k = biases.rows(rows, 2 * rows);
      weights.b_v = biases.rows(2 * rows, 3 * rows);
    }
    read_output(weights, part_.names.o, layer);
    return weights;
  }

  AttentionWeights attention(std::int64_t layer) {
    const WeightNames& names = part_.names;
    AttentionWeights weights = part_.form.fused == FusedQkv::no
                                   ? projections(names.q, names.k, names.v, names.o, layer)
                                   : fused(layer);
    if (part_.form.interleaved_rotary_rows) {
      const std::int64_t turning = a_.rotary.dimensions;
      const RowOrder q = half_split_rows(a_.heads, a_.d_head, turning);
      const RowOrder k = half_split_rows(a_.kv_heads, a_.d_head, turning);
      weights.w_q = reordered(weights.w_q, q);
      weights.w_k = reordered(weights.w_k, k);
      if (a_.attention_bias) {
        weights.b_q = reordered(weights.b_q, q);
        weights.b_k = reordered(weights.b_k, k);
      }
    }
    if (a_.query_key_norm) {
      const bool offset = part_.form.gain_is_offset;
      weights.q_norm = weights_.norm_gain(in_layer(names.q_norm, layer), a_.d_head, offset);
      weights.k_norm = weights_.norm_gain(in_layer(names.k_norm, layer), a_.d_head, offset);
    }
    return weights;
  }

  StoredWeights& weights_;
  const ArchitectureDescription& a_;
  const ModelPart& part_;
};

void load_embeddings(Part& part, const ModelPart& described, StoredWeights& weights, Model& model) {
  const ArchitectureDescription& a = model.architecture;
  const WeightNames& names = described.names;
  model.embedding = part.matrix(names.embedding, a.vocabulary, a.d_model);
  switch (a.positions) {
    case PositionTable::none:
      break;
    case PositionTable::learned: {
      const std::int64_t offset = described.form.position_offset;
      const Weight table = part.matrix(names.position_table, a.context + offset, a.d_model);
      model.position_table = some_rows(table, offset, offset + a.context);
      break;
    }
    case PositionTable::sinusoidal:
      require_memory(a.context * a.d_model * 4,
                     in_both("a table of {} positions", "위치 {}개의 표", a.context));
      model.position_table = sinusoidal_positions(a.context, a.d_model);
      break;
  }
  if (a.token_types) {
    model.token_types = part.matrix(names.token_types, weights.rows_of(names.token_types), a.d_model);
  }
  if (a.embedding_norm) model.embedding_norm = part.norm(names.embedding_norm);
  if (a.relative_buckets > 0)
    model.relative_bias = part.matrix(names.relative_bias, a.relative_buckets, a.heads);
}

void load_output(Part& part, const ModelPart& described, StoredWeights& weights, Model& model) {
  const ArchitectureDescription& a = model.architecture;
  const WeightNames& names = described.names;
  if (a.final_norm) model.ln_final = part.norm(names.ln_final);
  if (a.head == OutputHead::none) return;
  if (a.head != OutputHead::language_model) {
    model.head_dense = part.matrix(names.head_dense, a.d_model, a.d_model);
    model.head_bias = part.bias(names.head_dense, a.d_model);
  }
  if (a.head == OutputHead::masked_lm) model.head_norm = part.norm(names.head_norm);
  const std::int64_t rows = a.head == OutputHead::classifier ? a.labels : a.vocabulary;
  model.unembedding = a.tied_output ? model.embedding : part.matrix(names.unembedding, rows, a.d_model);
  if (a.output_bias) {
    const std::string name = names.output_bias.empty() ? bias_name(names.unembedding) : names.output_bias;
    model.output_bias = weights.vector(name, rows);
  }
}

std::shared_ptr<Model> load_part(const ModelPart& described, StoredWeights& weights) {
  auto model = std::make_shared<Model>();
  model->architecture = described.architecture;
  ArchitectureDescription& a = model->architecture;
  if (a.vocabulary == 0) a.vocabulary = weights.rows_of(described.names.embedding);
  ModelPart checked = described;
  checked.architecture = a;
  weights.describe(a);
  Part part(weights, checked);
  load_embeddings(part, checked, weights, *model);
  for (std::int64_t layer = 0; layer < a.layers; ++layer) model->blocks.push_back(part.block(layer));
  load_output(part, checked, weights, *model);
  return model;
}

// The format that holds most bytes, the embedding table left out.
std::string main_number_format(const ModelFile& file, const std::string& embedding) {
  std::map<NumberFormat, std::size_t> bytes;
  for (const StoredTensor& tensor : file.tensors()) {
    if (tensor.name != embedding) bytes[tensor.format] += tensor.bytes.size();
  }
  const auto largest = std::max_element(bytes.begin(), bytes.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  return largest == bytes.end() ? std::string() : std::string(number_format_name(largest->first));
}

std::string title_of(const ModelFile& file, const std::string& name) {
  if (const auto entry = find_in_catalog(name)) return entry->title;
  const auto found = file.metadata().find("general.name");
  if (found != file.metadata().end() && found->is_string()) return found->get<std::string>();
  if (file.kind() == ModelFileKind::hugging_face) {
    const std::filesystem::path folder = std::filesystem::path(file.path()).lexically_normal();
    return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  }
  return name;
}

}  // namespace

std::shared_ptr<Model> load_weights(std::shared_ptr<const ModelFile> file, const std::string& name) {
  require_memory(file->byte_size(), in_both("the model '{}'", "모델 '{}'", name));
  const ModelDescription description = describe_model(*file);
  StoredWeights weights(file);
  const std::shared_ptr<Model> model = load_part(description.main, weights);
  if (description.encoder) model->encoder = load_part(*description.encoder, weights);
  std::vector<std::string> ignored = description.main.form.ignored;
  weights.refuse_leftovers(ignored);

  model->name = name;
  model->title = title_of(*file, name);
  model->label_names = description.label_names;
  model->decoder_start = description.decoder_start;
  model->number_format = main_number_format(*file, description.main.names.embedding);
  model->file_bytes = file->byte_size();
  for (const StoredTensor& tensor : file->tensors()) {
    std::int64_t count = 1;
    for (const std::int64_t length : tensor.shape) count *= length;
    model->parameters += count;
  }
  return model;
}

std::shared_ptr<const Model> load_model(std::shared_ptr<const ModelFile> file, const std::string& name) {
  std::shared_ptr<Model> model = load_weights(file, name);
  model->tokenizer = model_tokenizer(*file, model->architecture.vocabulary);
  model->chat_template = model_chat_template(*file, *model->tokenizer);
  return model;
}

std::shared_ptr<const Model> load_model(const std::string& path, const std::string& name) {
  return load_model(open_model_file(path), name);
}

}  // namespace headlight
