#include "core/training/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/forward/hooks.h"

namespace headlight {

double learning_rate_at(const OptimizerSettings& settings, std::int64_t step) {
  if (step < settings.warm_up) {
    return settings.learning_rate * static_cast<double>(step) / static_cast<double>(settings.warm_up);
  }
  const std::int64_t falling = std::max<std::int64_t>(settings.steps - settings.warm_up, 1);
  const double way =
      std::min(1.0, static_cast<double>(step - settings.warm_up) / static_cast<double>(falling));
  const double height = 0.5 * (1.0 + std::cos(std::numbers::pi * way));
  return settings.learning_rate * (settings.final_share + (1.0 - settings.final_share) * height);
}

double length_of(std::span<const float> gradients) {
  double sums[8] = {};
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    sums[i % 8] += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
  }
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

Optimizer::Optimizer(const std::vector<Parameter>& list, std::size_t values, OptimizerSettings settings)
    : settings_(settings), means_(values, 0.0F), squares_(values, 0.0F) {
  train_only(list, {});
}

void Optimizer::train_only(const std::vector<Parameter>& list, const std::vector<std::string>& globs) {
  parts_.clear();
  for (const Parameter& parameter : list) {
    const bool moves = globs.empty() || std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
                         return glob_matches(glob, parameter.name);
                       });
    parts_.push_back(
        {parameter.first, parameter.size, parameter.shape.size() == 2 && parameter.shape[0] > 1, moves});
  }
}

void Optimizer::move(const Part& part, float* values, const float* gradients, float cut) {
  const double step = static_cast<double>(steps_done_);
  const double rate = learning_rate_at(settings_, steps_done_);
  const auto beta1 = static_cast<float>(settings_.beta1), beta2 = static_cast<float>(settings_.beta2);
  const auto keep1 = static_cast<float>(1.0 - settings_.beta1),
             keep2 = static_cast<float>(1.0 - settings_.beta2);
  const auto size = static_cast<float>(rate / (1.0 - std::pow(settings_.beta1, step)));
  const auto correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(settings_.beta2, step)));
  const auto epsilon = static_cast<float>(settings_.epsilon);
  const auto decay = static_cast<float>(part.decays ? 1.0 - rate * settings_.weight_decay : 1.0);
  float* mean = means_.data() + part.first;
  float* square = squares_.data() + part.first;
  for (std::int64_t i = 0; i < part.size; ++i) {
    const float gradient = gradients[i] * cut;
    mean[i] = beta1 * mean[i] + keep1 * gradient;
    square[i] = beta2 * square[i] + keep2 * gradient * gradient;
    values[i] = values[i] * decay - size * mean[i] / (std::sqrt(square[i]) * correction + epsilon);
  }
}

void Optimizer::step(std::span<float> values, std::span<const float> gradients, double length) {
  ++steps_done_;
  const double limit = settings_.largest_gradient;
  const double cut = limit > 0.0 && length > limit ? limit / (length + 1e-6) : 1.0;  // as PyTorch's
  for (const Part& part : parts_) {
    if (part.moves) {
      move(part, values.data() + part.first, gradients.data() + part.first, static_cast<float>(cut));
    }
  }
}

}  // namespace headlight
