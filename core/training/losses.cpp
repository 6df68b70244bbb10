// Row by row: the softmax, minus 1 at the label.
#include "core/training/losses.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace headlight {

Loss cross_entropy(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels,
                   double weight, OutputGradient* output) {
  const std::int64_t positions = logits.axis(0), width = logits.axis(1);
  if (static_cast<std::int64_t>(labels.size()) != positions) {
    throw std::logic_error(std::to_string(labels.size()) + " labels for " + std::to_string(positions) +
                           " positions");
  }
  Loss loss;
  std::vector<std::int64_t> scored;
  for (std::int64_t position = 0; position < positions; ++position) {
    const TokenId label = labels[static_cast<std::size_t>(position)];
    if (label == not_scored) continue;
    if (label < 0 || label >= width) throw std::logic_error("label " + std::to_string(label));
    scored.push_back(position);
  }
  loss.scored = static_cast<std::int64_t>(scored.size());
  Tensor values({output != nullptr ? loss.scored : 1, width});
  float* row = values.writable();
  for (const std::int64_t position : scored) {
    const float* from = logits.data() + position * width;
    const TokenId label = labels[static_cast<std::size_t>(position)];
    const float largest = kernels.maximum(from, width);
    const double total = kernels.exponentials(from, width, largest, row);
    loss.sum += std::log(total) - (static_cast<double>(from[label]) - static_cast<double>(largest));
    if (from[label] == largest) ++loss.right;
    if (output == nullptr) continue;
    kernels.multiply_by(row, static_cast<float>(weight / total), width, row);
    row[label] -= static_cast<float>(weight);
    row += width;
  }
  if (output != nullptr) *output = {std::move(scored), std::move(values)};
  return loss;
}

}  // namespace headlight
