// A recurrent language model: it reads one token after the other and remembers in a state of fixed size. For
// contrast with transformers, which look back at every token.
// Source: Cho et al. 2014, in PyTorch's form, whose names of tensors its files have.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/cpu/kernels.h"
#include "core/model/weight.h"
#include "core/text/tokenizer.h"
#include "core/training/backward_pass.h"
#include "core/training/parameter_list.h"

namespace headlight {

// config.json: {"model_type": "gru", "vocab_size": V, "hidden_size": W, "num_layers": L}
struct GruDescription {
  std::int64_t vocabulary = 0, width = 0, layers = 0;
};

// Nothing for a configuration of another model_type. Throws FileError for sizes that make no sense.
std::optional<GruDescription> describe_gru(const nlohmann::json& config);
std::vector<PlannedTensor> planned_tensors(const GruDescription& description);

struct GruLayer {
  Weight w_input, w_state;  // [3 width, width]: rows of the reset gate, the update gate and the new state
  Tensor b_input, b_state;  // [3 width]
};

struct GruModel {
  GruDescription description;
  Weight embedding;  // [vocabulary, width]; what the logits are made with, too
  std::vector<GruLayer> layers;
  std::shared_ptr<const Tokenizer> tokenizer;  // null where the files have none
};

// With i = W_input x + b_input and h = W_state s + b_state, each in three parts: reset r = sigmoid(i_r +
// h_r), update z = sigmoid(i_z + h_z), new n = tanh(i_n + r h_n); the state becomes (1 - z) n + z s.
struct GruTrace {
  struct Layer {
    Tensor reads;   // x [pos, width]
    Tensor states;  // [pos + 1, width]: row 0 is the state before the first token
    Tensor gates;   // r, z, n [pos, 3 width]
    Tensor hidden;  // h_n [pos, width]
  };
  std::vector<TokenId> tokens;
  std::vector<Layer> layers;
  Tensor logits;  // [pos, vocabulary]
};

// Reads tokens, at least one, on from a state [layers, width]; an empty one is all zeros.
GruTrace gru_pass(const GruModel& model, Backend& backend, const Kernels& kernels,
                  std::span<const TokenId> tokens, const Tensor& state = {});
// The state behind the last token, to go on from.
Tensor last_state(const GruTrace& trace);

// Adds d loss / d weight of one text to `gradients`, back through all of its tokens. Source: Werbos 1990.
void gru_backward_pass(const GruModel& model, const GruTrace& trace, const OutputGradient& output,
                       const Kernels& kernels, GradientOperations& operations, Gradients& gradients);

}  // namespace headlight
