// Row by row: the softmax, minus 1 at the label.
#include "core/training/losses.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace headlight {

std::vector<std::int64_t> scored_positions(const Tensor& logits, std::span<const TokenId> labels) {
  if (static_cast<std::int64_t>(labels.size()) != logits.axis(0)) {
    throw std::logic_error(std::to_string(labels.size()) + " labels for " + std::to_string(logits.axis(0)) +
                           " positions");
  }
  std::vector<std::int64_t> positions;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == not_scored) continue;
    if (labels[i] < 0 || labels[i] >= logits.axis(1)) {
      throw std::logic_error("label " + std::to_string(labels[i]));
    }
    positions.push_back(static_cast<std::int64_t>(i));
  }
  return positions;
}

Loss cross_entropy(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels,
                   double weight, OutputGradient* output) {
  const std::int64_t width = logits.axis(1);
  return sum_over_scored(
      kernels, logits, labels, output, [&](std::int64_t position, TokenId label, float largest, float* row) {
        const float* from = logits.data() + position * width;
        const double total = kernels.exponentials(from, width, largest, row);
        if (output != nullptr) {
          kernels.multiply_by(row, static_cast<float>(weight / total), width, row);
          row[label] -= static_cast<float>(weight);
        }
        return std::log(total) - (static_cast<double>(from[label]) - static_cast<double>(largest));
      });
}

}  // namespace headlight
