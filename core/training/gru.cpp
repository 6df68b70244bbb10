// What does not depend on the state before is computed for all tokens at once; the rest one token after the
// other.
#include "core/training/gru.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/training/config_object.h"

namespace headlight {
namespace {

const float* floats_of(const Weight& weight) {
  if (weight.format != NumberFormat::f32) throw std::logic_error("only float32 weights are trained");
  return reinterpret_cast<const float*>(weight.bytes);
}

// Values in place. sigmoid(x) = (1 + tanh(x / 2)) / 2; the kernel gives 2 tanh(x / 2).
void sigmoid(const Kernels& kernels, std::int64_t count, float* x) {
  kernels.tanh(x, count, 2.0F, x);
  for (std::int64_t i = 0; i < count; ++i) x[i] = 0.5F + 0.25F * x[i];
}

// `inputs` [pos, 3 width] is what the tokens say to the three parts.
GruTrace::Layer run_layer(const GruLayer& layer, const Kernels& kernels, Tensor reads, const Tensor& inputs,
                          const float* state) {
  const std::int64_t positions = reads.axis(0), width = reads.axis(1);
  GruTrace::Layer result{std::move(reads), Tensor({positions + 1, width}), Tensor({positions, 3 * width}),
                         Tensor({positions, width})};
  float* states = result.states.writable();
  float* gates = result.gates.writable();
  float* hidden = result.hidden.writable();
  std::fill_n(states, width, 0.0F);
  if (state != nullptr) std::copy_n(state, width, states);
  const PackedRows rows = {NumberFormat::f32, reinterpret_cast<const unsigned char*>(layer.w_state.bytes),
                           width * static_cast<std::int64_t>(sizeof(float)), 3 * width};
  std::vector<float> says(static_cast<std::size_t>(3 * width));  // of the state before
  float* h = says.data();
  for (std::int64_t position = 0; position < positions; ++position) {
    const float* before = states + position * width;
    float* after = states + (position + 1) * width;
    float* gate = gates + position * 3 * width;
    float* fresh = gate + 2 * width;
    const float* input = inputs.data() + position * 3 * width;
    kernels.product({before, width, 1}, rows, width, nullptr, h, 3 * width);
    kernels.add(h, layer.b_state.data(), 3 * width, h);
    kernels.add(input, h, 2 * width, gate);
    sigmoid(kernels, 2 * width, gate);
    std::copy_n(h + 2 * width, width, hidden + position * width);
    kernels.multiply(gate, h + 2 * width, width, fresh);
    kernels.add(fresh, input + 2 * width, width, fresh);
    kernels.tanh(fresh, width, 1.0F, fresh);
    const float* update = gate + width;
    for (std::int64_t i = 0; i < width; ++i) after[i] = fresh[i] + update[i] * (before[i] - fresh[i]);
  }
  return result;
}

// From the derivative by the states of a layer to that by what it reads.
Tensor backward_layer(const GruLayer& layer, const GruTrace::Layer& trace, const Tensor& d_states,
                      const Kernels& kernels, GradientOperations& operations, Gradients& gradients) {
  const std::int64_t positions = d_states.axis(0), width = d_states.axis(1);
  Tensor d_input({positions, 3 * width}), d_hidden({positions, 3 * width});  // of i and of h
  float* d_i = d_input.writable();
  float* d_h = d_hidden.writable();
  std::vector<float> later(static_cast<std::size_t>(width), 0.0F);  // what the tokens behind say of the state
  float* d_state = later.data();
  for (std::int64_t position = positions - 1; position >= 0; --position) {
    const float* gate = trace.gates.data() + position * 3 * width;
    const float* before = trace.states.data() + position * width;
    const float* hidden = trace.hidden.data() + position * width;
    float* at_i = d_i + position * 3 * width;
    float* at_h = d_h + position * 3 * width;
    kernels.add(d_state, d_states.data() + position * width, width, d_state);
    for (std::int64_t i = 0; i < width; ++i) {
      const float reset = gate[i], update = gate[width + i], fresh = gate[2 * width + i];
      const float d = d_state[i];
      const float d_fresh = d * (1.0F - update) * (1.0F - fresh * fresh);
      at_i[i] = d_fresh * hidden[i] * reset * (1.0F - reset);
      at_i[width + i] = d * (before[i] - fresh) * update * (1.0F - update);
      at_i[2 * width + i] = d_fresh;
      at_h[i] = at_i[i];
      at_h[width + i] = at_i[width + i];
      at_h[2 * width + i] = d_fresh * reset;
      d_state[i] = d * update;
    }
    kernels.add_product(at_h, 3 * width, 1, {floats_of(layer.w_state), width, 3 * width}, 1, width, d_state,
                        width);
  }
  operations.linear_weights(d_input, trace.reads, gradients.of(layer.w_input), gradients.of(layer.b_input));
  operations.linear_weights(d_hidden, trace.states.leading(positions), gradients.of(layer.w_state),
                            gradients.of(layer.b_state));
  Tensor d_reads = zeros({positions, width});
  operations.linear_input(d_input, layer.w_input, d_reads.writable());
  return d_reads;
}

}  // namespace

std::optional<GruDescription> describe_gru(const nlohmann::json& config) {
  if (!config.is_object() || config.value("model_type", nlohmann::json()) != "gru") return std::nullopt;
  const std::string path = "config.json";
  const ConfigObject object(config, path, "");
  return GruDescription{object.whole("vocab_size", 1, 1 << 20), object.whole("hidden_size", 1, 1 << 14),
                        object.whole("num_layers", 1, 64)};
}

// PyTorch draws the matrices of a layer from ±1/√width, whose deviation is 1/√(3 width). The embedding, which
// is the output layer too, begins with rows of length 1: much smaller ones would hardly move the state.
std::vector<PlannedTensor> planned_tensors(const GruDescription& description) {
  const std::int64_t width = description.width;
  const double unit = normal_deviation * std::sqrt(static_cast<double>(width));
  const double shrink = unit * std::sqrt(3.0);
  std::vector<PlannedTensor> tensors = {
      {"embedding.weight", {description.vocabulary, width}, Beginning::normal, unit}};
  for (std::int64_t layer = 0; layer < description.layers; ++layer) {
    const std::string end = "_l" + std::to_string(layer);
    tensors.push_back({"gru.weight_ih" + end, {3 * width, width}, Beginning::normal, shrink});
    tensors.push_back({"gru.weight_hh" + end, {3 * width, width}, Beginning::normal, shrink});
    tensors.push_back({"gru.bias_ih" + end, {3 * width}, Beginning::zeros, 1.0});
    tensors.push_back({"gru.bias_hh" + end, {3 * width}, Beginning::zeros, 1.0});
  }
  return tensors;
}

GruTrace gru_pass(const GruModel& model, Backend& backend, const Kernels& kernels,
                  std::span<const TokenId> tokens, const Tensor& state) {
  GruTrace trace;
  trace.tokens.assign(tokens.begin(), tokens.end());
  Tensor stream = backend.embed(model.embedding, tokens);
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    const GruLayer& weights = model.layers[layer];
    const Tensor inputs = backend.linear(stream, weights.w_input, weights.b_input);
    const std::int64_t before = static_cast<std::int64_t>(layer) * model.description.width;
    trace.layers.push_back(run_layer(weights, kernels, std::move(stream), inputs,
                                     state.empty() ? nullptr : state.data() + before));
    stream = trace.layers.back().states.rows(1, trace.layers.back().states.axis(0));
  }
  trace.logits = backend.linear(stream, model.embedding);
  return trace;
}

Tensor last_state(const GruTrace& trace) {
  const Tensor& first = trace.layers.front().states;
  const std::int64_t positions = first.axis(0) - 1, width = first.axis(1);
  Tensor state({static_cast<std::int64_t>(trace.layers.size()), width});
  float* out = state.writable();
  for (const GruTrace::Layer& layer : trace.layers) {
    out = std::copy_n(layer.states.data() + positions * width, width, out);
  }
  return state;
}

void gru_backward_pass(const GruModel& model, const GruTrace& trace, const OutputGradient& output,
                       const Kernels& kernels, GradientOperations& operations, Gradients& gradients) {
  const auto positions = static_cast<std::int64_t>(trace.tokens.size());
  const std::int64_t width = model.description.width;
  const Tensor& states = trace.layers.back().states;
  const auto scored = static_cast<std::int64_t>(output.positions.size());
  Tensor said({scored, width}), d_said = zeros({scored, width}), d_states = zeros({positions, width});
  float* row = said.writable();
  for (const std::int64_t position : output.positions) {
    row = std::copy_n(states.data() + (position + 1) * width, width, row);
  }
  operations.linear_weights(output.values, said, gradients.of(model.embedding), nullptr);
  operations.linear_input(output.values, model.embedding, d_said.writable());
  float* d = d_states.writable();
  for (std::int64_t i = 0; i < scored; ++i) {
    std::copy_n(d_said.data() + i * width, width, d + output.positions[static_cast<std::size_t>(i)] * width);
  }
  for (std::size_t layer = model.layers.size(); layer-- > 0;) {
    d_states =
        backward_layer(model.layers[layer], trace.layers[layer], d_states, kernels, operations, gradients);
  }
  operations.embed(d_states, trace.tokens, 1.0, gradients.of(model.embedding));
}

}  // namespace headlight
