// What a model is, as data. The forward pass walks this; nothing else knows what families exist.
#pragma once

#include <cstdint>
#include <string>

namespace headlight {

enum class Norm { rms };
enum class Activation { silu };

struct ArchitectureDescription {
  std::string family;  // "llama"; for people, never compared in code outside architecture_table.cpp
  std::int64_t layers = 0;
  std::int64_t d_model = 0;
  std::int64_t heads = 0;     // query heads
  std::int64_t kv_heads = 0;  // key/value heads; query head h reads key head h / (heads / kv_heads)
  std::int64_t d_head = 0;
  std::int64_t d_mlp = 0;
  std::int64_t vocabulary = 0;
  std::int64_t context = 0;  // trained positions
  Norm norm = Norm::rms;
  double norm_epsilon = 1e-5;
  double rotary_base = 10000.0;
  std::int64_t rotary_dimensions =
      0;                         // the first dimensions of each head turn, in Hugging Face's half-split order
  double attention_scale = 0.0;  // 1/sqrt(d_head) in most families
  Activation activation = Activation::silu;
  bool tied_output = false;  // the output layer is the embedding table

  bool operator==(const ArchitectureDescription&) const = default;
};

}  // namespace headlight
