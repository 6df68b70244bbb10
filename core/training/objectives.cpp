#include "core/training/objectives.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

// softmax(logits / T) of one row, left in `probabilities`; returns the logarithm of its denominator.
double softmax_row(const Kernels& kernels, const float* logits, std::int64_t width, double temperature,
                   float* probabilities) {
  kernels.multiply_by(logits, static_cast<float>(1.0 / temperature), width, probabilities);
  const float largest = kernels.maximum(probabilities, width);
  const double total = kernels.exponentials(probabilities, width, largest, probabilities);
  kernels.multiply_by(probabilities, static_cast<float>(1.0 / total), width, probabilities);
  return std::log(total) + static_cast<double>(largest);
}

void check_same_shape(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) {
    throw std::logic_error("logits " + shape_text(a.shape()) + " beside " + shape_text(b.shape()));
  }
}

}  // namespace

// The derivative by the student's logits: T · (q - p).
Loss distillation(const Kernels& kernels, const Tensor& student, const Tensor& teacher,
                  std::span<const TokenId> labels, double temperature, double weight,
                  OutputGradient* output) {
  check_same_shape(student, teacher);
  const std::int64_t width = student.axis(1);
  const auto factor = static_cast<float>(temperature * weight);
  Tensor expected({width});
  float* p = expected.writable();
  return sum_over_scored(
      kernels, student, labels, output, [&](std::int64_t position, TokenId, float, float* q) {
        const float* says = student.data() + position * width;
        const float* should = teacher.data() + position * width;
        const double log_q = softmax_row(kernels, says, width, temperature, q);
        const double log_p = softmax_row(kernels, should, width, temperature, p);
        double apart = 0.0;  // sum of p · (teacher - student), which leaves out what is certain not to come
        for (std::int64_t i = 0; i < width; ++i) {
          if (p[i] > 0.0F) {
            apart +=
                static_cast<double>(p[i]) * (static_cast<double>(should[i]) - static_cast<double>(says[i]));
          }
        }
        for (std::int64_t i = 0; i < width; ++i) q[i] = factor * (q[i] - p[i]);
        return temperature * temperature * (apart / temperature - (log_p - log_q));
      });
}

PairLoss pair_loss(double chosen, double rejected) {
  const double behind = rejected - chosen;
  // log(1 + e^x) without an infinite e^x.
  const double value = std::max(behind, 0.0) + std::log1p(std::exp(-std::fabs(behind)));
  return {value, -1.0 / (1.0 + std::exp(-behind))};
}

double log_probability(const Kernels& kernels, const Tensor& logits, std::span<const TokenId> labels) {
  return -cross_entropy(kernels, logits, labels, 0.0, nullptr).sum;
}

PairLoss preference(double beta, const AnswerProbabilities& chosen, const AnswerProbabilities& rejected) {
  const PairLoss loss =
      pair_loss(beta * (chosen.policy - chosen.reference), beta * (rejected.policy - rejected.reference));
  return {loss.value, beta * loss.slope};
}

Loss policy_gradient(const Kernels& kernels, const Tensor& logits, const Tensor& reference,
                     std::span<const TokenId> labels, std::span<const double> advantages, double beta,
                     double weight, OutputGradient* output) {
  check_same_shape(logits, reference);
  if (advantages.size() != labels.size()) throw std::logic_error("an advantage for each label is missing");
  const std::int64_t width = logits.axis(1);
  Tensor unused({width});
  return sum_over_scored(
      kernels, logits, labels, output, [&](std::int64_t position, TokenId label, float, float* row) {
        const float* says = logits.data() + position * width;
        const float* said = reference.data() + position * width;
        const double log_p = static_cast<double>(says[label]) - softmax_row(kernels, says, width, 1.0, row);
        const double log_reference =
            static_cast<double>(said[label]) - softmax_row(kernels, said, width, 1.0, unused.writable());
        const double worth = advantages[static_cast<std::size_t>(position)] - beta * (log_p - log_reference);
        const auto factor = static_cast<float>(worth * weight);
        kernels.multiply_by(row, factor, width, row);
        row[label] -= factor;
        return -worth * log_p;
      });
}

}  // namespace headlight
