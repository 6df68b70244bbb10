// The frequencies of rotary positions, with the scalings by which models are stretched to longer texts.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/model/architecture.h"

namespace headlight {
namespace {

double frequency(double base, std::int64_t pair, std::int64_t dimensions) {
  return std::pow(base, -2.0 * static_cast<double>(pair) / static_cast<double>(dimensions));
}

// Fast pairs are kept, slow ones divided by the factor, and blended in between.
void scale_yarn(const Rotary& rotary, std::vector<double>& frequencies) {
  const auto dimensions = static_cast<double>(rotary.dimensions);
  const auto context = static_cast<double>(rotary.original_context);
  // The dimension pair that makes this many turns in the original context.
  const auto pair_of_turns = [&](double turns) {
    return dimensions * std::log(context / (turns * 2.0 * std::numbers::pi)) / (2.0 * std::log(rotary.base));
  };
  double low = pair_of_turns(rotary.beta_fast);
  double high = pair_of_turns(rotary.beta_slow);
  if (rotary.whole_dimensions) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dimensions - 1.0);
  if (low == high) high += 0.001;
  for (std::size_t pair = 0; pair < frequencies.size(); ++pair) {
    const double slow = std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
    frequencies[pair] *= (1.0 - slow) + slow / rotary.factor;
  }
}

// By wavelength: short ones are kept, long ones divided by the factor, and blended in between.
void scale_llama3(const Rotary& rotary, std::vector<double>& frequencies) {
  const auto context = static_cast<double>(rotary.original_context);
  for (double& value : frequencies) {
    const double wavelength = 2.0 * std::numbers::pi / value;
    const double turns = context / wavelength;
    if (turns < rotary.low_factor) {
      value /= rotary.factor;
    } else if (turns <= rotary.high_factor) {
      const double kept = (turns - rotary.low_factor) / (rotary.high_factor - rotary.low_factor);
      value = (1.0 - kept) * value / rotary.factor + kept * value;
    }
  }
}

}  // namespace

Rotation rotation_of(const Rotary& rotary, std::int64_t positions) {
  Rotation rotation;
  double base = rotary.base;
  if (rotary.scaling == RotaryScaling::dynamic && positions > rotary.original_context) {
    const auto dimensions = static_cast<double>(rotary.dimensions);
    const double stretch = static_cast<double>(positions) / static_cast<double>(rotary.original_context);
    base *= std::pow(rotary.factor * stretch - (rotary.factor - 1.0), dimensions / (dimensions - 2.0));
  }
  for (std::int64_t pair = 0; pair < rotary.dimensions / 2; ++pair) {
    double value = frequency(base, pair, rotary.dimensions);
    if (!rotary.divisors.empty()) value /= rotary.divisors[static_cast<std::size_t>(pair)];
    rotation.frequencies.push_back(value);
  }
  switch (rotary.scaling) {
    case RotaryScaling::none:
    case RotaryScaling::dynamic:
      break;
    case RotaryScaling::linear:
      for (double& value : rotation.frequencies) value /= rotary.factor;
      break;
    case RotaryScaling::yarn:
      scale_yarn(rotary, rotation.frequencies);
      rotation.magnitude = rotary.magnitude;
      break;
    case RotaryScaling::llama3:
      scale_llama3(rotary, rotation.frequencies);
      break;
  }
  return rotation;
}

}  // namespace headlight
