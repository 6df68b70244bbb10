// What is to be made small, and how it changes with the logits.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
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

// The loop of a loss. of_position(position, label, largest logit, row): what the position adds to the sum;
// its derivative is left in `row` [vocabulary].
template <class OfPosition>
Loss sum_over_scored(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels,
                     OutputGradient* output, const OfPosition& of_position) {
  const std::int64_t width = logits.axis(1);
  std::vector<std::int64_t> positions = scored_positions(logits, labels);
  Loss loss;
  loss.scored = static_cast<std::int64_t>(positions.size());
  Tensor values({output != nullptr ? loss.scored : 1, width});
  float* row = values.writable();
  for (const std::int64_t position : positions) {
    const TokenId label = labels[static_cast<std::size_t>(position)];
    const float* says = logits.data() + position * width;
    const float largest = kernels.maximum(says, width);
    loss.sum += of_position(position, label, largest, row);
    if (says[label] == largest) ++loss.right;
    if (output != nullptr) row += width;
  }
  if (output != nullptr) *output = {std::move(positions), std::move(values)};
  return loss;
}

// Cross-entropy: minus the logarithm of the probability of the label of each position that has one. `output`,
// when there is one, becomes the derivative of `weight` times the sum.
Loss cross_entropy(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels,
                   double weight, OutputGradient* output);

}  // namespace headlight
