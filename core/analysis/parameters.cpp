// Walks the weights in the order in which a forward pass reads them.
#include "core/analysis/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace headlight {
namespace {

struct Lister {
  std::vector<ParameterTensor> tensors;

  void add(const std::string& name, const Weight& weight) {
    if (weight.rows == 0 || weight.columns == 0) return;
    ParameterTensor tensor;
    tensor.name = name;
    tensor.shape = {weight.rows, weight.columns};
    tensor.format = weight.format;
    tensor.count = weight.rows * weight.columns;
    tensor.bytes = weight.byte_size();
    tensor.weight = weight;
    for (const ParameterTensor& other : tensors) {
      tensor.tied = tensor.tied || (weight.bytes != nullptr && other.weight.bytes == weight.bytes);
    }
    tensors.push_back(std::move(tensor));
  }
  void add(const std::string& name, const Tensor& values) {
    if (values.empty()) return;
    ParameterTensor tensor;
    tensor.name = name;
    tensor.shape = values.shape();
    tensor.count = values.size();
    tensor.bytes = values.size() * static_cast<std::int64_t>(sizeof(float));
    tensor.values = values;
    tensors.push_back(std::move(tensor));
  }
  void add(const std::string& name, const NormWeights& norm) {
    add(name + ".w", norm.gain);
    add(name + ".b", norm.bias);
  }
  void add(const std::string& name, const AttentionWeights& attention) {
    add(name + ".W_Q", attention.w_q);
    add(name + ".b_Q", attention.b_q);
    add(name + ".W_K", attention.w_k);
    add(name + ".b_K", attention.b_k);
    add(name + ".W_V", attention.w_v);
    add(name + ".b_V", attention.b_v);
    add(name + ".q_norm.w", attention.q_norm);
    add(name + ".k_norm.w", attention.k_norm);
    add(name + ".W_O", attention.w_o);
    add(name + ".b_O", attention.b_o);
  }
  void add(const std::string& name, const BlockWeights& block) {
    add(name + ".ln1", block.ln1);
    add(name + ".attn", block.attention);
    add(name + ".ln1_post", block.ln1_post);
    add(name + ".ln_cross", block.ln_cross);
    add(name + ".cross_attn", block.cross);
    add(name + ".ln2", block.ln2);
    add(name + ".mlp.W_gate", block.w_gate);
    add(name + ".mlp.b_gate", block.b_gate);
    add(name + ".mlp.W_in", block.w_in);
    add(name + ".mlp.b_in", block.b_in);
    add(name + ".mlp.W_out", block.w_out);
    add(name + ".mlp.b_out", block.b_out);
    add(name + ".ln2_post", block.ln2_post);
  }
  void add(const std::string& side, const Model& model) {
    add(side + "embed.W_E", model.embedding);
    add(side + "pos_embed.W_pos", model.position_table);
    add(side + "token_types", model.token_types);
    add(side + "embed.ln", model.embedding_norm);
    add(side + "relative_bias", model.relative_bias);
    for (std::size_t layer = 0; layer < model.blocks.size(); ++layer) {
      add(fmt::format("{}blocks.{}", side, layer), model.blocks[layer]);
    }
    add(side + "ln_final", model.ln_final);
    add(side + "head.W", model.head_dense);
    add(side + "head.b", model.head_bias);
    add(side + "head.ln", model.head_norm);
    add(side + "unembed.W_U", model.unembedding);
    add(side + "unembed.b_U", model.output_bias);
  }
};

// body(number) for each number of the tensor; report(part of it that is done) between rows.
template <class Body>
void for_each_value(const ParameterTensor& tensor, const std::function<void(float)>& report,
                    const Body& body) {
  if (!tensor.values.empty()) {
    for (const float value : tensor.values.values()) body(value);
    return;
  }
  constexpr std::int64_t rows_between = 64;
  for (std::int64_t row = 0; row < tensor.weight.rows; ++row) {
    if (row % rows_between == 0) report(static_cast<float>(row) / static_cast<float>(tensor.weight.rows));
    for (const float value : weight_row(tensor.weight, row)) body(value);
  }
}

}  // namespace

std::vector<ParameterTensor> parameter_tensors(const Model& model) {
  Lister lister;
  if (model.encoder) lister.add("encoder.", *model.encoder);
  lister.add(model.encoder ? "decoder." : "", model);
  return std::move(lister.tensors);
}

std::int64_t parameter_count(const std::vector<ParameterTensor>& tensors) {
  std::int64_t count = 0;
  for (const ParameterTensor& tensor : tensors) count += tensor.tied ? 0 : tensor.count;
  return count;
}

ValueHistogram value_histogram(const ParameterTensor& tensor, const std::function<void(float)>& report) {
  ValueHistogram result;
  result.least = std::numeric_limits<double>::infinity();
  result.largest = -std::numeric_limits<double>::infinity();
  double sum = 0.0, squares = 0.0;
  for_each_value(
      tensor, [&](float done) { report(0.5F * done); },
      [&](float value) {
        if (!std::isfinite(value)) {
          ++result.not_finite;
          return;
        }
        const auto exact = static_cast<double>(value);
        ++result.values;
        sum += exact;
        squares += exact * exact;
        result.least = std::min(result.least, exact);
        result.largest = std::max(result.largest, exact);
      });
  if (result.values == 0) {
    result.least = result.largest = 0.0;
    return result;
  }
  const auto count = static_cast<double>(result.values);
  result.mean = sum / count;
  result.deviation = std::sqrt(std::max(0.0, squares / count - result.mean * result.mean));
  result.limit = std::max(std::abs(result.least), std::abs(result.largest));
  const double scale =
      result.limit > 0.0 ? static_cast<double>(ValueHistogram::bins) / (2.0 * result.limit) : 0.0;
  for_each_value(
      tensor, [&](float done) { report(0.5F + 0.5F * done); },
      [&](float value) {
        if (!std::isfinite(value)) return;
        const double place = (static_cast<double>(value) + result.limit) * scale;
        const auto bin = std::min(static_cast<std::size_t>(place), ValueHistogram::bins - 1);
        ++result.counts[bin];
      });
  return result;
}

}  // namespace headlight
