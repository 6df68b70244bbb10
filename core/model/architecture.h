// What a model is, as data. The forward pass walks this; nothing else knows what families exist.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headlight {

enum class Norm { layer, rms };                               // with its mean taken off, or not
enum class Activation { silu, gelu, gelu_tanh, relu, tanh };  // gelu: with erf; gelu_tanh: its approximation
// Where a block's norms stand: before each part; the same with attention and MLP side by side; after each
// part, on the stream itself (the original transformer).
enum class Wiring { sequential, parallel, post_norm };
enum class PositionTable { none, learned, sinusoidal };  // added to the embeddings
enum class RotaryScaling { none, linear, dynamic, yarn, llama3 };
// What stands behind the last block: next-token (or masked-token) logits straight from the stream, logits
// behind a small network of their own, classes of the whole text, or nothing.
enum class OutputHead { language_model, masked_lm, classifier, none };
enum class Pooling { none, first, mean };  // of a sentence encoder

// How queries and keys turn with their position.
struct Rotary {
  std::int64_t dimensions = 0;  // the first ones of each head, in Hugging Face's half-split order; 0: none
  double base = 10000.0;
  RotaryScaling scaling = RotaryScaling::none;
  double factor = 1.0;
  std::int64_t original_context = 0;  // dynamic, yarn, llama3: the positions that were trained unscaled
  double beta_fast = 32.0, beta_slow = 1.0;    // yarn: turns in that context between which it blends
  bool whole_dimensions = true;                // yarn: the blend begins and ends at whole dimensions
  double magnitude = 1.0;                      // yarn: what cosine and sine are multiplied with
  double low_factor = 1.0, high_factor = 4.0;  // llama3: wavelengths kept and wavelengths stretched
  std::vector<double> divisors;  // of each frequency, [dimensions / 2], as GGUF stores scalings; empty: none

  bool operator==(const Rotary&) const = default;
};

struct ArchitectureDescription {
  std::string family;  // "llama"; for people, never compared in code outside the architecture table
  std::int64_t layers = 0;
  std::int64_t d_model = 0;
  std::int64_t heads = 0;     // query heads
  std::int64_t kv_heads = 0;  // key/value heads; query head h reads key head h / (heads / kv_heads)
  std::int64_t d_head = 0;
  std::int64_t d_mlp = 0;  // 0: blocks of attention alone (Elhage et al. 2021)
  std::int64_t vocabulary = 0;
  std::int64_t context = 0;  // trained positions

  // Embeddings
  double embedding_scale = 1.0;
  PositionTable positions = PositionTable::none;
  bool token_types = false;     // the row of segment 0 is added everywhere
  bool embedding_norm = false;  // a norm before the first block

  // Norms
  Norm norm = Norm::rms;
  double norm_epsilon = 1e-5;
  Wiring wiring = Wiring::sequential;
  bool sandwich_norms = false;  // one more norm behind attention and one behind the MLP
  bool final_norm = true;

  // Attention
  bool causal = true;  // a query sees no later key
  Rotary rotary = {};
  Rotary local_rotary = {};  // of the local layers
  std::int64_t window = 0;   // local layers: a query sees this many keys, itself among them; 0: no limit
  std::vector<bool> local_layers = {};  // by layer; empty: none is
  double attention_scale = 0.0;         // 1/sqrt(d_head) in most families
  bool scale_by_layer = false;          // divided by layer + 1 as well
  double attention_soft_cap = 0.0;      // scores s become cap * tanh(s / cap); 0: no
  bool query_key_norm = false;          // an RMSNorm over each head of q and k
  bool attention_bias = false;          // of q, k and v
  bool attention_output_bias = false;
  std::int64_t relative_buckets = 0;   // a learned bias for each distance and head (T5); 0: none
  std::int64_t relative_distance = 0;  // from which on all distances share the last bucket
  bool cross_attention = false;        // to the encoder's last state

  // MLP
  bool gated = true;
  Activation activation = Activation::silu;
  bool mlp_bias = false;

  // Output
  OutputHead head = OutputHead::language_model;
  Activation head_activation = Activation::gelu;  // masked_lm, classifier
  bool tied_output = false;                       // the output layer is the embedding table
  bool output_bias = false;
  double output_scale = 1.0;    // of what the output layer reads
  double logit_soft_cap = 0.0;  // 0: no
  std::int64_t labels = 0;      // of a classifier
  Pooling pooling = Pooling::none;
  bool unit_embedding = false;  // the pooled vector is divided by its length

  bool has_mlp() const { return d_mlp > 0; }
  bool is_local(std::int64_t layer) const {
    return layer < static_cast<std::int64_t>(local_layers.size()) &&
           local_layers[static_cast<std::size_t>(layer)];
  }
  const Rotary& rotary_of(std::int64_t layer) const { return is_local(layer) ? local_rotary : rotary; }
  std::int64_t window_of(std::int64_t layer) const { return is_local(layer) ? window : 0; }
  double attention_scale_of(std::int64_t layer) const {
    return scale_by_layer ? attention_scale / static_cast<double>(layer + 1) : attention_scale;
  }

  bool operator==(const ArchitectureDescription&) const = default;
};

// Dimension pair i of position p turns by p * frequencies[i] radians; cosine and sine times magnitude.
struct Rotation {
  std::vector<double> frequencies;  // [dimensions / 2]
  double magnitude = 1.0;
  bool operator==(const Rotation&) const = default;
};

// `positions`: of the whole text, on which dynamic scaling depends.
// Sources: Su et al. 2021; linear: Chen et al. 2023; dynamic and yarn: Peng et al. 2023; llama3: Llama Team
// 2024.
Rotation rotation_of(const Rotary& rotary, std::int64_t positions);

}  // namespace headlight
