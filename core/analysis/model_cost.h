// What a model costs to run: multiplications for each token, and memory for what longer texts re-use.
#pragma once

#include <cstdint>

#include "core/model/architecture.h"

namespace headlight {

struct ModelCost {
  // Parameters that a token is multiplied with: all matrices, the output layer too, but not the tables that a
  // token only reads a row of.
  std::int64_t multiplied = 0;
  // FLOPs of one more token behind `positions - 1` others: two (a product and a sum) for each multiplied
  // parameter, and two for each number of a key and of a value that a head reads (Kaplan et al. 2020,
  // table 1). A layer with a window reads no more keys than that.
  std::int64_t matrix_flops = 0;
  std::int64_t attention_flops = 0;
  std::int64_t flops() const { return matrix_flops + attention_flops; }
  // Bytes of the keys and values that one token leaves behind, as float32.
  std::int64_t cache_bytes = 0;
};

// Of one stack; an encoder-decoder's decoder with its cross-attention reads `positions` source tokens, too.
ModelCost model_cost(const ArchitectureDescription& architecture, std::int64_t positions);

}  // namespace headlight
