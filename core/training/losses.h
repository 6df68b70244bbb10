// What is to be made small, and how it changes with the logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/backends/cpu/kernels.h"
#include "core/training/backward_pass.h"
#include "core/training/example.h"

namespace headlight {

struct Loss {
  double sum = 0.0;         // in nats, over the scored positions
  std::int64_t scored = 0;  // how many there are
  std::int64_t right = 0;   // of them: where nothing had a larger logit than the label
};

// Those that have a label. logits [pos, vocabulary]; labels: one a position, or not_scored. Throws
// std::logic_error for another number of them and for one outside the vocabulary.
std::vector<std::int64_t> scored_positions(const Tensor& logits, std::span<const TokenId> labels);

// Cross-entropy: minus the logarithm of the probability of the label of each position that has one. `output`,
// when there is one, becomes the derivative of `weight` times the sum.
Loss cross_entropy(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels,
                   double weight, OutputGradient* output);

}  // namespace headlight
